import type {
  Engine,
  EventHandler,
  IpamClient,
  Micros,
  Node,
  NodeDirectory,
} from "@calico-sim/core";
import { Process } from "../workloads/process.js";
import { type HeartbeatStore, Heartbeats } from "./heartbeats.js";
import type { NodeAnswer, NodeOrder, NodeStep } from "./node-script.js";
import { NODE_SERVICE_DEFAULTS, type NodeServiceParameters } from "./parameters.js";
import { nodeScript } from "./startup-script.js";

/** Hears of a node's start-up. */
export interface NodeServicesListener {
  /** Address and tunnel addresses are written: Felix, then BIRD and confd, start now (node-behaviour §6.1). */
  onStartupDone(node: number, at: Micros): void;
  /** Start-up ended with an error, such as another node with the same address. */
  onStartupFailed(node: number, reason: string, at: Micros): void;
}

/** What {@link NodeServices} works with. */
export interface NodeServicesOptions {
  readonly engine: Engine;
  readonly store: HeartbeatStore;
  readonly ipam: IpamClient;
  readonly nodes: NodeDirectory;
  /** @defaultValue {@link NODE_SERVICE_DEFAULTS} */
  readonly parameters?: Partial<NodeServiceParameters>;
}

/** The addresses of a node's interface, with the length of their subnets: `10.0.1.5/24`. */
export interface HostAddresses {
  readonly ipv4Address?: string;
  readonly ipv6Address?: string;
}

interface Running {
  readonly process: Process<NodeOrder, NodeStep, NodeAnswer>;
  operation: number;
}

/**
 * What runs on a node beside Felix and BIRD: calico-node's start-up, the tunnel address allocator,
 * the address monitor, and the kubelet's heartbeats.
 */
export class NodeServices implements EventHandler {
  parameters: NodeServiceParameters;
  private readonly engine: Engine;
  private readonly store: HeartbeatStore;
  private readonly ipam: IpamClient;
  private readonly nodes: NodeDirectory;
  private readonly heartbeats: Heartbeats;
  private readonly listeners: NodeServicesListener[] = [];
  private readonly kindReply: number;
  private readonly kindContinue: number;
  private readonly kindRetry: number;
  private readonly kindIpam: number;
  private readonly running: Map<number, Running> = new Map();
  /** Ids in {@link running}, by node. */
  private readonly byNode: Set<number>[] = [];
  private processes = 0;
  /** Nodes whose services have started, with the Node as they last wrote it. */
  private readonly started: Map<number, Node> = new Map();
  private readonly addresses: Map<number, HostAddresses> = new Map();
  /** Nodes whose allocator is to run another round, because pools changed during the present one. */
  private readonly again: Set<number> = new Set();

  constructor({ engine, store, ipam, nodes, parameters }: NodeServicesOptions) {
    this.engine = engine;
    this.store = store;
    this.ipam = ipam;
    this.nodes = nodes;
    this.parameters = Object.freeze({ ...NODE_SERVICE_DEFAULTS, ...parameters });
    this.heartbeats = new Heartbeats(engine, store, nodes, this.parameters);
    this.kindReply = engine.defineKind("node-services.reply", this);
    this.kindContinue = engine.defineKind("node-services.continue", this);
    this.kindRetry = engine.defineKind("node-services.retry", this, { background: true });
    this.kindIpam = engine.defineKind("node-services.ipam", this);
  }

  /** Adds a listener. */
  listen(listener: NodeServicesListener): void {
    this.listeners.push(listener);
  }

  /** `IP6: autodetect`, for every calico-node that starts from now on. */
  detectIpv6(): void {
    this.parameters = Object.freeze({ ...this.parameters, detectIpv6: true });
  }

  /** What autodetection will find on a node. Without it the Node's own address, or the kubelet's report, is taken. */
  setHostAddresses(node: number, addresses: HostAddresses): void {
    this.addresses.set(node, Object.freeze({ ...addresses }));
  }

  /**
   * The node's container of calico-node starts now; its kubelet's heartbeats, if they do not run yet.
   *
   * @param datastoreFault Why the container cannot come to its datastore, whatever it does; its start-up fails.
   */
  start(node: number, datastoreFault?: string): void {
    this.stopProcesses(node);
    this.heartbeats.addKubelet(node);
    this.spawn(node, "startup", datastoreFault);
  }

  /** As if {@link start} had been done long ago: heartbeats and monitor run, nothing else is sent, nobody is told. */
  adopt(node: number, object: Node): void {
    this.heartbeats.addKubelet(node);
    this.onStarted(node, object);
  }

