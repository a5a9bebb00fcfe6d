import { BirdFleet, type KernelFilter } from "@calico-sim/bgp";
import {
  Engine,
  Kernels,
  NodeDirectory,
  PROTOCOL,
  PrefixTable,
  parseCidr,
  type RouteListener,
  SECOND,
} from "@calico-sim/core";
import { RIB_LOOP, ribLoop } from "./rib-loop.js";
import { type Bench, grouped, type Sample, timed } from "./scenario.js";

/** One-way delay between any two nodes. */
const DELAY = 100;
const ASN_SIDE = 250;

/** Exports everything: an unencapsulated pool on one subnet. */
class ExportAll implements KernelFilter {
  private readonly blackhole: number;
  private readonly via: readonly number[];

  constructor(kernels: Kernels, nodes: number) {
    const common = { onlink: false, metric: 1024, protocol: PROTOCOL.bird };
    this.blackhole = kernels.intern({ type: "blackhole", device: "", gateway: -1, ...common });
    this.via = Array.from({ length: nodes }, (_, gateway) =>
      kernels.intern({ type: "unicast", device: "eth0", gateway, ...common }),
    );
  }

  kernelRoute(_node: number, _prefix: number, peer: number): number {
    return peer < 0 ? this.blackhole : (this.via[peer] ?? 0);
  }
}

class RouteCount implements RouteListener {
  routes = 0;
  onRouteChange(_node: number, _prefix: number, before: number, after: number): void {
    if (before === 0) this.routes++;
    if (after === 0) this.routes--;
  }
}

function coldStart(nodes: number): Sample {
  let detail = "";
  const wallMs = timed(() => {
    const engine = new Engine();
    const prefixes = new PrefixTable();
    const kernels = new Kernels(prefixes, nodes);
    const count = new RouteCount();
    kernels.listen(count);
    const bird = new BirdFleet({
      engine,
      kernels,
      prefixes,
      names: new NodeDirectory(Array.from({ length: nodes }, (_, i) => `node-${String(i)}`)),
      path: { delay: () => DELAY },
      filter: new ExportAll(kernels, nodes),
    });
    for (let node = 0; node < nodes; node++) {
      const add = [];
      for (let peer = 0; peer < nodes; peer++) {
        if (peer !== node) add.push({ peer, passive: peer > node });
      }
      const text = `10.${String(Math.floor(node / ASN_SIDE))}.${String(node % ASN_SIDE)}.0/26`;
      bird.configure(node, { add, blocks: [prefixes.intern(parseCidr(text)!)] });
      bird.start(node);
    }
    const ends = nodes * (nodes - 1);
    engine.run({
      until: 600 * SECOND,
      predicate: () => bird.establishedEnds === ends && count.routes === nodes * nodes,
    });
    if (bird.establishedEnds !== ends || count.routes !== nodes * nodes) {
      throw new Error(
        `the mesh did not come up: ${String(bird.establishedEnds)} of ${String(ends)} session ends, ${String(count.routes)} of ${String(nodes * nodes)} routes`,
      );
    }
    // What is still on its way belongs to the start: recovery waits, End-of-RIBs.
    engine.run({ until: engine.now + SECOND / 2 });
    detail = `${grouped(ends)} session ends, ${grouped(engine.dispatched)} events, ${grouped(bird.wire().messages.total)} messages`;
  });
  const loop = ribLoop(nodes, nodes);
  return {
    size: `${grouped(nodes)} nodes`,
    wallMs,
    yardstick: RIB_LOOP,
    ratio: wallMs / loop,
    detail,
    ...(nodes === 1_000
      ? { target: { figure: "wallMs", atMost: 2_000, rssMbAtMost: 500 } as const }
      : {}),
  };
}

/** A full mesh of BIRDs alone: all sessions and timers, one block each, until every route is in every kernel. */
export const meshColdStartBench: Bench = {
  name: "mesh-cold-start",
  sizes: ["100", "500", "1000"],
  small: ["100"],
  fresh: true,
  run: (size) => [coldStart(Number(size))],
};
