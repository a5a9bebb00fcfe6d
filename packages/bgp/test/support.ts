import {
  Engine,
  Kernels,
  type Micros,
  NodeDirectory,
  type PathQuality,
  PROTOCOL,
  PrefixTable,
  parseCidr,
  type RouteListener,
  SECOND,
} from "@calico-sim/core";
import {
  BirdFleet,
  type BirdListener,
  type BirdOptions,
  type KernelFilter,
  type NodeDelay,
  type PeerConfig,
  type PeerOptions,
  type Reconfiguration,
  type SpeakerConfig,
  type StartOptions,
} from "../src/index.js";

/** One switch: every node hears every other after the same time, unless a port is cut. */
class Switch implements NodeDelay {
  readonly cut: Set<number> = new Set();
  /** Ports, each written `from>to`, between which everything is lost in this direction alone. */
  readonly lost: Set<string> = new Set();
  /** What every cable does besides delaying; undefined = nothing. Set before anything is sent. */
  cable: PathQuality | undefined;

  get impaired(): boolean {
    return this.cable !== undefined;
  }

  quality(): PathQuality | undefined {
    return this.cable;
  }

  delay(from: number, to: number): Micros {
    const cut = this.cut.has(from) || this.cut.has(to) || this.lost.has(`${from}>${to}`);
    return cut ? Number.POSITIVE_INFINITY : 50;
  }
}

const CLEAN: PathQuality = Object.freeze({
  jitterUs: 0,
  bandwidthMbps: Number.POSITIVE_INFINITY,
  loss: 0,
  narrowest: -1,
});

/** Programs every route: a blackhole for own blocks, the peer as gateway for others. */
class AllRoutes implements KernelFilter {
  private readonly kernels: Kernels;

  constructor(kernels: Kernels) {
    this.kernels = kernels;
  }

  kernelRoute(_node: number, _prefix: number, peer: number): number {
    return this.kernels.intern({
      type: peer < 0 ? "blackhole" : "unicast",
      device: peer < 0 ? "" : "eth0",
      gateway: peer,
      onlink: false,
      metric: 1024,
      protocol: PROTOCOL.bird,
    });
  }
}

/** What happened, in order. */
class Diary implements BirdListener, RouteListener {
  readonly sessions: { node: number; peer: number; up: boolean; at: Micros }[] = [];
  readonly recovered: { node: number; at: Micros }[] = [];
  readonly routes: { node: number; prefix: number; added: boolean; at: Micros }[] = [];
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  onSession(node: number, peer: number, up: boolean, at: Micros): void {
    this.sessions.push({ node, peer, up, at });
  }

  onRecoveryDone(node: number, at: Micros): void {
    this.recovered.push({ node, at });
  }

  onRouteChange(node: number, prefix: number, _before: number, after: number, at?: Micros): void {
    this.routes.push({ node, prefix, added: after !== 0, at: at ?? this.engine.now });
  }

  forget(): void {
    this.sessions.length = 0;
    this.recovered.length = 0;
    this.routes.length = 0;
  }
}

type MeshOptions = Partial<Omit<BirdOptions, "engine" | "kernels" | "prefixes" | "names">> & {
  readonly seed?: number;
  readonly blocks?: number;
  /** See {@link Switch.cable}. */
  readonly cable?: Partial<PathQuality>;
};

/** Daemons on one switch, each with its blocks; who peers with whom is for the subclass to say. */
class Lab {
  readonly engine: Engine;
  readonly prefixes: PrefixTable = new PrefixTable();
  readonly names: NodeDirectory = new NodeDirectory();
  readonly kernels: Kernels;
  readonly switch: Switch = new Switch();
  readonly diary: Diary;
  readonly bird: BirdFleet;
  protected readonly blocksEach: number;

  constructor(nodes: number, { seed = 1, blocks = 1, cable, ...options }: MeshOptions = {}) {
    this.engine = new Engine({ seed });
    if (cable !== undefined) this.switch.cable = { ...CLEAN, ...cable };
    for (let i = 0; i < nodes; i++) this.names.add(`node-${i}`);
    this.kernels = new Kernels(this.prefixes, nodes);
    this.diary = new Diary(this.engine);
    this.kernels.listen(this.diary);
    this.blocksEach = blocks;
    this.bird = new BirdFleet({
      engine: this.engine,
      kernels: this.kernels,
      prefixes: this.prefixes,
      names: this.names,
      path: this.switch,
      filter: new AllRoutes(this.kernels),
      listener: this.diary,
      ...options,
    });
  }

  get nodes(): number {
    return this.names.size;
  }

  others(node: number): number[] {
    return this.all().filter((i) => i !== node);
  }

