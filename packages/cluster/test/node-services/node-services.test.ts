import {
  affinityState,
  Datastore,
  Engine,
  fork,
  type IPPool,
  IpamClient,
  type KubernetesNode,
  MINUTE,
  type Micros,
  NodeDirectory,
  nodeView,
  type Resource,
  SECOND,
} from "@calico-sim/core";
import { describe, expect, it } from "vitest";
import { NodeServices } from "../../src/node-services/index.js";
import { node as bareNode, Path, pool, requestsOf } from "../workloads/bench-workloads.js";

class Bench {
  readonly engine: Engine = new Engine({ seed: 5 });
  readonly path: Path = new Path();
  readonly store: Datastore;
  readonly nodes: NodeDirectory;
  readonly services: NodeServices;
  readonly done: Map<number, Micros> = new Map();
  readonly failed: string[] = [];

  constructor(nodes: readonly KubernetesNode[], resources: readonly Resource[]) {
    const { engine } = this;
    this.store = new Datastore(engine, { flavour: "kubernetes", path: this.path });
    this.nodes = new NodeDirectory(nodes.map((n) => n.metadata.name));
    const ipam = new IpamClient(engine, this.store);
    this.services = new NodeServices({ engine, store: this.store, ipam, nodes: this.nodes });
    this.services.listen(this);
    this.store.seed([...nodes, ...resources]);
  }

  onStartupDone(node: number, at: Micros): void {
    this.done.set(node, at);
  }

  onStartupFailed(_node: number, reason: string): void {
    this.failed.push(reason);
  }

  view(name: string): ReturnType<typeof nodeView> {
    return nodeView(this.store.get("Node", name)!);
  }
}

function reported(name: string, address: string): KubernetesNode {
  return { ...bareNode(name), status: { addresses: [{ type: "InternalIP", address }] } };
}

const ipip: IPPool = pool("p", "10.0.0.0/16", { ipipMode: "Always" });

