import {
  BirdFleet,
  type BirdListener,
  type KernelFilter,
  SharedCores,
  type WireSummary,
} from "@calico-sim/bgp";
import {
  Engine,
  Kernels,
  type Micros,
  NodeDirectory,
  PROTOCOL,
  PrefixTable,
  parseCidr,
  type RouteListener,
  SECOND,
} from "@calico-sim/core";
import type { GroundTruthFile, LabParameters } from "./parameters.js";

/** What one simulated cold start of the lab gives; times in seconds from the first start. */
export interface ColdStart {
  /** Per session: when the later of its two ends was first Established. */
  readonly established: readonly number[];
  /** Per node: when the last missing remote prefix entered its kernel. */
  readonly fibComplete: readonly number[];
  /** Per node: when graceful-restart recovery ended; empty without recovery. */
  readonly recoveryDone: readonly number[];
  readonly wire: WireSummary;
  /** CPU seconds of all daemons. */
  readonly cpuSeconds: number;
}

/**
 * One bridge between network namespaces of one kernel: a segment and its acknowledgement pass inside the
 * sender's system call; the tens of microseconds that the README (Machine) names are the wake-up after it,
 * which the shared cores account for.
 */
const LINK_DELAY: Micros = 5;

/** Time between two starts when a file does not say how long starting all took (ground-truth/bird README: "some ms each"). */
const SPAWN_SECONDS = 0.006;

/** The lab's kernel filter: an unencapsulated pool, so that BIRD programs every route. */
class LabFilter implements KernelFilter {
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

/** Notes what the measuring side noted. */
class Stopwatch implements BirdListener, RouteListener {
  readonly firstUp: Map<number, Micros> = new Map();
  readonly recovered: Map<number, Micros> = new Map();
  readonly complete: Map<number, Micros> = new Map();
  private readonly engine: Engine;
  private readonly nodes: number;
  private readonly ownerOf: Int32Array;
  private readonly missing: Int32Array;

  constructor(engine: Engine, nodes: number, ownerOf: Int32Array, missing: Int32Array) {
    this.engine = engine;
    this.nodes = nodes;
    this.ownerOf = ownerOf;
    this.missing = missing;
  }

  onSession(node: number, peer: number, up: boolean, at: Micros): void {
    const end = node * this.nodes + peer;
    if (up && !this.firstUp.has(end)) this.firstUp.set(end, at);
  }

  onRecoveryDone(node: number, at: Micros): void {
    this.recovered.set(node, at);
  }

