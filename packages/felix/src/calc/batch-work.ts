import {
  BatchMemory,
  type FelixConfiguration,
  type IPAMBlock,
  type IPPool,
  type Kernels,
  type Node,
  type NodeDirectory,
  type Pod,
  type PrefixTable,
  type SyncerUpdate,
  type UpdateBatch,
} from "@calico-sim/core";
import { BlockContents } from "./block-contents.js";
import { Configurations } from "./configurations.js";
import { Endpoints } from "./endpoints.js";
import { NodeInfos } from "./node-infos.js";
import { PoolSets } from "./pool-sets.js";
import { SnapshotPods } from "./snapshot-pods.js";

/** What one batch means for routes and endpoints, computed once and shared by all its receivers. */
export interface BatchWork {
  /** It holds nothing but pods, at most one block, and objects that mean nothing to routes. */
  readonly quiet: boolean;
  /** Prefix of that block; −1 = none. */
  readonly block: number;
  /** Blocks: aggregate or host prefix and content id, in order. */
  readonly blockPrefixes: readonly number[];
  readonly blockContents: readonly number[];
  /** Pods, unless it is a snapshot: key and endpoint id (0 = none now). */
  readonly podKeys: readonly string[];
  readonly podEndpoints: readonly number[];
  /** Nodes on which these pods run, or ran as far as the sender knows. */
  readonly podNodes: readonly number[];
  readonly nodeIds: readonly number[];
  readonly nodeInfos: readonly number[];
  readonly poolKeys: readonly string[];
  readonly poolEntries: readonly number[];
  /** FelixConfigurations: −1 = the global one, else the node of a `node.<name>`; and content ids. */
  readonly configScopes: readonly number[];
  readonly configs: readonly number[];
  /** Present for a snapshot: the same as arrays to copy or compare. */
  readonly full: FullState | undefined;
}

/** The whole state that a snapshot carries. */
export interface FullState {
  /** Content id by aggregate prefix. */
  readonly blocks: Int32Array;
  /** Blocks that are host prefixes. */
  readonly hostBlocks: ReadonlyMap<number, number>;
  /** Content ids of the blocks with borrowed addresses, and of host blocks. */
  readonly withHosts: readonly number[];
  /** Info id by node. */
  readonly infos: Int32Array;
  readonly poolSet: number;
  readonly globalConfig: number;
  readonly nodeConfigs: ReadonlyMap<number, number>;
  readonly pods: SnapshotPods;
}

/** Reads batches; owns everything that is interned. */
export class BatchReader {
  readonly infos: NodeInfos = new NodeInfos();
  readonly pools: PoolSets;
  readonly contents: BlockContents;
  readonly endpoints: Endpoints;
  readonly configurations: Configurations = new Configurations();

  private readonly nodes: NodeDirectory;
  private readonly prefixes: PrefixTable;
  private readonly memory: BatchMemory<BatchWork> = new BatchMemory();

  constructor(nodes: NodeDirectory, prefixes: PrefixTable, kernels: Kernels, protocol: number) {
    this.nodes = nodes;
    this.prefixes = prefixes;
    this.pools = new PoolSets(prefixes);
    this.contents = new BlockContents(prefixes, nodes);
    this.endpoints = new Endpoints(nodes, prefixes, kernels, protocol);
  }

  /** The work of a batch; the same object for the same batch while it is recent. */
  work(batch: UpdateBatch): BatchWork {
    let work = this.memory.get(batch);
    if (work === undefined) this.memory.set(batch, (work = this.read(batch)));
    return work;
  }

  private read(batch: UpdateBatch): BatchWork {
    const work = new Draft();
    for (const update of batch.updates) {
      // A snapshot's pods are read when their node asks.
      if (!batch.snapshot || update.kind !== "Pod") this.readUpdate(update, work);
    }
    const blocks = work.blockPrefixes.length;
    work.quiet =
      !batch.snapshot &&
      blocks <= 1 &&
      work.nodeIds.length + work.poolKeys.length + work.configs.length === 0;
    if (blocks === 1) work.block = work.blockPrefixes[0]!;
    // A block that is a host prefix is in no dense row.
    if (work.block >= 0 && this.prefixes.isHost(work.block)) work.quiet = false;
    if (batch.snapshot) work.full = this.full(work, batch);
    return work;
  }

