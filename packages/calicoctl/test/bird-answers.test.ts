import { describe, expect, test } from "vitest";
import {
  BirdOutputError,
  isLearned,
  readBgpState,
  readProtocolRow,
  scanProtocols,
  scanRoutes,
  scanStatus,
  toNodeStatusBird,
  toNodeStatusPeer,
  toNodeStatusRoute,
} from "../src/index.js";

const HEADING = "0001 BIRD 1.6.8 ready.\n2002-name     proto    table    state  since       info\n";

describe("the answer to show protocols", () => {
  test("ends at 0000; what follows is not read", () => {
    const peer = "1002-Mesh_10_0_0_1 BGP      master   up     03:33:31    Established   \n";
    expect(scanProtocols(`${HEADING}${peer}0000 \nWe never get here\n`)).toHaveLength(1);
  });

  test("is refused with other headings, an unknown code or an empty line", () => {
    const other = HEADING.replace("since", "age  ");
    for (const text of [`${other}0000\n`, `${HEADING}9001 \n0000\n`, `${HEADING}\n\n0000\n`])
      expect(() => scanProtocols(text)).toThrow(BirdOutputError);
  });

  test("that says nothing at all has no peers", () => {
    expect(scanProtocols("")).toEqual([]);
  });

  test("leaves out a protocol that is down and has nothing to say", () => {
    expect(readProtocolRow("Mesh_10_0_0_1 BGP      master   down   03:33:31    ")).toBeUndefined();
  });

  test("reads a protocol that is being flushed as the tool does: the error where the state should be", () => {
    const line = "Mesh_10_0_0_1 BGP      master   flush  03:33:31    BGP Error: Hold timer expired";
    expect(readProtocolRow(line)).toMatchObject({
      state: "flush",
      bgpState: "BGP",
      info: "Error: Hold timer expired",
    });
  });

  test("gives the state of one session from its own text", () => {
    expect(readBgpState("1006-  Description:    x\n   BGP state:          Active\n")).toBe(
      "Active",
    );
    expect(readBgpState("1006-  BGP state:          Idle\n0000\n")).toBe("Idle");
    expect(readBgpState("9002 nonsense is not a protocol\n")).toBeUndefined();
  });

  test("becomes the peers of a CalicoNodeStatus, which does not know BIRD's Passive", () => {
    const peer = readProtocolRow("Global_10_0_0_1 BGP      master   start  03:33:31    Passive");
    expect(peer && toNodeStatusPeer(peer)).toEqual({
      peerIP: "10.0.0.1",
      type: "GlobalPeer",
      state: "",
      since: "03:33:31",
    });
  });
});

describe("the answer to show route", () => {
  // Rows as BIRD 1.6.8 prints them.
  const ROUTES =
    "0001 BIRD 1.6.8 ready.\n" +
    "1007-10.10.0.0/24       dev eth0 [direct1 03:33:29] * (240)\n" +
    " 10.244.0.128/26    blackhole [static1 03:33:29] * (200)\n" +
    " 10.244.0.64/26     via 10.10.0.2 on eth0 [Mesh_10_10_0_2 03:33:31] * (100/0) [i]\n" +
    "                    via 10.10.0.9 on eth0 [Node_10_10_0_9 03:33:31] (100/0) [i]\n" +
    "0000 \n";

  test("gives each path, with the destination of the row before where it has none", () => {
    expect(scanRoutes(ROUTES).map(({ dest, primary }) => [dest, primary])).toEqual([
      ["10.10.0.0/24", true],
      ["10.244.0.128/26", true],
      ["10.244.0.64/26", true],
      ["10.244.0.64/26", false],
    ]);
  });

  test("holds a route of several next hops once", () => {
    // As BIRD 1.6.8 prints a route of the kernel with two next hops.
    const rows =
      "1007-10.0.0.0/8         multipath [kernel1 03:33:29] * (10)\n" +
      " \tvia 10.0.0.1 on eth0 weight 1\n \tvia 10.0.0.2 on eth1 weight 1\n" +
      " 10.1.0.0/16        dev eth0 [direct1 03:33:29] * (240)\n0000 \n";
    expect(scanRoutes(rows).map(({ dest, iface }) => [dest, iface])).toEqual([
      ["10.0.0.0/8", "multipath"],
      ["10.1.0.0/16", "eth0"],
    ]);
  });

  test("becomes the routes of a CalicoNodeStatus", () => {
    const routes = scanRoutes(ROUTES).map(toNodeStatusRoute);
    expect(routes.map(({ type, learnedFrom }) => [type, learnedFrom])).toEqual([
      ["FIB", { sourceType: "Direct" }],
      ["FIB", { sourceType: "Static" }],
      ["FIB", { sourceType: "NodeMesh", peerIP: "10.10.0.2" }],
      ["RIB", { sourceType: "BGPPeer", peerIP: "10.10.0.9" }],
    ]);
    expect(routes.filter(isLearned)).toHaveLength(2);
  });

  test("is refused when its first row has no destination, or a row no protocol", () => {
    const first = "1007-                   via 10.0.0.1 on eth0 [kernel1 03:33:29] * (10)\n0000\n";
    expect(() => scanRoutes(first)).toThrow(BirdOutputError);
    expect(() => scanRoutes("1007-10.0.0.0/8 via 10.0.0.1 on eth0\n0000\n")).toThrow(
      BirdOutputError,
    );
  });
});

describe("the answer to show status", () => {
  test("of a daemon that recovers is ready too", () => {
    const text =
      "0001 BIRD 1.6.8 ready.\n1000-BIRD 1.6.8\n1011-Router ID is 10.10.0.3\n" +
      " Current server time is 2026-11-23 03:43:59\n Last reboot on 2026-11-23 03:43:58\n" +
      " Last reconfiguration on 2026-11-23 03:43:58\n0024-Graceful restart recovery in progress\n" +
      "   Waiting for 2 protocols to recover\n   Wait timer is 239/240\n0013 Daemon is up and running\n";
    const status = scanStatus(text);
    expect(status).toMatchObject({ version: "1.6.8", routerID: "10.10.0.3", ready: true });
    expect(toNodeStatusBird(status)).toMatchObject({
      state: "Ready",
      lastReconfigurationTime: "2026-11-23 03:43:58",
    });
  });

  test("of a daemon that shuts down is not ready", () => {
    const text = "0001 BIRD 1.6.8 ready.\n1000-BIRD 1.6.8\n0013 Shutdown in progress\n";
    expect(toNodeStatusBird(scanStatus(text)).state).toBe("NotReady");
  });
});