  /** Prefix ids of a node's blocks. */
  blocks(node: number, count = this.blocksEach): number[] {
    return Array.from({ length: count }, (_, k) => this.block(node, k));
  }

  /** The k-th block of a node. */
  block(node: number, k: number): number {
    if (this.bird.family === 6) {
      const block = `fd00:0:0:0:${node.toString(16)}:0:${k.toString(16)}:0/122`;
      return this.prefixes.intern(parseCidr(block)!);
    }
    const value = (10 << 24) + node * 0x20000 + k * 64;
    const octets = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
    return this.prefixes.intern(parseCidr(`${octets.join(".")}/26`)!);
  }

  /** Starts nodes at the same time; all of them by default. */
  start(nodes: readonly number[] = this.all(), options: StartOptions = {}): this {
    for (const node of nodes) this.bird.start(node, options);
    return this;
  }

  all(): number[] {
    return Array.from({ length: this.nodes }, (_, i) => i);
  }

  /** Lets the given number of seconds pass. */
  run(seconds: number): this {
    this.engine.run({ until: this.engine.now + Math.round(seconds * SECOND) });
    return this;
  }

  /** Started, converged and rested. */
  converged(): this {
    return this.start().run(10);
  }

  /** Seconds since a time. */
  since(from: Micros, at: Micros): number {
    return (at - from) / SECOND;
  }

  /** Whether every running node has every block of every other in its kernel. */
  complete(nodes: readonly number[] = this.all()): boolean {
    return nodes.every((i) =>
      nodes.every((j) => this.blocks(j).every((p) => this.kernels.best(i, p) !== 0)),
    );
  }

  /** Routes in a node's kernel to another node's blocks. */
  routesTo(node: number, other: number): number {
    return this.blocks(other).filter((p) => this.kernels.best(node, p) !== 0).length;
  }
}

/** A full mesh under Calico's passive rule: the node with the greater number opens. */
export class Mesh extends Lab {
  constructor(nodes: number, options: MeshOptions = {}) {
    super(nodes, options);
    for (let i = 0; i < nodes; i++) this.configure(i);
  }

  /** Writes a node's configuration: everybody in the mesh as peer, and its blocks. */
  configure(node: number, peers: readonly number[] = this.others(node)): void {
    this.bird.configure(node, {
      add: peers.map((peer) => ({ peer, passive: peer > node })),
      blocks: this.blocks(node),
    });
  }

  /** One more node that nobody knows. */
  addNode(): number {
    const node = this.names.add(`node-${this.nodes}`);
    this.kernels.addNode();
    this.bird.addNode();
    return node;
  }
}

/** One end of a peering as a test writes it. */
export interface End extends PeerOptions {
  readonly passive?: boolean;
}

/** Daemons with any peerings. */
export class Peered extends Lab {
  /** Every node's paths, without the order in which equal ones came, and what else is to be seen of each route. */
  tables(more: (node: number, prefix: number) => unknown): string[] {
    return this.all().map((node) =>
      this.bird
        .routes(node)
        .map((prefix) =>
          JSON.stringify([
            this.prefixes.text(prefix),
            more(node, prefix),
            this.bird
              .paths(node, prefix)
              .map((path) => JSON.stringify(path))
              .sort(),
          ]),
        )
        .sort()
        .join("\n"),
    );
  }

  /** Configures a node's own part; absent fields as in the mesh. */
  speaker(node: number, speaker: SpeakerConfig, more: Reconfiguration = {}): this {
    this.bird.configure(node, { speaker, blocks: this.blocks(node), ...more });
    return this;
  }

  /** Makes two nodes peers: how the first treats the second, and the other way round. */
  peer(a: number, b: number, aSide: End = {}, bSide: End = {}): this {
    const one = (peer: number, { passive = false, ...options }: End): PeerConfig => ({
      peer,
      passive,
      ...(Object.keys(options).length > 0 ? { options } : {}),
    });
    this.bird.configure(a, { add: [one(b, aSide)], blocks: this.blocks(a) });
    this.bird.configure(b, { add: [one(a, bSide)], blocks: this.blocks(b) });
    return this;
  }

  /** Nodes that a node's paths for a block of another lead to, best first. */
  nextHops(node: number, other: number): number[] {
    return this.bird.paths(node, this.block(other, 0)).map((path) => path.nextHop);
  }

  /** Nodes that a node has a block of another from, best first. */
  learntFrom(node: number, other: number): number[] {
    return this.bird.paths(node, this.block(other, 0)).map((path) => path.from);
  }
}

export const [low, high] = [
  (values: readonly number[]): number => values.reduce((x, y) => Math.min(x, y)),
  (values: readonly number[]): number => values.reduce((x, y) => Math.max(x, y)),
];