  private readUpdate(update: SyncerUpdate, work: Draft): void {
    const { key, resource } = update;
    switch (update.kind) {
      case "IPAMBlock": {
        const previous = update.previous as IPAMBlock | undefined;
        let read = this.contents.intern(key, resource as IPAMBlock | undefined);
        if (read.prefix < 0 && previous !== undefined) {
          read = { prefix: this.contents.intern(key, previous).prefix, id: 0 };
        }
        if (read.prefix < 0) return;
        work.blockPrefixes.push(read.prefix);
        work.blockContents.push(read.id);
        return;
      }
      case "Pod": {
        const endpoint = this.endpoints.intern(key, resource as Pod | undefined);
        work.podKeys.push(key);
        work.podEndpoints.push(endpoint);
        if (endpoint !== 0) work.podNodes.push(this.endpoints.get(endpoint).node);
        const before = (update.previous as Pod | undefined)?.spec?.nodeName;
        if (before !== undefined) work.podNodes.push(this.nodes.id(before));
        return;
      }
      case "Node": {
        const name =
          (resource ?? update.previous)?.metadata.name ?? key.slice(key.indexOf("/") + 1);
        const node = this.nodes.id(name);
        if (node < 0) return;
        work.nodeIds.push(node);
        work.nodeInfos.push(resource === undefined ? 0 : this.infos.intern(resource as Node));
        return;
      }
      case "IPPool":
        work.poolKeys.push(key);
        work.poolEntries.push(resource === undefined ? 0 : this.pools.entry(resource as IPPool));
        return;
      case "FelixConfiguration": {
        const name = key.slice(key.indexOf("/") + 1);
        const scope = name.startsWith("node.") ? this.nodes.id(name.slice(5)) : -1;
        if (scope === -1 && name !== "default") return;
        work.configScopes.push(scope);
        work.configs.push(this.configurations.intern(resource as FelixConfiguration | undefined));
        return;
      }
      default:
    }
  }

  private full(work: Draft, { updates }: UpdateBatch): FullState {
    const blocks = new Int32Array(this.prefixes.aggregateCount);
    const hostBlocks = new Map<number, number>();
    const withHosts: number[] = [];
    work.blockPrefixes.forEach((prefix, i) => {
      const id = work.blockContents[i]!;
      if (this.prefixes.isHost(prefix)) hostBlocks.set(prefix, id);
      else blocks[prefix] = id;
      if (id !== 0 && this.contents.borrowed(id).length > 0) withHosts.push(id);
    });
    const infos = new Int32Array(this.nodes.size);
    work.nodeIds.forEach((node, i) => {
      infos[node] = work.nodeInfos[i]!;
    });
    let poolSet = 0;
    work.poolKeys.forEach((key, i) => {
      poolSet = this.pools.with(poolSet, key, work.poolEntries[i]!);
    });
    let globalConfig = 0;
    const nodeConfigs = new Map<number, number>();
    work.configScopes.forEach((scope, i) => {
      if (scope < 0) globalConfig = work.configs[i]!;
      else nodeConfigs.set(scope, work.configs[i]!);
    });
    return {
      blocks,
      hostBlocks,
      withHosts,
      infos,
      poolSet,
      globalConfig,
      nodeConfigs,
      pods: new SnapshotPods(updates, this.endpoints, this.nodes),
    };
  }
}

class Draft implements BatchWork {
  quiet = false;
  block = -1;
  readonly blockPrefixes: number[] = [];
  readonly blockContents: number[] = [];
  readonly podKeys: string[] = [];
  readonly podEndpoints: number[] = [];
  readonly podNodes: number[] = [];
  readonly nodeIds: number[] = [];
  readonly nodeInfos: number[] = [];
  readonly poolKeys: string[] = [];
  readonly poolEntries: number[] = [];
  readonly configScopes: number[] = [];
  readonly configs: number[] = [];
  full: FullState | undefined = undefined;
}
