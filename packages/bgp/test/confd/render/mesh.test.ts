import { describe, expect, test } from "vitest";
import { meshRole } from "../../../src/index.js";
import { names, node, peerOf, render, resource, settings } from "./fixture.js";

const A = node("a", { v4: "10.0.0.9/24", v6: "fd00::9/64" });
const B = node("b", { v4: "10.0.0.10/24", v6: "fd00::10/64" });

describe("the full mesh", () => {
  test("compares addresses as text: 10.0.0.9 opens to 10.0.0.10", () => {
    expect(peerOf(render([A, B], "a"), "Mesh_10_0_0_10").passive).toBe(false);
    expect(peerOf(render([A, B], "b"), "Mesh_10_0_0_9").passive).toBe(true);
    expect(peerOf(render([A, B], "b", 6), "Mesh_fd00__9").passive).toBe(true);
  });

  test("leaves reflectors out on both sides", () => {
    const reflector = node("r", { v4: "10.0.0.1/24", cluster: "1.0.0.1" });
    expect(names(render([A, B, reflector], "r"))).toEqual([]);
    expect(names(render([A, B, reflector], "a"))).toEqual(["Mesh_10_0_0_10"]);
    const end = { address: "10.0.0.1", clusterId: "" };
    expect(meshRole(end, { ...end, clusterId: "1.0.0.1" })).toBeUndefined();
  });

  test("leaves out a node with the same address and one without an address", () => {
    const same = node("same", { v4: "10.0.0.9/24" });
    const blank = node("blank", { v6: "fd00::5/64" });
    expect(names(render([A, same, blank], "a"))).toEqual([]);
    expect(names(render([A, same, blank], "a", 6))).toEqual(["Mesh_fd00__5"]);
  });

  test("has nobody when it is off, or when this node has no address of the family", () => {
    const off = settings({ nodeToNodeMeshEnabled: false });
    expect(names(render([A, B, off], "a"))).toEqual([]);
    const v6only = node("v6", { v6: "fd00::5/64" });
    const config = render([A, B, v6only], "v6");
    expect(config).toMatchObject({ address: undefined, routerId: undefined, peers: [] });
  });

  test("takes a peer's AS, else this node's, not the global one", () => {
    const own = node("own", { v4: "10.0.0.1/24", as: 65001 });
    const other = node("other", { v4: "10.0.0.2/24", as: 65002 });
    const config = render([own, other, A], "own");
    expect(peerOf(config, "Mesh_10_0_0_9")).toMatchObject({ asNumber: 65001, internal: true });
    expect(peerOf(config, "Mesh_10_0_0_2")).toMatchObject({ asNumber: 65002, internal: false });
  });

  test("so a node with an AS of its own and one without disagree about each other", () => {
    const own = node("own", { v4: "10.0.0.1/24", as: 65001 });
    const ends = [render([own, A], "own"), render([own, A], "a")];
    expect(ends.map((c) => c.asNumber)).toEqual([65001, 64512]);
    expect(ends.map((c) => c.peers[0]?.asNumber)).toEqual([65001, 65001]);
  });

  test("takes a peer's own listen port, else the global one, and no port into the name", () => {
    const ports = [settings({ listenPort: 177 }), settings({ listenPort: 180 }, "node.b")];
    const third = node("c", { v4: "10.0.0.11/24" });
    const config = render([A, B, third, ...ports], "a");
    expect(peerOf(config, "Mesh_10_0_0_10").port).toBe(180);
    expect(peerOf(config, "Mesh_10_0_0_11").port).toBe(177);
    expect(config.listen).toEqual({ address: undefined, port: 177 });
  });

  test("has one password and restart time for all", () => {
    const spec = {
      nodeMeshPassword: { secretKeyRef: { name: "bgp", key: "mesh" } },
      nodeMeshMaxRestartTime: "1m30.4s",
    };
    const secret = (namespace: string) =>
      ({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "bgp", namespace },
        data: { mesh: "c2VjcmV0" },
      }) as const;
    const peer = (namespace: string) =>
      peerOf(render([A, B, settings(spec), secret(namespace)], "a"), "Mesh_10_0_0_10");
    expect(peer("kube-system")).toMatchObject({ password: "secret", gracefulRestartSeconds: 90 });
    expect(peer("default").password).toBeUndefined();
  });

  test("knows no BGPFilter", () => {
    const filter = resource("BGPFilter", "f", { importV4: [{ action: "Reject" }] });
    const config = render([A, B, filter], "a");
    expect(config.filters).toHaveLength(1);
    expect(config.peers[0]).toMatchObject({ importFilters: [], exportFilters: [] });
  });
});
