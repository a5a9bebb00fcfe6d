import {
  Datastore,
  Engine,
  type EventHandler,
  type IPPool,
  IpamClient,
  type IpamCounts,
  type IpamOrder,
  type IpamResult,
  type KubernetesNode,
  type Micros,
  type Resource,
} from "../../src/index.js";

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
export function node(name: string, labels: Record<string, string> = {}): KubernetesNode {
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
}

/** An engine, a datastore and IPAM, and the results in the order in which operations ended. */
export class Bench implements EventHandler {
  readonly engine: Engine;
  readonly store: Datastore;
  readonly ipam: IpamClient;
  readonly results: { readonly tag: number; readonly at: Micros; readonly result: IpamResult }[] =
    [];
  private readonly kindDone: number;
  private readonly kindStart: number;
  private readonly planned: { readonly order: IpamOrder; readonly node: number }[] = [];

  constructor(resources: readonly Resource[], flavour: "kubernetes" | "etcd" = "kubernetes") {
    this.engine = new Engine({ seed: 7 });
    this.store = new Datastore(this.engine, { flavour, path: new ShortPath() });
    this.ipam = new IpamClient(this.engine, this.store);
    this.kindDone = this.engine.defineKind("bench-done", this);
    this.kindStart = this.engine.defineKind("bench-start", this);
    this.store.seed(resources);
  }

  /** Starts an operation at a time; its tag is returned. */
  plan(order: IpamOrder, at: Micros = this.engine.now, nodeId = 0): number {
    this.planned.push({ order, node: nodeId });
    this.engine.schedule(at, this.kindStart, this.planned.length - 1);
    return this.planned.length - 1;
  }

  /** Runs one operation to its end: the result, and the requests it made. */
  perform(order: IpamOrder): { result: IpamResult; reads: number; writes: number } {
    const before: IpamCounts = { ...this.ipam.counts };
    const requests = this.store.meter.snapshot().requestsTotal;
    this.plan(order);
    this.engine.run();
    const reads = this.ipam.counts.reads - before.reads;
    const writes = this.ipam.counts.writes - before.writes;
    // The server's own account agrees with the client's.
    if (this.store.meter.snapshot().requestsTotal - requests !== reads + writes) {
      throw new Error("client and server disagree on the number of requests");
    }
    return { result: this.results.at(-1)!.result, reads, writes };
  }

  onEvent(kind: number, a: number, b: number): void {
    if (kind === this.kindStart) {
      const { order, node: nodeId } = this.planned[a]!;
      this.ipam.start(order, { client: "cni", node: nodeId }, this.kindDone, a);
      return;
    }
    const result = this.ipam.takeResult(b);
    this.results.push({ tag: a, at: this.engine.now, result });
  }
}

class ShortPath {
  delay(nodeId: number): Micros {
    return nodeId < 0 ? 0 : 200 + nodeId * 7;
  }
}

/** The order of a pod's address. */
export function podOrder(
  nodeName: string,
  handle: string,
  count = 1,
): Extract<IpamOrder, { type: "assign" }> {
  return {
    type: "assign",
    node: nodeName,
    family: 4,
    count,
    handle,
    attributes: { node: nodeName, namespace: "default", pod: handle },
    use: "Workload",
  };
}
