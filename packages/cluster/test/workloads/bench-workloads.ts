import {
  Datastore,
  Engine,
  type IPPool,
  IpamClient,
  type KubernetesNode,
  type LoadSnapshot,
  type Micros,
  NodeDirectory,
  type Resource,
} from "@calico-sim/core";
import {
  type WorkloadListener,
  type WorkloadParameters,
  Workloads,
} from "../../src/workloads/index.js";

/** Keeps what it hears, one line each. */
export class Diary implements WorkloadListener {
  readonly lines: string[] = [];
  readonly addresses: Map<string, string> = new Map();

  onPodScheduled(key: string, node: number): void {
    this.lines.push(`${key} scheduled on ${node}`);
  }

  onPodAddressed(key: string, node: number, address: string): void {
    this.addresses.set(key, address);
    this.lines.push(`${key} addressed on ${node}`);
  }

  onPodGone(key: string): void {
    this.addresses.delete(key);
    this.lines.push(`${key} gone`);
  }

  onPodFailed(key: string, reason: string): void {
    this.lines.push(`${key} failed: ${reason}`);
  }
}

/** A small cluster's worth of kubelets. */
export interface Bench {
  readonly engine: Engine;
  readonly store: Datastore;
  readonly nodes: NodeDirectory;
  readonly ipam: IpamClient;
  readonly workloads: Workloads;
  readonly diary: Diary;
  readonly path: Path;
}

/** The network to the datastore. */
export class Path {
  readonly cut: Set<number> = new Set();

  delay(node: number): Micros {
    if (this.cut.has(node)) return Number.POSITIVE_INFINITY;
    return node < 0 ? 0 : 300;
  }
}

/** Builds it. */
export function bench(
  nodeNames: readonly string[],
  pools: readonly IPPool[],
  parameters: Partial<WorkloadParameters> = {},
  more: readonly Resource[] = [],
): Bench {
  const engine = new Engine({ seed: 3 });
  const path = new Path();
  const store = new Datastore(engine, { flavour: "kubernetes", path });
  const nodes = new NodeDirectory(nodeNames);
  const ipam = new IpamClient(engine, store);
  const workloads = new Workloads({ engine, store, ipam, nodes, parameters });
  const diary = new Diary();
  workloads.listen(diary);
  store.seed([...nodeNames.map((name) => node(name)), ...pools, ...more]);
  return { engine, store, nodes, ipam, workloads, diary, path };
}

/** A pool. */
export function pool(name: string, cidr: string, spec: Partial<IPPool["spec"]> = {}): IPPool {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "IPPool",
    metadata: { name },
    spec: { cidr, ...spec },
  };
}

/** A node. */
export function node(name: string): KubernetesNode {
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels: {} } };
}

const READS = new Set(["get", "list"]);

/** Reads and writes of one client so far. */
export function requestsOf(load: LoadSnapshot, client: string): { reads: number; writes: number } {
  let reads = 0;
  let writes = 0;
  for (const row of load.byClientAndKind) {
    if (row.client !== client) continue;
    for (const [verb, count] of Object.entries(row.requests)) {
      if (READS.has(verb)) reads += count;
      else if (verb !== "watch") writes += count;
    }
  }
  return { reads, writes };
}
