import { BirdFleet, type PeerConfig, SharedCores } from "@calico-sim/bgp";
import {
  Engine,
  Kernels,
  type Micros,
  NodeDirectory,
  PrefixTable,
  parseCidr,
  SECOND,
} from "@calico-sim/core";
import type { GroundTruthFile, LabParameters } from "../ground-truth.js";
import type { LabNode, Topology } from "../topologies/topology.js";
import { Completeness } from "./completeness.js";
import { LabFilter } from "./kernel-filter.js";
import { Logbook } from "./logbook.js";
import { startTimes } from "./starts.js";

/**
 * One bridge between network namespaces of one kernel: a segment and its acknowledgement pass inside the
 * sender's system call; the tens of microseconds that the README (Machine) names are the wake-up after it,
 * which the shared cores account for.
 */
const LINK_DELAY: Micros = 5;

/** What still travels when a measured phase ends: an End-of-RIB waits up to 40 ms (law 7). */
const SETTLE: Micros = SECOND / 2;

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
];

/** The measuring machine, simulated: one run of one configuration. Scenarios say what happens on it. */
export class Lab {
  readonly engine: Engine;
  readonly bird: BirdFleet;
  readonly kernels: Kernels;
  readonly logbook: Logbook;
  readonly nodes: readonly LabNode[];
  readonly parameters: LabParameters;
  /** Prefix ids that each node originates. */
  readonly prefixes: readonly (readonly number[])[];
  private readonly file: GroundTruthFile;
  private readonly seed: number;
  private readonly cores: SharedCores;
  private readonly table: PrefixTable = new PrefixTable();
  private readonly clockPhase: Micros | undefined;

  constructor(file: GroundTruthFile, topology: Topology, seed: number) {
    const { parameters } = file;
    this.file = file;
    this.seed = seed;
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
    this.cores = new SharedCores(Math.max(1, (file.machine?.cpus ?? 2) - 1), together ? 1 : 0);
    this.bird = new BirdFleet({
      engine: this.engine,
      kernels: this.kernels,
      prefixes: this.table,
      names: new NodeDirectory(this.nodes.map((_, i) => `node-${String(i)}`)),
      path: { delay: () => LINK_DELAY },
      filter: new LabFilter(this.kernels, count),
      listener: this.logbook,
      addPath: parameters.add_paths ?? true,
      sharedCores: this.cores,
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
    this.bird.configure(node, {
      add: this.peersOf(node).filter(({ peer }) => knows(peer)),
      blocks: this.prefixes[node] ?? [],
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
    const times = startTimes(this.file, this.seed, nodes.length, random);
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

  /** Starts one daemon now. */
  start(node: number): void {
    const phase = this.clockPhase === undefined ? {} : { clockPhase: this.clockPhase };
    this.bird.start(node, { recover: this.parameters.recovery ?? true, ...phase });
  }

  /** Runs until a condition holds, at most some seconds, and on until nothing of it is on the wire any more. */
  runUntil(done: () => boolean, seconds: number): void {
    const until = this.engine.now + seconds * SECOND;
    if (!done()) this.engine.run({ until, predicate: done });
    this.engine.run({ until: this.engine.now + SETTLE });
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

  /** Watches until each of these nodes has every prefix that the others of them originate. */
  completeness(nodes: readonly number[]): Completeness {
    const wanted = new Map(
      nodes.map((node) => [
        node,
        nodes.filter((other) => other !== node).flatMap((other) => this.prefixes[other] ?? []),
      ]),
    );
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
