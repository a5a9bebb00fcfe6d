import { BirdFleet, type ExportRules, type PeerConfig, SharedCores } from "@calico-sim/bgp";
import {
  Engine,
  Kernels,
  type Micros,
  NodeDirectory,
  PrefixTable,
  parseCidr,
  SECOND,
} from "@calico-sim/core";
import { ExportAll } from "../../shared/export-all.js";
import type { GroundTruthFile, LabParameters, MeasuredRun } from "../ground-truth.js";
import { POOL } from "../topologies/blocks.js";
import type { LabNode, Topology } from "../topologies/topology.js";
import { Bridge } from "./bridge.js";
import { Completeness } from "./completeness.js";
import { Logbook } from "./logbook.js";
import { startTimes } from "./starts.js";

/** Parameters that the lab itself reads; those of topologies and scenarios come on top. */
export const LAB_PARAMETERS: readonly string[] = [
  "id",
  "scenario",
  "topology",
  "nodes",
  "blocks",
  // Only for measuring: how often, what was kept, when to give up.
  "repeats",
  "keep",
  "timeout",
  "stagger",
  "spread",
  "clock_phase",
  "recovery",
  "add_paths",
  "hold",
  "keepalive",
  "gr_time",
  "gr_wait",
  "graceful_restart",
];

/** Cores of the measuring machine (ground-truth/bird README, Machine). */
const CORES = 2;

/** `calico_export_to_bgp_peers` with the lab's one pool (ground-truth/bird README, Configuration). */
const POOL_RULES: ExportRules = {
  steps: [{ kind: "own-blocks" }, { kind: "pool", cidr: POOL, action: "accept" }],
  communities: [],
};

/** The measuring machine, simulated: one run of one configuration. Scenarios say what happens on it. */
export class Lab {
  readonly engine: Engine;
  readonly bird: BirdFleet;
  readonly kernels: Kernels;
  readonly logbook: Logbook;
  readonly bridge: Bridge = new Bridge();
  readonly nodes: readonly LabNode[];
  readonly parameters: LabParameters;
  /** Prefix ids that each node originates. */
  readonly prefixes: readonly (readonly number[])[];
  /** The measured run whose set-up this run takes: the runs of the file in turn. */
  readonly measured: MeasuredRun;
  private readonly cores: SharedCores;
  private readonly table: PrefixTable = new PrefixTable();
  private readonly clockPhase: Micros | undefined;

  constructor(file: GroundTruthFile, topology: Topology, seed: number) {
    const { parameters } = file;
    const runs = file.runs ?? [];
    this.measured = runs[seed % Math.max(1, runs.length)] ?? {};
    this.parameters = parameters;
    this.engine = new Engine({ seed: `${parameters.id}/${String(seed)}` });
    this.nodes = topology.nodes(parameters, this.engine.stream("lab", "topology"));
    this.prefixes = this.nodes.map((node) => node.prefixes.map((cidr) => this.intern(cidr)));
    const count = this.nodes.length;
    this.kernels = new Kernels(this.table, count);
    this.logbook = new Logbook(this.engine);
    this.kernels.listen(this.logbook);
    // One CPU's worth of unrelated work ran during most measurements; spawning the daemons as fast as can be is more (README, Machine).
    const together = parameters.stagger === undefined && parameters.spread === undefined;
    const cores = file.machine?.cpus ?? CORES;
    this.cores = new SharedCores(cores, together ? 1 : 0, {
      taken: 1 / cores,
      seed: this.engine.stream("lab", "cores").below(2 ** 31),
    });
    this.bird = new BirdFleet({
      engine: this.engine,
      kernels: this.kernels,
      prefixes: this.table,
      names: new NodeDirectory(this.nodes.map((_, i) => `node-${String(i)}`)),
      path: this.bridge,
      filter: new ExportAll(this.kernels, count),
      listener: this.logbook,
      addPath: parameters.add_paths ?? true,
      gracefulRestart: parameters.graceful_restart ?? true,
      sharedCores: this.cores,
      sharedTick: true,
      eventPerKeepalive: true,
      // The files have the counters of cold starts alone.
      routeStats: parameters.scenario === "cold",
      timers: timersOf(parameters),
    });
    this.clockPhase =
      parameters.clock_phase === "aligned"
        ? this.engine.stream("lab", "aligned").below(SECOND)
        : undefined;
  }

