import { BirdFleet } from "@calico-sim/bgp";
import {
  Engine,
  Kernels,
  NodeDirectory,
  PrefixTable,
  parseCidr,
  type RouteListener,
  SECOND,
} from "@calico-sim/core";
import { ExportAll } from "../shared/export-all.js";
import { grouped } from "./scenario.js";

/** One-way delay between any two nodes. */
const DELAY = 100;
/** A cold start that takes longer than this has failed. */
const PATIENCE = 600 * SECOND;

class RouteCount implements RouteListener {
  routes = 0;
  onRouteChange(_node: number, _prefix: number, before: number, after: number): void {
    if (before === 0) this.routes++;
    if (after === 0) this.routes--;
  }
  onRewrite(): void {
    // As many as before.
  }
}

/** BIRDs alone: an engine, kernels and a fleet, each node with one block. */
export class BirdLab {
  readonly engine: Engine = new Engine();
  readonly bird: BirdFleet;
  readonly nodes: number;
  private readonly prefixes: PrefixTable = new PrefixTable();
  private readonly count: RouteCount = new RouteCount();

  constructor(nodes: number) {
    this.nodes = nodes;
    const { engine, prefixes } = this;
    const kernels = new Kernels(prefixes, nodes);
    kernels.listen(this.count);
    this.bird = new BirdFleet({
      engine,
      kernels,
      prefixes,
      names: new NodeDirectory(Array.from({ length: nodes }, (_, i) => `node-${String(i)}`)),
      path: { delay: () => DELAY },
      filter: new ExportAll(kernels, nodes),
    });
  }

  /** The k-th /26 of 10.0.0.0/8, as a prefix id. */
  block(k: number): number {
    const at = k * 64;
    const octets = [10, (at >>> 16) & 255, (at >>> 8) & 255, at & 255];
    return this.prefixes.intern(parseCidr(`${octets.join(".")}/26`)!);
  }

  /** Configures the node-to-node mesh under the passive rule, and starts all daemons together. */
  startMesh(): void {
    const { bird, nodes } = this;
    for (let node = 0; node < nodes; node++) {
      const add = [];
      for (let peer = 0; peer < nodes; peer++) {
        if (peer !== node) add.push({ peer, passive: peer > node });
      }
      bird.configure(node, { add, blocks: [this.block(node)] });
      bird.start(node);
    }
  }

  /**
   * Configures the first nodes as reflectors, with one cluster id or one each, which peer with one another;
   * every other node is a client of all of them. Both ends open, as BGPPeers with selectors are rendered
   * (ground-truth/bird, law 9). Nodes start within a time, evenly.
   */
  startReflectors(reflectors: number, clusterIds: "one" | "each", within: number): void {
    const { bird, engine, nodes } = this;
    for (let node = 0; node < nodes; node++) {
      const add = [];
      for (let peer = 0; peer < (node < reflectors ? nodes : reflectors); peer++) {
        if (peer === node) continue;
        const client = node < reflectors && peer >= reflectors;
        const clusterId = clusterIds === "one" ? 1 : node + 1;
        const options = client ? { options: { clusterId } } : {};
        add.push({ peer, passive: false, ...options });
      }
      bird.configure(node, { add, blocks: [this.block(node)] });
    }
    const begin = engine.now;
    for (let node = 0; node < nodes; node++) {
      engine.run({ until: begin + Math.floor((node * within) / nodes) });
      bird.start(node);
    }
  }

  /**
   * Runs until all sessions are up and every route is in every kernel, and what is still on its way then
   * (End-of-RIBs) has arrived.
   */
  converge(sessionEnds: number): void {
    const { bird, count, engine, nodes } = this;
    const routes = nodes * nodes;
    const there = (): boolean => bird.establishedEnds === sessionEnds && count.routes === routes;
    engine.run({ until: PATIENCE, predicate: there });
    if (!there()) {
      throw new Error(
        `it did not come up: ${String(bird.establishedEnds)} of ${String(sessionEnds)} session ends, ${String(count.routes)} of ${String(routes)} routes`,
      );
    }
    engine.run({ until: engine.now + SECOND / 2 });
  }

  /** Routes in all kernels. */
  get routes(): number {
    return this.count.routes;
  }

  /** What happened, for the table. */
  get detail(): string {
    const { bird, engine } = this;
    return `${grouped(bird.establishedEnds)} session ends, ${grouped(engine.dispatched)} events, ${grouped(bird.wire().messages.total)} messages`;
  }
}
