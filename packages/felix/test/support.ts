import {
  Engine,
  hostCidr,
  type IPAMBlock,
  type IPPool,
  Kernels,
  type Micros,
  type Node,
  NodeDirectory,
  type Pod,
  PrefixTable,
  type ProgramClusterRoutes,
  parseAddress,
  parseCidr,
  type Resource,
  type SyncerSource,
  type SyncerUpdate,
  type UpdateBatch,
} from "@calico-sim/core";
import { FelixFleet, type FelixListener, type RestartReason } from "../src/index.js";

/** Key of a resource in a store. */
export function key(resource: Resource): string {
  const { namespace, name } = resource.metadata;
  return [resource.kind, namespace, name].filter((part) => part !== undefined).join("/");
}

/** A change of one object, as a syncer reports it. */
export function change(resource: Resource | undefined, previous?: Resource): SyncerUpdate {
  const either = (resource ?? previous)!;
  return Object.freeze({
    kind: either.kind,
    key: key(either),
    resource,
    previous,
    revision: 1,
    kvs: 1,
    bytes: 100,
  });
}

/** A batch of such changes. */
export function batchOf(updates: readonly SyncerUpdate[], snapshot = false): UpdateBatch {
  return { updates, snapshot, kvs: updates.length, bytes: 100, status: "in-sync" };
}

export const node = (
  name: string,
  address: string,
  tunnels: { ipip?: string; vxlan?: string } = {},
): Node =>
  Object.freeze({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: {
        "projectcalico.org/IPv4Address": address,
        ...(tunnels.ipip === undefined
          ? {}
          : { "projectcalico.org/IPv4IPIPTunnelAddr": tunnels.ipip }),
        ...(tunnels.vxlan === undefined
          ? {}
          : { "projectcalico.org/IPv4VXLANTunnelAddr": tunnels.vxlan }),
      },
    },
  } as Node);

export const pool = (name: string, cidr: string, mode: string): IPPool =>
  Object.freeze({
    apiVersion: "projectcalico.org/v3",
    kind: "IPPool",
    metadata: { name },
    spec: {
      cidr,
      ipipMode: mode.startsWith("ipip") ? (mode === "ipip" ? "Always" : "CrossSubnet") : "Never",
      vxlanMode: mode.startsWith("vxlan") ? (mode === "vxlan" ? "Always" : "CrossSubnet") : "Never",
    },
  } as IPPool);

/** A block of `owner`; `holders[i]` holds ordinal i. */
export const block = (
  cidr: string,
  owner: string | null,
  holders: readonly string[] = [],
): IPAMBlock =>
  Object.freeze({
    apiVersion: "projectcalico.org/v3",
    kind: "IPAMBlock",
    metadata: { name: cidr.replace(/[./]/g, "-") },
    spec: {
      cidr,
      affinity: owner === null ? null : `host:${owner}`,
      allocations: holders.map((_, i) => i),
      unallocated: [],
      attributes: holders.map((holder) => ({ secondary: { node: holder } })),
    },
  } as IPAMBlock);

export const pod = (name: string, on: string, ip: string | undefined): Pod =>
  Object.freeze({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: { nodeName: on },
    status: ip === undefined ? {} : { podIP: ip },
  } as Pod);

/** What a Felix was seen to do. */
export class Diary implements FelixListener {
  readonly up: { node: number; pod: string; at: Micros }[] = [];
  readonly inSync: { node: number; at: Micros }[] = [];
  readonly restarts: { node: number; reason: RestartReason }[] = [];

  onEndpointUp(on: number, podKey: string, at: Micros): void {
    this.up.push({ node: on, pod: podKey, at });
  }

  onInSync(on: number, at: Micros): void {
    this.inSync.push({ node: on, at });
  }

  onRestart(on: number, reason: RestartReason): void {
    this.restarts.push({ node: on, reason });
  }
}

/** A datastore with watches: a snapshot to whoever connects, changes to whoever is connected. */
export class World implements SyncerSource {
  readonly engine: Engine = new Engine({ seed: 7 });
  readonly nodes: NodeDirectory;
  readonly prefixes: PrefixTable = new PrefixTable();
  readonly kernels: Kernels;
  readonly felix: FelixFleet;
  readonly diary: Diary = new Diary();
  readonly content: Map<string, Resource> = new Map();
  readonly connected: Set<number> = new Set();
  /** Clients whose stream broke and who do not know it yet. */
  readonly lost: Set<number> = new Set();

  constructor(
    names: readonly string[],
    programClusterRoutes: ProgramClusterRoutes = "EnabledIPIPOnly",
  ) {
    const { engine, prefixes, diary } = this;
    this.nodes = new NodeDirectory(names);
    this.kernels = new Kernels(prefixes, names.length);
    const { nodes, kernels } = this;
    const options = { engine, nodes, prefixes, kernels, programClusterRoutes, listener: diary };
    this.felix = new FelixFleet(options);
    this.felix.setSource(this);
  }

  connect(client: number): void {
    this.connected.add(client);
    this.lost.delete(client);
    const updates = [...this.content.values()].map((resource) => change(resource));
    this.deliver(batchOf(updates, true), [client]);
  }

  disconnect(client: number): void {
    this.connected.delete(client);
    this.lost.delete(client);
  }

  /** Writes objects without telling anybody. */
  put(...resources: readonly Resource[]): void {
    for (const resource of resources) this.content.set(key(resource), resource);
  }

  /** Writes objects as one batch to all that are connected. */
  write(...resources: readonly Resource[]): void {
    this.deliver(batchOf(resources.map((r) => change(r, this.content.get(key(r))))), [
      ...this.connected,
    ]);
    this.put(...resources);
  }

  /** Deletes objects. */
  erase(...resources: readonly Resource[]): void {
    this.deliver(batchOf(resources.map((r) => change(undefined, this.content.get(key(r)) ?? r))), [
      ...this.connected,
    ]);
    for (const resource of resources) this.content.delete(key(resource));
  }

  deliver(batch: UpdateBatch, clients: readonly number[], delay: Micros = 1_000): void {
    const arrivals = Float64Array.from(clients, () => this.engine.now + delay);
    this.felix.onBatch(batch, Int32Array.from(clients), arrivals, clients.length);
  }

  startAll(): void {
    for (let id = 0; id < this.nodes.size; id++) this.felix.start(id);
  }

  run(micros: Micros): void {
    this.engine.run({ until: this.engine.now + micros });
  }

  /** Routes of a node as `ip route` would print them, by prefix. */
  routes(name: string): Record<string, string> {
    const table: Record<string, string> = {};
    for (const { prefix, route } of this.kernels.table(this.nodes.id(name))) {
      const { type, device, gateway, onlink, metric, protocol } = this.kernels.route(route);
      const text = [
        ...(type === "blackhole" ? ["blackhole"] : []),
        ...(gateway >= 0 ? [`via ${this.nodes.name(gateway)}`] : []),
        ...(device === "" ? [] : [`dev ${device}`]),
        `proto ${protocol}`,
        ...(metric === 0 ? [] : [`metric ${metric}`]),
        ...(onlink ? ["onlink"] : []),
      ].join(" ");
      const cidr = this.prefixes.text(prefix);
      table[cidr] = table[cidr] === undefined ? text : `${table[cidr]}; ${text}`;
    }
    return table;
  }

  /** Prefix id of a text. */
  prefix(text: string): number {
    const cidr = parseCidr(text) ?? hostCidr(parseAddress(text)!);
    return this.prefixes.intern(cidr);
  }
}