  /** The id of a prefix. */
  intern(cidr: string): number {
    const parsed = parseCidr(cidr);
    if (parsed === undefined) throw new RangeError(`"${cidr}" is no CIDR`);
    return this.table.intern(parsed);
  }

  /** Writes a node's configuration file: its blocks, and those of its peers that it knows. */
  configure(node: number, knows: (peer: number) => boolean = () => true): void {
    const speaker = this.nodes[node]?.speaker;
    this.bird.configure(node, {
      add: this.peersOf(node).filter(({ peer }) => knows(peer)),
      blocks: this.prefixes[node] ?? [],
      rules: POOL_RULES,
      ...(speaker === undefined ? {} : { speaker }),
    });
  }

  /** The peers of a node in its full configuration. */
  peersOf(node: number): readonly PeerConfig[] {
    return this.nodes[node]?.peers ?? [];
  }

  /** Starts daemons in random order, as the file's parameters space them. */
  startAll(nodes: readonly number[]): void {
    const { engine } = this;
    const random = engine.stream("lab", "start");
    const times = startTimes(this.parameters, this.measured, nodes.length, random);
    const order = engine.stream("lab", "order").shuffle([...nodes]);
    order.forEach((node, k) => {
      engine.call(times[k] ?? 0, () => {
        this.start(node);
      });
    });
    // The spawning process is busy until the last start.
    engine.call(times[nodes.length - 1] ?? 0, () => {
      this.cores.setStrangers(0);
    });
  }

  /** Numbers of all nodes but some. */
  nodesBut(...without: readonly (readonly number[] | undefined)[]): number[] {
    const left = new Set(without.flatMap((numbers) => numbers ?? []));
    return this.nodes.map((_, i) => i).filter((i) => !left.has(i));
  }

  /** Numbers of the nodes that operations are carried out on: all but external routers. */
  get operable(): readonly number[] {
    return this.nodesBut().filter((i) => this.nodes[i]?.external !== true);
  }

  /** Starts one daemon now. */
  start(node: number): void {
    const phase = this.clockPhase === undefined ? {} : { clockPhase: this.clockPhase };
    const recover = (this.parameters.recovery ?? true) && this.nodes[node]?.external !== true;
    this.bird.start(node, { recover, ...phase });
  }

  /** Does something some seconds from now. */
  after(delay: number, action: () => void): void {
    this.engine.call(this.engine.now + Math.round(delay * SECOND), action);
  }

  /** Runs until a condition holds, at most some seconds; true if it came to hold. */
  runUntil(done: () => boolean, seconds: number): boolean {
    if (done()) return true;
    this.engine.run({ until: this.engine.now + seconds * SECOND, predicate: done });
    return done();
  }

  /** Runs for some seconds. */
  rest(seconds: number): void {
    this.engine.run({ until: this.engine.now + Math.round(seconds * SECOND) });
  }

  /** Session ends that have to come up when these nodes run. */
  endsAmong(nodes: readonly number[]): number {
    const running = new Set(nodes);
    let ends = 0;
    for (const node of nodes)
      for (const { peer } of this.peersOf(node)) if (running.has(peer)) ends++;
    return ends;
  }

  /** Watches when each of these nodes has every prefix that the others of them originate. */
  completeness(nodes: readonly number[]): Completeness {
    const prefixesBut = (node: number): number[] =>
      nodes.filter((other) => other !== node).flatMap((other) => this.prefixes[other] ?? []);
    return this.watch(new Map(nodes.map((node) => [node, prefixesBut(node)])));
  }

  /** Watches when each of these nodes has every one of some prefixes. */
  completenessOf(nodes: readonly number[], prefixes: readonly number[]): Completeness {
    return this.watch(new Map(nodes.map((node) => [node, prefixes])));
  }

  private watch(wanted: ReadonlyMap<number, readonly number[]>): Completeness {
    return new Completeness(this.logbook, this.kernels, wanted);
  }
}

function timersOf(parameters: LabParameters): Record<string, number> {
  const timers: Record<string, number> = {};
  if (parameters.hold !== undefined) {
    timers["hold"] = parameters.hold;
    timers["keepalive"] = Math.floor(parameters.hold / 3);
  }
  if (parameters.keepalive !== undefined) timers["keepalive"] = parameters.keepalive;
  if (parameters.gr_time !== undefined) timers["gracefulRestart"] = parameters.gr_time;
  if (parameters.gr_wait !== undefined) timers["gracefulRestartWait"] = parameters.gr_wait;
  return timers;
}
