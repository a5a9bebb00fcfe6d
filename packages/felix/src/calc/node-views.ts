import type { PrefixTable } from "@calico-sim/core";
import type { BatchReader, BatchWork, FullState } from "./batch-work.js";

/** What one batch changed at one Felix. */
export interface ViewChange {
  /** Prefixes whose route may differ; undefined when all may. */
  prefixes: number[] | undefined;
  /** Pods whose endpoint came, changed or went. */
  pods: string[];
  /** Own node, pools or configuration changed: restart conditions are to be looked at. */
  topology: boolean;
}

/**
 * What each Felix knows of the cluster: dense arrays of interned ids, a row for each node.
 *
 * The calculation graph of Felix holds the objects themselves; here 500 Felixes hold the same few
 * thousand ids, and comparing what a batch says with what a Felix knew is comparing integers.
 */
export class NodeViews {
  /** Block content id by aggregate prefix, then node: all receivers of a batch look at the row of its block. */
  private readonly blocks: Int32Array[] = [];
  /** Aggregate blocks that each node knows. */
  private readonly known: number[] = [];
  /** Node info id by node. */
  readonly infos: Int32Array[] = [];
  /** Block content id of blocks that are host prefixes. */
  readonly hostBlocks: Map<number, number>[] = [];
  /** Holder of each borrowed address. */
  readonly borrowed: Map<number, number>[] = [];
  /** Endpoint id by pod key: local pods. */
  readonly endpoints: Map<string, number>[] = [];
  /** Endpoint id by host prefix: local pods. */
  readonly local: Map<number, number>[] = [];
  readonly poolSet: number[] = [];
  readonly globalConfig: number[] = [];
  readonly nodeConfig: number[] = [];
  private readonly fresh: boolean[] = [];
  /** Nodes that hold an endpoint of this pod: usually one. */
  private readonly holders: Map<string, number[]> = new Map();

  private readonly reader: BatchReader;
  private readonly prefixes: PrefixTable;

  constructor(reader: BatchReader, prefixes: PrefixTable) {
    this.reader = reader;
    this.prefixes = prefixes;
  }

  /** Forgets everything a Felix knew: its process starts. */
  reset(node: number): void {
    for (const key of this.endpoints[node]?.keys() ?? []) this.dropHolder(key, node);
    for (const row of this.blocks) if (node < row.length) row[node] = 0;
    this.known[node] = 0;
    this.infos[node] = EMPTY;
    this.hostBlocks[node] = new Map();
    this.borrowed[node] = new Map();
    this.endpoints[node] = new Map();
    this.local[node] = new Map();
    this.poolSet[node] = 0;
    this.globalConfig[node] = 0;
    this.nodeConfig[node] = 0;
    this.fresh[node] = true;
  }

  /** Content ids that the nodes hold of a block that is no host prefix; a node beyond its end holds none. */
  contents(prefix: number): Int32Array {
    return this.blocks[prefix] ?? EMPTY;
  }

  /** Content id that a node holds of such a block; 0 = none. */
  content(node: number, prefix: number): number {
    return this.blocks[prefix]?.[node] ?? 0;
  }

  /** All aggregate prefixes of which some node holds a block are below this. */
  get aggregates(): number {
    return this.blocks.length;
  }

  /** Number of aggregate blocks that a node knows. */
  blocksKnown(node: number): number {
    return this.known[node] ?? 0;
  }

  /** Nodes that hold an endpoint of this pod now. */
  holdersOf(pod: string): readonly number[] {
    return this.holders.get(pod) ?? NOBODY;
  }