  /** calico-node ends; with it, unless told otherwise, the kubelet. */
  stop(node: number, options: { readonly kubelet: boolean } = { kubelet: true }): void {
    this.stopProcesses(node);
    this.started.delete(node);
    this.heartbeats.setMonitor(node, false);
    if (options.kubelet) this.heartbeats.removeKubelet(node);
  }

  /** True once a node's start-up is done. */
  isStarted(node: number): boolean {
    return this.started.has(node);
  }

  /** Felix and BIRD of a node are ready: the Node's NetworkUnavailable condition is cleared. */
  reportReady(node: number): void {
    if (this.started.has(node)) this.spawn(node, "ready");
  }

  /**
   * An IPPool, or what matters of the own Node, changed: the allocator of each started node (or of
   * these) looks at its tunnel addresses. Each costs a GET and a LIST even when nothing is to be done.
   */
  reconcileTunnels(nodes: Iterable<number> = this.started.keys()): void {
    for (const node of nodes) {
      if (!this.started.has(node)) continue;
      if (this.isRunning(node, "tunnels")) this.again.add(node);
      else this.spawn(node, "tunnels");
    }
  }

  /** Brings the meter's count of background requests up to now. Call it before reading the meter. */
  account(): void {
    this.heartbeats.account();
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number, b: number): void {
    const outcome = kind === this.kindReply ? this.store.takeOutcome(b) : undefined;
    const running = this.running.get(a);
    if (running === undefined) return;
    const { now } = this.engine;
    if (outcome !== undefined) running.process.answer({ now, outcome });
    else if (kind === this.kindIpam) {
      running.operation = -1;
      running.process.answer({ now, result: this.ipam.takeResult(b) });
    } else running.process.answer({ now });
    this.carryOut(a, running);
  }

  private spawn(node: number, type: NodeOrder["type"], datastoreFault?: string): void {
    const { ipv4Address, ipv6Address } = this.addresses.get(node) ?? {};
    const order: NodeOrder = Object.freeze({
      type,
      name: this.nodes.name(node),
      node,
      ipv4Address,
      ipv6Address,
      datastoreFault,
      last: this.started.get(node),
      parameters: this.parameters,
    });
    const id = this.processes++;
    const running: Running = { process: new Process(order, nodeScript), operation: -1 };
    this.running.set(id, running);
    this.ofNode(node).add(id);
    this.carryOut(id, running);
  }

  private carryOut(id: number, running: Running): void {
    const { engine } = this;
    const { process } = running;
    for (;;) {
      const { step, order } = process;
      if (step === undefined) {
        this.running.delete(id);
        this.ofNode(order.node).delete(id);
        if (order.type === "tunnels" && this.again.delete(order.node)) {
          this.spawn(order.node, "tunnels");
        }
        return;
      }
      switch (step.type) {
        case "request":
          this.store.request(step.request, this.kindReply, id);
          return;
        case "ipam": {
          const caller = { client: "tunnel-ip" as const, node: order.node };
          running.operation = this.ipam.start(step.order, caller, this.kindIpam, id);
          return;
        }
        case "work":
          engine.after(this.draw(order, step.median), this.kindContinue, id);
          return;
        case "retry":
          engine.after(step.delay, this.kindRetry, id);
          return;
        case "done":
          if (order.type === "startup") {
            this.onStarted(order.node, step.node);
            for (const listener of this.listeners) listener.onStartupDone(order.node, engine.now);
          } else this.started.set(order.node, step.node);
          break;
        case "failed":
          for (const listener of this.listeners) {
            listener.onStartupFailed(order.node, step.reason, engine.now);
          }
      }
      process.answer({ now: engine.now });
    }
  }

  private onStarted(node: number, object: Node): void {
    this.started.set(node, object);
    this.heartbeats.setMonitor(node, true);
  }

  private isRunning(node: number, type: NodeOrder["type"]): boolean {
    for (const id of this.ofNode(node)) {
      if (this.running.get(id)?.process.order.type === type) return true;
    }
    return false;
  }

  private stopProcesses(node: number): void {
    this.again.delete(node);
    for (const id of this.ofNode(node)) {
      const operation = this.running.get(id)?.operation ?? -1;
      if (operation >= 0) this.ipam.abandon(operation);
      this.running.delete(id);
    }
    this.ofNode(node).clear();
  }

  private ofNode(node: number): Set<number> {
    return (this.byNode[node] ??= new Set());
  }

  private draw({ name }: NodeOrder, median: Micros): Micros {
    const { spread } = this.parameters;
    if (spread === 0 || median === 0) return median;
    return Math.round(this.engine.stream("node-services", name, "work").logNormal(median, spread));
  }
}
