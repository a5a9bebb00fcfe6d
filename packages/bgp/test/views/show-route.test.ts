import { PROTOCOL, parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  formatSocket,
  formatTerminal,
  type Neighbour,
  type RouteNames,
  showProtocolAll,
  showRoute,
} from "../../src/index.js";
import { Mesh, Peered } from "../support.js";

/** Node n has the address 10.10.0.(n+1)/24. */
class Names implements RouteNames {
  addressOf(node: number): string {
    return `10.10.0.${String(node + 1)}`;
  }

  networkOf(node: number): string {
    return `${this.addressOf(node)}/24`;
  }

  neighbour(node: number, peer: number): Neighbour {
    const address = this.addressOf(peer);
    const name = `Mesh_${address.replaceAll(".", "_")}`;
    const sourceAddress = this.addressOf(node);
    return { name, address, asNumber: 64512, routerId: address, internal: true, sourceAddress };
  }
}

function routes(mesh: Mesh, node: number, all = false, format = formatTerminal): string {
  const view = mesh.bird.view(node)!;
  return format(showRoute(view, mesh.bird.viewRoutes(node), new Names(), mesh.prefixes, all));
}

const timeless = (text: string): string => text.replace(/\d\d:\d\d:\d\d/g, "HH:MM:SS");

// The rows are those of BIRD 1.6.8 for three nodes with the files of `birdFiles`, in the order of destinations.
describe("show route", () => {
  test("of a mesh", () => {
    const mesh = new Mesh(3).converged();
    expect(timeless(routes(mesh, 2))).toBe(
      [
        "BIRD v0.3.3+birdv1.6.8 ready.",
        "10.10.0.0/24       dev eth0 [direct1 HH:MM:SS] * (240)",
        "10.0.0.0/26        via 10.10.0.1 on eth0 [Mesh_10_10_0_1 HH:MM:SS] * (100/0) [i]",
        "10.2.0.0/26        via 10.10.0.2 on eth0 [Mesh_10_10_0_2 HH:MM:SS] * (100/0) [i]",
        "10.4.0.0/26        blackhole [static1 HH:MM:SS] * (200)",
        "",
      ].join("\n"),
    );
  });

  test("with attributes, over the socket", () => {
    const mesh = new Mesh(2).converged();
    expect(timeless(routes(mesh, 1, true, formatSocket))).toBe(
      [
        "0001 BIRD v0.3.3+birdv1.6.8 ready.",
        "1007-10.10.0.0/24       dev eth0 [direct1 HH:MM:SS] * (240)",
        "1008-\tType: device unicast univ",
        "1007-10.0.0.0/26        via 10.10.0.1 on eth0 [Mesh_10_10_0_1 HH:MM:SS] * (100/0) [i]",
        "1008-\tType: BGP unicast univ",
        "1012-\tBGP.origin: IGP",
        " \tBGP.as_path: ",
        " \tBGP.next_hop: 10.10.0.1",
        " \tBGP.local_pref: 2147482623",
        "1007-10.2.0.0/26        blackhole [static1 HH:MM:SS] * (200)",
        "1008-\tType: static unicast univ",
        "0000 ",
        "",
      ].join("\n"),
    );
  });
});

describe("when a route came", () => {
  /** Seconds on the simulated clock, of the path from node 0 to the block that it gains later. */
  function sinceOfNewBlock(mesh: Mesh): number {
    mesh.bird.reconfigure(0, { blocks: [...mesh.blocks(0), mesh.block(0, 7)] });
    mesh.run(30);
    const view = mesh.bird.viewRoutes(1).find(({ prefix }) => prefix === mesh.block(0, 7));
    return view!.paths[0]!.since / 1e6;
  }

  test("is known with a log, and is the session's time without one", () => {
    const logged = new Mesh(2, { routeLog: true }).converged().run(60);
    const at = logged.engine.now / 1e6;
    expect(Math.abs(sinceOfNewBlock(logged) - at)).toBeLessThanOrEqual(1);
    const unlogged = new Mesh(2).converged().run(60);
    expect(sinceOfNewBlock(unlogged)).toBeLessThan(10);
  });

  test("a log tells what was preferred before, and changes nothing", () => {
    const logged = new Mesh(3, { routeLog: true }).converged();
    const plain = new Mesh(3).converged();
    const taken = logged.block(0, 0);
    const at = logged.engine.now;
    for (const mesh of [logged, plain]) {
      // The block moves: node 1 claims it before node 0 lets it go.
      mesh.bird.reconfigure(1, { blocks: [...mesh.blocks(1), taken] });
      mesh.run(10);
      mesh.bird.reconfigure(0, { blocks: [] });
      mesh.run(10);
    }
    expect(logged.engine.digest()).toBe(plain.engine.digest());
    const { paths, replaced } = logged.bird.viewRoutes(2).find(({ prefix }) => prefix === taken)!;
    expect(paths.map(({ peer }) => peer)).toEqual([1]);
    expect(replaced?.path.peer).toBe(0);
    expect(replaced!.at).toBeGreaterThanOrEqual(at + 10e6);
    expect(replaced!.at).toBeLessThan(at + 11e6);
  });

  test("a process that starts anew knows nothing of the one before", () => {
    const mesh = new Mesh(2, { routeLog: true }).converged();
    mesh.bird.kill(1);
    mesh.run(1).start([1]).run(10);
    for (const { replaced, paths } of mesh.bird.viewRoutes(1)) {
      expect(replaced).toBeUndefined();
      expect(paths[0]!.since).toBeGreaterThanOrEqual(10e6);
    }
  });
});