  /** Takes a batch that is no snapshot. `pods`: whether some pod of it concerns this node. */
  take(node: number, work: BatchWork, pods: boolean): ViewChange | undefined {
    const change: ViewChange = { prefixes: [], pods: [], topology: false };
    this.fresh[node] = false;
    for (let i = 0; i < work.blockPrefixes.length; i++) {
      this.setBlock(node, work.blockPrefixes[i]!, work.blockContents[i]!, change);
    }
    if (pods) {
      for (let i = 0; i < work.podKeys.length; i++) {
        this.setPod(node, work.podKeys[i]!, work.podEndpoints[i]!, change);
      }
    }
    for (let i = 0; i < work.nodeIds.length; i++) {
      this.setInfo(node, work.nodeIds[i]!, work.nodeInfos[i]!, change);
    }
    let set = this.poolSet[node]!;
    for (let i = 0; i < work.poolKeys.length; i++) {
      set = this.reader.pools.with(set, work.poolKeys[i]!, work.poolEntries[i]!);
    }
    this.setPools(node, set, change);
    for (let i = 0; i < work.configs.length; i++) {
      const scope = work.configScopes[i]!;
      if (scope < 0) this.setConfig(node, this.globalConfig, work.configs[i]!, change);
      else if (scope === node) this.setConfig(node, this.nodeConfig, work.configs[i]!, change);
    }
    const something =
      change.prefixes === undefined || change.prefixes.length + change.pods.length > 0;
    return something || change.topology ? change : undefined;
  }

  /** Takes a snapshot: whatever it does not name is gone. */
  takeFull(node: number, full: FullState): ViewChange {
    const change: ViewChange = { prefixes: [], pods: [], topology: true };
    if (this.fresh[node]!) this.copyFull(node, full, change);
    else this.diffFull(node, full, change);
    this.fresh[node] = false;
    return change;
  }

  private copyFull(node: number, full: FullState, change: ViewChange): void {
    full.blocks.forEach((content, prefix) => {
      if (content !== 0) this.setContent(node, prefix, content);
    });
    this.infos[node] = full.infos.slice();
    this.hostBlocks[node] = new Map(full.hostBlocks);
    for (const id of full.withHosts) this.addBorrowed(node, id, change);
    this.poolSet[node] = full.poolSet;
    this.globalConfig[node] = full.globalConfig;
    this.nodeConfig[node] = full.nodeConfigs.get(node) ?? 0;
    for (const [key, id] of full.pods.of(node)) this.setPod(node, key, id, change);
    change.prefixes = undefined;
  }

  private diffFull(node: number, full: FullState, change: ViewChange): void {
    const aggregates = Math.max(this.aggregates, full.blocks.length);
    for (let prefix = 0; prefix < aggregates; prefix++) {
      const wanted = full.blocks[prefix] ?? 0;
      if (this.content(node, prefix) !== wanted) this.setBlock(node, prefix, wanted, change);
    }
    for (const prefix of [...this.hostBlocks[node]!.keys()]) {
      if (!full.hostBlocks.has(prefix)) this.setBlock(node, prefix, 0, change);
    }
    for (const [prefix, id] of full.hostBlocks) this.setBlock(node, prefix, id, change);
    const infos = Math.max(this.infos[node]!.length, full.infos.length);
    for (let other = 0; other < infos; other++) {
      this.setInfo(node, other, full.infos[other] ?? 0, change);
    }
    this.setPools(node, full.poolSet, change);
    this.setConfig(node, this.globalConfig, full.globalConfig, change);
    this.setConfig(node, this.nodeConfig, full.nodeConfigs.get(node) ?? 0, change);
    const pods = full.pods.of(node);
    for (const key of [...this.endpoints[node]!.keys()]) {
      if (!pods.has(key)) this.setPod(node, key, 0, change);
    }
    for (const [key, id] of pods) this.setPod(node, key, id, change);
  }

  private setBlock(node: number, prefix: number, content: number, change: ViewChange): void {
    const host = this.prefixes.isHost(prefix);
    const before = this.held(node, prefix, host);
    if (before === content) return;
    if (before !== 0) {
      for (const held of everySecond(this.reader.contents.borrowed(before))) {
        this.borrowed[node]!.delete(held);
        change.prefixes?.push(held);
      }
    }
    if (host) {
      if (content === 0) this.hostBlocks[node]!.delete(prefix);
      else this.hostBlocks[node]!.set(prefix, content);
    } else this.setContent(node, prefix, content);
    if (content !== 0) this.addBorrowed(node, content, change);
    change.prefixes?.push(prefix);
  }

  private setContent(node: number, prefix: number, content: number): void {
    while (this.blocks.length <= prefix) this.blocks.push(EMPTY);
    const row = withRoom(this.blocks[prefix]!, node, this.known.length);
    this.blocks[prefix] = row;
    this.known[node]! += Number(content !== 0) - Number(row[node] !== 0);
    row[node] = content;
  }

