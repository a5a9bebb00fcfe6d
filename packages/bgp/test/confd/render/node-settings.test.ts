import { sha256 } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { node, render, resource, settings } from "./fixture.js";

const A = node("a", { v4: "10.0.0.1/24", v6: "fd00::1/64" });

describe("the node's own settings", () => {
  test("the router id is the IPv4 address in both families, a given one, or a hash", () => {
    expect(render([A], "a").routerId).toBe("10.0.0.1");
    expect(render([A], "a", 6).routerId).toBe("10.0.0.1");
    const id = (value: string, name = "a") =>
      render([A], name, 4, { environment: { CALICO_ROUTER_ID: value } }).routerId;
    expect(id("1.2.3.4")).toBe("1.2.3.4");
    expect(id("hash", "kube-master")).toBe("25.79.212.8");
  });

  test("a hash that would be a multicast address is brought down by 32", () => {
    const name = Array.from({ length: 50 }, (_, i) => `n${String(i)}`).find(
      (n) => sha256(n)[0]! > 223,
    )!;
    const environment = { CALICO_ROUTER_ID: "hash" };
    const [first] = render([], name, 4, { environment }).routerId!.split(".");
    expect(Number(first)).toBe(sha256(name)[0]! - 32);
  });

  test("AS: the Node's, else that of node.<name>, else the global one", () => {
    const global = settings({ asNumber: 65000 });
    const own = settings({ asNumber: 65001 }, "node.a");
    expect(render([A], "a").asNumber).toBe(64512);
    expect(render([A, global], "a").asNumber).toBe(65000);
    expect(render([A, global, own], "a").asNumber).toBe(65001);
    const explicit = node("a", { v4: "10.0.0.1/24", as: 65002 });
    expect(render([explicit, global, own], "a").asNumber).toBe(65002);
  });

  test("listens on the node's address with bindMode NodeIP, and on its own port", () => {
    const global = settings({ bindMode: "NodeIP", listenPort: 178 });
    const own = settings({ listenPort: 180 }, "node.a");
    expect(render([A, global], "a", 6).listen).toEqual({ address: "fd00::1", port: 178 });
    expect(render([A, global, own], "a").listen).toEqual({ address: "10.0.0.1", port: 180 });
  });

  test.each([
    [undefined, ["states", "routes", "filters", "events"]],
    ["Info", ["states", "routes", "filters", "events"]],
    ["Debug", ["all"]],
    ["Warning", []],
    ["None", []],
  ])("log severity %s", (logSeverityScreen, flags) => {
    const spec = logSeverityScreen === undefined ? {} : { logSeverityScreen };
    expect(render([A, settings(spec)], "a").debug).toEqual(flags);
  });

  test("ignored interfaces come before Calico's own", () => {
    const config = render([A, settings({ ignoredInterfaces: ["eth9"] })], "a");
    expect(config.direct).toEqual({ exclude: ["eth9", "cali*", "kube-ipvs*"], include: ["*"] });
  });

  test("the route priority is per family", () => {
    const spec = resource("BGPConfiguration", "default", { ipv4NormalRoutePriority: 5000 });
    expect(render([A, spec], "a").routePriority).toBe(5000);
    expect(render([A, spec], "a", 6).routePriority).toBe(1024);
  });

  test("communities: the node's, else the global ones; named, once each, by family", () => {
    const global = settings({
      communities: [
        { name: "large", value: "1:2:3" },
        { name: "small", value: "1:2" },
      ],
      prefixAdvertisements: [
        { cidr: "10.1.0.0/16", communities: ["small", "large", "1:2", "unknown"] },
        { cidr: "fd01::/64", communities: ["9:9"] },
        { cidr: "10.2.0.0/16", communities: ["unknown"] },
      ],
    });
    expect(render([A, global], "a").communities).toEqual([
      { cidr: "10.1.0.0/16", add: ["1:2", "1:2:3"] },
    ]);
    expect(render([A, global], "a", 6).communities).toEqual([{ cidr: "fd01::/64", add: ["9:9"] }]);
    const own = settings(
      { prefixAdvertisements: [{ cidr: "10.3.0.0/16", communities: ["5:5"] }] },
      "node.a",
    );
    expect(render([A, global, own], "a").communities).toEqual([
      { cidr: "10.3.0.0/16", add: ["5:5"] },
    ]);
  });
});