/** Node 0 reflects between 1 and 2; node 3 is its peer, and no client. */
function reflected(): Peered {
  const lab = new Peered(4);
  lab.peer(0, 1, { clusterId: 0xf4000001 }, { passive: true });
  lab.peer(0, 2, { clusterId: 0xf4000001 }, { passive: true });
  lab.peer(0, 3, {}, { passive: true });
  for (const [node, blocks] of [2, 1, 2, 1].entries())
    lab.bird.configure(node, { blocks: lab.blocks(node, blocks) });
  return lab.converged();
}

// Rows and counts of BIRD 1.6.8 with Calico's configuration for four such nodes; pods' routes were added with `ip route`.
describe("what is no mesh route", () => {
  test("a reflected path says who told it, where that is not its next hop", () => {
    const lab = reflected();
    const rows = timeless(
      formatTerminal(
        showRoute(lab.bird.view(1)!, lab.bird.viewRoutes(1), new Names(), lab.prefixes),
      ),
    ).split("\n");
    expect(rows).toContain(
      "10.4.0.0/26        via 10.10.0.3 on eth0 [Mesh_10_10_0_1 HH:MM:SS from 10.10.0.1] * (100/0) [i]",
    );
    expect(rows).toContain(
      "10.0.0.0/26        via 10.10.0.1 on eth0 [Mesh_10_10_0_1 HH:MM:SS] * (100/0) [i]",
    );
  });

  test("exported are the routes that a peer is told: a reflector tells more than its own", () => {
    const lab = reflected();
    const exported = (node: number, peer: number): number | undefined =>
      lab.bird.viewSession(node, peer)?.exported;
    // BIRD said 6 of node 3, for it counted a route twice that came while it fed that peer.
    expect([1, 2, 3].map((peer) => exported(0, peer))).toEqual([5, 4, 5]);
    expect([1, 2, 3].map((node) => exported(node, 0))).toEqual([1, 2, 1]);
    const session = (peer: number): string =>
      formatTerminal(
        showProtocolAll(
          lab.bird.view(0)!,
          new Names(),
          `Mesh_10_10_0_${String(peer + 1)}`,
          (n, p) => lab.bird.viewSession(n, p),
        ),
      );
    const line = "    Session:          internal multihop";
    expect(session(1)).toContain(`${line} route-reflector AS4 add-path-rx add-path-tx\n`);
    expect(session(3)).toContain(`${line} AS4 add-path-rx add-path-tx\n`);
  });

  test("pods' routes are those of the kernel, whether or not they are told to anybody", () => {
    const mesh = new Mesh(2).converged();
    for (const [metric, cidr] of [
      [1024, "10.2.0.6/32"],
      [0, "10.0.0.7/32"],
    ] as const) {
      const route = mesh.kernels.intern({
        type: "unicast",
        device: "cali1",
        gateway: -1,
        onlink: false,
        metric,
        protocol: PROTOCOL.boot,
      });
      mesh.kernels.replace(1, mesh.prefixes.intern(parseCidr(cidr)!), route);
    }
    mesh.run(1);
    const rows = timeless(routes(mesh, 1, true)).split("\n");
    for (const [metric, cidr] of [
      [1024, "10.2.0.6/32"],
      [0, "10.0.0.7/32"],
    ] as const) {
      const at = rows.indexOf(`${cidr}        dev cali1 [kernel1 HH:MM:SS] * (10)`);
      expect(at).toBeGreaterThan(0);
      expect(rows.slice(at + 1, at + 4)).toEqual([
        "\tType: inherit unicast univ",
        "\tKernel.source: 3",
        `\tKernel.metric: ${String(metric)}`,
      ]);
    }
    expect(mesh.bird.view(1)?.routes).toBe(4);
    mesh.kernels.clear(1);
    expect(timeless(routes(mesh, 1))).not.toContain("cali1");
  });
});