  onRouteChange(node: number, prefix: number, before: number, after: number, at?: Micros): void {
    if (this.ownerOf[prefix] === node) return;
    if (before === 0) this.missing[node]!--;
    if (after === 0) this.missing[node]!++;
    if (this.missing[node] === 0) this.complete.set(node, at ?? this.engine.now);
    else this.complete.delete(node);
  }
}

/** Simulates one run of a measured cold start. */
export function coldStart(file: GroundTruthFile, seed: number): ColdStart {
  const { parameters } = file;
  const { nodes } = parameters;
  const engine = new Engine({ seed: `${parameters.id}/${String(seed)}` });
  const prefixes = new PrefixTable();
  const names = new NodeDirectory(Array.from({ length: nodes }, (_, i) => `node-${String(i)}`));
  const kernels = new Kernels(prefixes, nodes);
  const absent = new Set(parameters.missing ?? []);

  const blocks: number[][] = [];
  const owner: number[] = [];
  for (let i = 0; i < nodes; i++) {
    const own: number[] = [];
    for (let k = 0; k < blocksOf(parameters, i); k++) {
      own.push(prefixes.intern(blockNumber(owner.length)));
      owner.push(i);
    }
    blocks.push(own);
  }
  const remote = Int32Array.from({ length: nodes }, (_, i) => {
    let count = 0;
    for (const o of owner) if (o !== i && !absent.has(o)) count++;
    return count;
  });
  const watch = new Stopwatch(engine, nodes, Int32Array.from(owner), remote);
  kernels.listen(watch);
  // One CPU's worth of unrelated work ran during most measurements; spawning the daemons as fast as can be is more (README, Machine).
  const together = parameters.stagger === undefined && parameters.spread === undefined;
  const cores = new SharedCores(Math.max(1, (file.machine?.cpus ?? 2) - 1), together ? 1 : 0);
  const bird = new BirdFleet({
    engine,
    kernels,
    prefixes,
    names,
    path: { delay: () => LINK_DELAY },
    filter: new LabFilter(kernels, nodes),
    listener: watch,
    addPath: parameters.add_paths ?? true,
    sharedCores: cores,
    timers: timersOf(parameters),
  });
  const address = (i: number): string => addressOf(parameters, i);
  for (let i = 0; i < nodes; i++) {
    const add = [];
    for (let j = 0; j < nodes; j++) {
      // calico: confd/pkg/backends/calico/bgp_processor.go compares the addresses as strings.
      if (j !== i)
        add.push({ peer: j, passive: address(j) > address(i) && parameters.both_active !== true });
    }
    bird.configure(i, { add, blocks: blocks[i] ?? [] });
  }

  const present = names.size - absent.size;
  const starts = startTimes(engine, file, seed, present);
  const order = engine
    .stream("lab", "order")
    .shuffle(Array.from({ length: nodes }, (_, i) => i).filter((i) => !absent.has(i)));
  const clockPhase = engine.stream("lab", "aligned").below(SECOND);
  order.forEach((node, k) => {
    engine.call(starts[k] ?? 0, () => {
      bird.start(node, {
        recover: parameters.recovery ?? true,
        ...(parameters.clock_phase === "aligned" ? { clockPhase } : {}),
      });
    });
  });
  // The spawning process is busy until the last start.
  engine.call(starts[present - 1] ?? 0, () => {
    cores.setStrangers(0);
  });
  const expectedEnds = present * (present - 1);
  engine.run({
    until: (parameters.timeout ?? 90) * SECOND,
    predicate: () => bird.establishedEnds === expectedEnds && watch.complete.size === present,
  });
  // What is still on the wire belongs to the start: an End-of-RIB waits up to 40 ms (law 7).
  engine.run({ until: engine.now + SECOND / 2 });
  return {
    ...collect(watch, nodes),
    wire: bird.wire(),
    cpuSeconds: bird.cpu.reduce((x, y) => x + y, 0) / SECOND,
  };
}

function collect(
  watch: Stopwatch,
  nodes: number,
): Pick<ColdStart, "established" | "fibComplete" | "recoveryDone"> {
  const seconds = (at: Micros): number => at / SECOND;
  const established: number[] = [];
  for (let i = 0; i < nodes; i++) {
    for (let j = i + 1; j < nodes; j++) {
      const one = watch.firstUp.get(i * nodes + j);
      const other = watch.firstUp.get(j * nodes + i);
      if (one !== undefined && other !== undefined) established.push(seconds(Math.max(one, other)));
    }
  }
  return {
    established,
    fibComplete: [...watch.complete.values()].map(seconds),
    recoveryDone: [...watch.recovered.values()].map(seconds),
  };
}

/** When each node starts, first at 0. `start_spread_s` of the measured runs is part of the set-up and taken from them. */
function startTimes(engine: Engine, file: GroundTruthFile, seed: number, count: number): number[] {
  const { stagger, spread } = file.parameters;
  if (stagger !== undefined)
    return Array.from({ length: count }, (_, k) => Math.round(k * stagger * SECOND));
  const runs = file.runs ?? [];
  const measured = runs.length === 0 ? undefined : runs[seed % runs.length]?.start_spread_s;
  const stream = engine.stream("lab", "start");
  if (spread !== undefined) {
    const drawn = Array.from({ length: count }, () => stream.next() * spread).sort((x, y) => x - y);
    const first = drawn[0] ?? 0;
    const width = (drawn[count - 1] ?? 0) - first;
    const scale = measured === undefined || width === 0 ? 1 : measured / width;
    return drawn.map((x) => Math.round((x - first) * scale * SECOND));
  }
  const total = measured ?? SPAWN_SECONDS * (count - 1);
  return Array.from({ length: count }, (_, k) =>
    Math.round((k / Math.max(1, count - 1)) * total * SECOND),
  );
}

function blocksOf(parameters: LabParameters, node: number): number {
  const { blocks } = parameters;
  if (blocks === undefined) return 1;
  return typeof blocks === "number" ? blocks : (blocks[node % blocks.length] ?? 0);
}

/** The k-th /26 of 10.244.0.0/14. */
function blockNumber(k: number): NonNullable<ReturnType<typeof parseCidr>> {
  const base = ((10 << 24) | (244 << 16)) + k * 64;
  const octets = [base >>> 24, (base >>> 16) & 255, (base >>> 8) & 255, base & 255];
  const cidr = parseCidr(`${octets.join(".")}/26`);
  if (cidr === undefined) throw new RangeError(`block ${String(k)} lies outside 10.244.0.0/14`);
  return cidr;
}

/** 10.10.s.h with s = i mod subnets and h = 1 + ⌊i / subnets⌋ (ground-truth/bird README, Parameters). */
function addressOf(parameters: LabParameters, i: number): string {
  const subnets = parameters.subnets ?? 1;
  return `10.10.${String(i % subnets)}.${String(1 + Math.floor(i / subnets))}`;
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