describe("start-up of calico-node", () => {
  it("writes the address that the kubelet reports, then the tunnel address, and makes what is missing", () => {
    const b = new Bench([reported("n1", "192.168.1.5")], [ipip]);
    b.services.start(0);
    b.engine.run();
    expect([...b.done.keys()]).toEqual([0]);
    const view = b.view("n1");
    expect(view.ipv4Address).toBe("192.168.1.5/24");
    const [block] = b.store.list("IPAMBlock");
    expect(view.ipv4IPIPTunnelAddr).toBe(block?.spec.cidr.split("/")[0]);
    expect(block?.spec.attributes[0]).toEqual({
      handle_id: "ipip-tunnel-addr-n1",
      secondary: { node: "n1", type: "ipipTunnelAddress" },
    });
    expect(b.store.list("BlockAffinity").map(affinityState)).toEqual(["confirmed"]);
    expect(b.store.count("ClusterInformation")).toBe(1);
    expect(b.store.count("FelixConfiguration")).toBe(1);
  });

  it("makes the requests of node-behaviour §6.2, each once", () => {
    const cost = (resources: readonly Resource[], node: KubernetesNode) => {
      const b = new Bench([node], resources);
      b.services.start(0);
      b.engine.run();
      const load = b.store.meter.snapshot();
      return {
        startup: requestsOf(load, "node-startup"),
        tunnel: requestsOf(load, "tunnel-ip"),
        lists: load.byClientAndKind.find((r) => r.client === "node-startup" && r.kind === "Node")
          ?.requests.list,
      };
    };
    // A new node. Reads: Node ×3, ConfigMap ×2, LIST Nodes, Node before its PUT, pools, four objects.
    // Writes: the Node, ClusterInformation, FelixConfiguration, three tiers.
    expect(cost([ipip], reported("n1", "192.168.1.5"))).toEqual({
      startup: { reads: 12, writes: 6 },
      // GET Node, LIST pools; 9 + 6 of a new block; GET and PUT of the Node.
      tunnel: { reads: 12, writes: 7 },
      lists: 1,
    });
    // A restart: no LIST of Nodes, nothing to create; the tunnel address is checked and kept.
    const first = new Bench([reported("n1", "192.168.1.5")], [ipip]);
    first.services.start(0);
    first.engine.run();
    const before = first.store.meter.snapshot();
    first.services.start(0);
    first.engine.run();
    const after = first.store.meter.snapshot();
    const spent = (client: string): [number, number] => {
      const [x, y] = [requestsOf(before, client), requestsOf(after, client)];
      return [y.reads - x.reads, y.writes - x.writes];
    };
    expect(spent("node-startup")).toEqual([11, 4]);
    expect(spent("tunnel-ip")).toEqual([4, 0]);
  });

  it("takes what autodetection finds rather than what the Node says", () => {
    const b = new Bench([reported("n1", "192.168.1.5")], [pool("p", "10.0.0.0/16")]);
    b.services.setHostAddresses(0, { ipv4Address: "172.16.3.4/20", ipv6Address: "fd00::4/64" });
    b.services.start(0);
    b.engine.run();
    expect(b.view("n1")).toMatchObject({ ipv4Address: "172.16.3.4/20", ipv6Address: "fd00::4/64" });
    // No encapsulation, no tunnel address, no block.
    expect(b.store.count("IPAMBlock")).toBe(0);
  });

  it("fails where another node has the address", () => {
    const b = new Bench([reported("n1", "192.168.1.5"), reported("n2", "192.168.1.5")], [ipip]);
    b.services.start(0);
    b.engine.run();
    b.services.start(1);
    b.engine.run();
    expect([...b.done.keys()]).toEqual([0]);
    expect(b.failed).toEqual(["node n1 has the address 192.168.1.5/24 already"]);
  });

  it("fails where another node has the IPv6 address", () => {
    const b = new Bench([reported("n1", "192.168.1.5"), reported("n2", "192.168.1.6")], [ipip]);
    for (const id of [0, 1]) b.services.setHostAddresses(id, { ipv6Address: "fd00::4/64" });
    b.services.start(0);
    b.engine.run();
    b.services.start(1);
    b.engine.run();
    expect([...b.done.keys()]).toEqual([0]);
    expect(b.failed).toEqual(["node n1 has the address fd00::4/64 already"]);
  });

  it("creates the default pool when there is none", () => {
    const b = new Bench([reported("n1", "10.9.0.1"), reported("n2", "10.9.0.2")], []);
    b.services.start(0);
    b.services.start(1);
    b.engine.run();
    expect(b.store.list("IPPool").map((p) => [p.metadata.name, p.spec.cidr])).toEqual([
      ["default-ipv4-ippool", "192.168.0.0/16"],
    ]);
    expect(b.done.size).toBe(2);
  });

  it("waits for a datastore that is away, and for its Node", () => {
    const b = new Bench([reported("n1", "10.9.0.1")], [ipip]);
    b.store.setUp(false);
    b.services.start(0);
    b.engine.run({ until: 30 * SECOND });
    expect(b.done.size).toBe(0);
    b.store.setUp(true);
    b.engine.run({ until: 40 * SECOND });
    expect(b.done.get(0)! / SECOND).toBeLessThan(33);
  });

  it("stops where it is when the node dies", () => {
    const b = new Bench([reported("n1", "10.9.0.1")], [ipip]);
    b.services.start(0);
    b.engine.run({ until: 600_000 });
    b.services.stop(0);
    b.engine.run();
    expect(b.done.size).toBe(0);
    expect(b.services.isStarted(0)).toBe(false);
    b.services.start(0);
    b.engine.run();
    expect(b.done.size).toBe(1);
  });

  it("goes on in a fork as in the original", () => {
    const names = Array.from({ length: 8 }, (_, i) => reported(`n${i}`, `10.9.0.${i + 1}`));
    const b = new Bench(names, [ipip]);
    for (const i of names.keys()) b.services.start(i);
    b.engine.run({ until: 560_000 });
    const copy = fork(b);
    b.engine.run();
    copy.engine.run();
    expect(copy.engine.digest()).toBe(b.engine.digest());
    expect(copy.store.list("Node")).toEqual(b.store.list("Node"));
    expect(copy.done.size).toBe(8);
  });
});

