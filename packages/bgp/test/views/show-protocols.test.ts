import { describe, expect, test } from "vitest";
import {
  formatSocket,
  formatTerminal,
  type Neighbour,
  type Neighbours,
  showProtocolAll,
  showProtocols,
  showStatus,
} from "../../src/index.js";
import { Mesh, Peered } from "../support.js";

/** Node n has the address 10.10.0.(n+1). */
class Names implements Neighbours {
  neighbour(node: number, peer: number): Neighbour {
    const address = `10.10.0.${String(peer + 1)}`;
    return {
      name: `Mesh_${address.replaceAll(".", "_")}`,
      address,
      asNumber: 64512,
      routerId: address,
      internal: true,
      sourceAddress: `10.10.0.${String(node + 1)}`,
    };
  }
}

const names = new Names();

function protocols(mesh: Mesh, node: number): string {
  return formatTerminal(showProtocols(mesh.bird.view(node)!, names));
}

function all(mesh: Mesh, node: number, name: string): string {
  const detail = mesh.bird.viewSession.bind(mesh.bird);
  return formatTerminal(showProtocolAll(mesh.bird.view(node)!, names, name, detail));
}

/** Times and timers depend on when one looks. */
function timeless(text: string): string {
  return text.replace(/\d\d:\d\d:\d\d/g, "HH:MM:SS").replace(/\d+\/(\d+|-)$/gm, "n/$1");
}

// The expected texts are what BIRD 1.6.8 printed for three nodes under Calico's configuration, but for the
// version and the counters of messages.
describe("show protocols", () => {
  test("while sessions start", () => {
    const mesh = new Mesh(3).start().run(0.5);
    expect(timeless(protocols(mesh, 2))).toBe(
      [
        "BIRD v0.3.3+birdv1.6.8 ready.",
        "name     proto    table    state  since       info",
        "static1  Static   master   up     HH:MM:SS    ",
        "kernel1  Kernel   master   wait   HH:MM:SS    ",
        "device1  Device   master   up     HH:MM:SS    ",
        "direct1  Direct   master   up     HH:MM:SS    ",
        "Mesh_10_10_0_1 BGP      master   start  HH:MM:SS    Active        ",
        "Mesh_10_10_0_2 BGP      master   start  HH:MM:SS    Active        ",
        "",
      ].join("\n"),
    );
  });

  test("after a kill", () => {
    const mesh = new Mesh(3).converged();
    mesh.bird.kill(1);
    mesh.run(0.1);
    expect(timeless(protocols(mesh, 0))).toContain(
      "Mesh_10_10_0_2 BGP      master   start  HH:MM:SS    Passive       Socket: Connection closed\n" +
        "Mesh_10_10_0_3 BGP      master   up     HH:MM:SS    Established   \n",
    );
  });

  test("over the socket each line has its code, or a blank while the code stays the same", () => {
    const mesh = new Mesh(2).converged();
    const lines = formatSocket(showProtocols(mesh.bird.view(0)!, names)).split("\n");
    expect(lines.map((line) => line.slice(0, 13))).toEqual([
      "0001 BIRD v0.",
      "2002-name    ",
      "1002-static1 ",
      " kernel1  Ker",
      " device1  Dev",
      " direct1  Dir",
      " Mesh_10_10_0",
      "0000 ",
      "",
    ]);
  });

  test("shows the day instead of the time after 20 hours", () => {
    const mesh = new Mesh(2).converged();
    mesh.run(20 * 3600);
    expect(protocols(mesh, 0)).toMatch(/^Mesh_10_10_0_2 BGP {6}master {3}up {5}2026-01-01 {2}Est/m);
  });
});