  private held(node: number, prefix: number, host: boolean): number {
    return host ? (this.hostBlocks[node]!.get(prefix) ?? 0) : this.content(node, prefix);
  }

  private addBorrowed(node: number, content: number, change: ViewChange): void {
    const borrowed = this.reader.contents.borrowed(content);
    for (let i = 0; i < borrowed.length; i += 2) {
      this.borrowed[node]!.set(borrowed[i]!, borrowed[i + 1]!);
      change.prefixes?.push(borrowed[i]!);
    }
  }

  private setInfo(node: number, other: number, info: number, change: ViewChange): void {
    if ((this.infos[node]![other] ?? 0) === info) return;
    this.infos[node] = withRoom(this.infos[node]!, other, other);
    this.infos[node][other] = info;
    if (other === node) {
      // The own subnet or tunnel addresses: every same-subnet decision is open again.
      change.prefixes = undefined;
      change.topology = true;
    }
    if (change.prefixes === undefined) return;
    for (const content of this.reader.contents.contentsOf(other)) {
      const prefix = this.reader.contents.prefix(content);
      if (this.held(node, prefix, this.prefixes.isHost(prefix)) !== content) continue;
      change.prefixes.push(prefix, ...everySecond(this.reader.contents.borrowed(content)));
    }
  }

  private setPod(node: number, key: string, endpoint: number, change: ViewChange): void {
    const mine = endpoint !== 0 && this.reader.endpoints.get(endpoint).node === node;
    const wanted = mine ? endpoint : 0;
    const before = this.endpoints[node]!.get(key) ?? 0;
    if (before === wanted) return;
    const local = this.local[node]!;
    if (before !== 0) {
      for (const prefix of this.reader.endpoints.get(before).prefixes) {
        // A new pod may have taken the address already.
        if (local.get(prefix) === before) this.handOn(node, prefix, key);
        change.prefixes?.push(prefix);
      }
    }
    if (wanted === 0) {
      this.endpoints[node]!.delete(key);
      this.dropHolder(key, node);
    } else {
      this.endpoints[node]!.set(key, wanted);
      if (before === 0) this.addHolder(key, node);
      for (const prefix of this.reader.endpoints.get(wanted).prefixes) {
        local.set(prefix, wanted);
        change.prefixes?.push(prefix);
      }
    }
    change.pods.push(key);
  }

  /**
   * An address leaves a pod; another one that claims it as well has it from now on. After a reboot a
   * pod's status still shows the address that a new sandbox of its neighbour has got.
   */
  private handOn(node: number, prefix: number, from: string): void {
    const { endpoints } = this.reader;
    for (const [key, id] of this.endpoints[node]!) {
      if (key === from || !endpoints.get(id).prefixes.includes(prefix)) continue;
      this.local[node]!.set(prefix, id);
      return;
    }
    this.local[node]!.delete(prefix);
  }

  private setPools(node: number, set: number, change: ViewChange): void {
    if (this.poolSet[node] === set) return;
    this.poolSet[node] = set;
    change.prefixes = undefined;
    change.topology = true;
  }

  private setConfig(node: number, row: number[], config: number, change: ViewChange): void {
    if (row[node] === config) return;
    row[node] = config;
    change.topology = true;
  }

  private addHolder(key: string, node: number): void {
    const held = this.holders.get(key);
    if (held === undefined) this.holders.set(key, [node]);
    else held.push(node);
  }

  private dropHolder(key: string, node: number): void {
    const held = this.holders.get(key);
    if (held === undefined) return;
    if (held.length === 1) this.holders.delete(key);
    else held.splice(held.indexOf(node), 1);
  }
}

const EMPTY: Int32Array = new Int32Array(0);
const NOBODY: readonly number[] = Object.freeze([]);

/** `array`, or a copy in which `index` exists, with room up to `likely`. */
function withRoom(array: Int32Array, index: number, likely: number): Int32Array {
  if (index < array.length) return array;
  const wider = new Int32Array(Math.max(16, likely + 1, Math.ceil((index + 1) * 1.25)));
  wider.set(array);
  return wider;
}

function everySecond(pairs: readonly number[]): number[] {
  return pairs.filter((_, i) => i % 2 === 0);
}