describe("tunnel addresses", () => {
  const started = (): Bench => {
    const b = new Bench([reported("n1", "10.9.0.1"), reported("n2", "10.9.0.2")], [ipip]);
    b.services.start(0);
    b.services.start(1);
    b.engine.run();
    return b;
  };

  it("follow the pools: IPIP off and VXLAN on gives the one back and takes the other", () => {
    const b = started();
    b.store.edit("IPPool", "p", undefined, (draft) => {
      draft.spec.ipipMode = "Never";
      draft.spec.vxlanMode = "CrossSubnet";
    });
    b.services.reconcileTunnels();
    b.engine.run();
    for (const name of ["n1", "n2"]) {
      expect(b.view(name).ipv4IPIPTunnelAddr).toBeUndefined();
      expect(b.view(name).ipv4VXLANTunnelAddr).toMatch(/^10\.0\./);
    }
    expect(b.store.list("IPAMHandle").map((h) => h.spec.handleID)).toEqual([
      "vxlan-tunnel-addr-n1",
      "vxlan-tunnel-addr-n2",
    ]);
  });

  it("are assigned anew when IPAM has lost them", () => {
    const b = started();
    for (const { metadata } of b.store.list("IPAMBlock"))
      b.store.remove("IPAMBlock", metadata.name);
    b.services.reconcileTunnels([0]);
    b.engine.run();
    const address = b.view("n1").ipv4IPIPTunnelAddr;
    const held = b.store.list("IPAMBlock").flatMap((block) => block.spec.cidr.split("/")[0]);
    expect(held).toEqual([address]);
  });

  it("cost each node a GET and a LIST when nothing is to be done, and no second round at a time", () => {
    const b = started();
    const before = requestsOf(b.store.meter.snapshot(), "tunnel-ip");
    b.services.reconcileTunnels();
    b.services.reconcileTunnels();
    b.services.reconcileTunnels();
    b.engine.run();
    const after = requestsOf(b.store.meter.snapshot(), "tunnel-ip");
    // Two rounds of two nodes: Node, pools; and the check of the address held: pools, block.
    expect(after.reads - before.reads).toBe(2 * 2 * 4);
    expect(after.writes).toBe(before.writes);
  });
});

describe("the report of readiness", () => {
  it("clears NetworkUnavailable and leaves the other conditions", () => {
    const n = { ...reported("n1", "10.9.0.1") };
    const conditions = [
      { type: "Ready", status: "True" },
      { type: "NetworkUnavailable", status: "True" },
    ];
    const b = new Bench([{ ...n, status: { ...n.status, conditions } }], [ipip]);
    b.services.start(0);
    b.engine.run();
    b.services.reportReady(0);
    b.engine.run();
    const node = b.store.get("Node", "n1") as KubernetesNode;
    expect(node.status?.conditions).toEqual([
      { type: "Ready", status: "True" },
      { type: "NetworkUnavailable", status: "False", reason: "CalicoIsUp" },
    ]);
  });
});

describe("heartbeats", () => {
  it("are N/10 Leases, N/30 Node GETs and N/300 Node reports a second, without an event for each", () => {
    const nodes = Array.from({ length: 30 }, (_, i) => reported(`n${i}`, `10.9.0.${i + 1}`));
    const b = new Bench(nodes, [ipip]);
    for (const [i, n] of nodes.entries()) b.services.adopt(i, n);
    b.engine.run({ until: 10 * MINUTE });
    b.services.account();
    const rows = b.store.meter.snapshot().byClientAndKind;
    const count = (client: string, kind: string): number =>
      rows.find((r) => r.client === client && r.kind === kind)?.requestsTotal ?? 0;
    expect(count("kubelet", "Lease")).toBe(30 * 60);
    expect(count("address-monitor", "Node")).toBe(30 * 10 * 2);
    expect(count("kubelet", "Node")).toBe(30 * 2);
    // 60 windows, and three events for each of the 60 real writes.
    expect(b.engine.dispatched).toBeLessThan(60 + 60 * 4 + 2);
    expect(b.engine.pendingForeground).toBe(0);
  });

  it("are spread evenly, stop with the node, and are not heard of from a node that is cut off", () => {
    const nodes = Array.from({ length: 100 }, (_, i) => reported(`n${i}`, `10.9.0.${i + 1}`));
    const b = new Bench(nodes, [ipip]);
    for (const [i, n] of nodes.entries()) b.services.adopt(i, n);
    b.engine.run({ until: MINUTE });
    b.services.account();
    const series = b.store.meter.snapshot().series.filter((s) => s.second > 10 && s.second < 50);
    expect(Math.max(...series.map((s) => s.requests))).toBeLessThan(25);
    const total = (): number => {
      b.services.account();
      return b.store.meter.snapshot().requestsTotal;
    };
    const before = total();
    for (let i = 0; i < 50; i++) b.services.stop(i);
    for (let i = 50; i < 100; i++) b.path.cut.add(i);
    b.engine.run({ until: 4 * MINUTE });
    // Node reports that were sent and not answered count at the client only.
    expect(total()).toBe(before);
    b.path.cut.clear();
    b.engine.run({ until: 5 * MINUTE });
    expect(total()).toBeGreaterThan(before + 50 * 6);
  });
});