describe("show protocols all", () => {
  test("of an established session", () => {
    const mesh = new Mesh(3).converged();
    expect(timeless(all(mesh, 2, "Mesh_10_10_0_1"))).toBe(
      [
        "BIRD v0.3.3+birdv1.6.8 ready.",
        "name     proto    table    state  since       info",
        "Mesh_10_10_0_1 BGP      master   up     HH:MM:SS    Established   ",
        "  Description:    Connection to BGP peer",
        "  Preference:     100",
        "  Input filter:   (unnamed)",
        "  Output filter:  (unnamed)",
        "  Routes:         1 imported, 1 exported, 1 preferred",
        "  BGP state:          Established",
        "    Neighbor address: 10.10.0.1",
        "    Neighbor AS:      64512",
        "    Neighbor ID:      10.10.0.1",
        "    Neighbor caps:    refresh enhanced-refresh restart-able llgr-aware AS4 add-path-rx add-path-tx",
        "    Session:          internal multihop AS4 add-path-rx add-path-tx",
        "    Source address:   10.10.0.3",
        "    Hold timer:       n/240",
        "    Keepalive timer:  n/80",
        "",
        "",
      ].join("\n"),
    );
  });

  test("of a peer that restarts", () => {
    const mesh = new Mesh(3).converged();
    mesh.bird.kill(1);
    mesh.run(2.6);
    expect(timeless(all(mesh, 2, "Mesh_10_10_0_2"))).toContain(
      [
        "  Routes:         1 imported, 0 exported, 1 preferred",
        "  BGP state:          Active",
        "    Neighbor address: 10.10.0.2",
        "    Neighbor AS:      64512",
        "    Neighbor graceful restart active",
        "    Restart timer:    n/-",
        "    Connect delay:    n/2",
        "    Last error:       Socket: Connection refused",
        "",
        "",
      ].join("\n"),
    );
  });

  test("of a session that the daemon's recovery waits for", () => {
    const mesh = new Mesh(3).start([0, 2]).run(5);
    expect(all(mesh, 2, "Mesh_10_10_0_2")).toContain(
      "  GR recovery:    pending\n  Routes:         0 imported, 0 exported, 0 preferred\n",
    );
  });

  // A router beside the nodes, configured `direct` and with `import all`, as BIRD 1.6.8 shows it.
  test("of a router on the link: its peer is no hop away, and it filters nothing that comes in", () => {
    const lab = new Peered(2).speaker(1, { asNumber: 65_001, router: true });
    lab.peer(0, 1, { remoteAS: 65_001 }, { remoteAS: 64_512, onLink: true, passive: true });
    const detail = lab.converged().bird.viewSession.bind(lab.bird);
    const text = (node: number, peer: number): string =>
      formatTerminal(
        showProtocolAll(lab.bird.view(node)!, names, `Mesh_10_10_0_${String(peer + 1)}`, detail),
      );
    expect(text(1, 0)).toContain("  Input filter:   ACCEPT\n  Output filter:  (unnamed)\n");
    expect(text(1, 0)).toContain("    Session:          internal AS4");
    expect(text(0, 1)).toContain("  Input filter:   (unnamed)\n");
    expect(text(0, 1)).toContain("    Session:          internal multihop AS4");
  });

  test("of a name that is not configured", () => {
    const mesh = new Mesh(2).converged();
    expect(all(mesh, 0, "nonsense")).toContain("nonsense is not a protocol\n");
  });
});

describe("show status", () => {
  test("of a daemon that recovers", () => {
    const mesh = new Mesh(3).start([0]).run(3);
    const text = formatSocket(showStatus(mesh.bird.view(0)!, "10.10.0.1"));
    expect(text.replace(/\d\d:\d\d:\d\d/g, "HH:MM:SS").replace(/\d+\/240/, "n/240")).toBe(
      [
        "0001 BIRD v0.3.3+birdv1.6.8 ready.",
        "1000-BIRD v0.3.3+birdv1.6.8",
        "1011-Router ID is 10.10.0.1",
        " Current server time is 2026-01-01 HH:MM:SS",
        " Last reboot on 2026-01-01 HH:MM:SS",
        " Last reconfiguration on 2026-01-01 HH:MM:SS",
        "0024-Graceful restart recovery in progress",
        "   Waiting for 2 protocols to recover",
        "   Wait timer is n/240",
        "0013 Daemon is up and running",
        "",
      ].join("\n"),
    );
  });
});
