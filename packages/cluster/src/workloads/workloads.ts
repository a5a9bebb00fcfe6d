import type {
  AddressFamily,
  Engine,
  EventHandler,
  IpamClient,
  IpamResult,
  IpamStore,
  Micros,
  NodeDirectory,
  RequestOutcome,
} from "@calico-sim/core";
import { Gate } from "./gate.js";
import { WORKLOAD_DEFAULTS, type WorkloadParameters } from "./parameters.js";
import type { PodSpec } from "./pod-objects.js";
import {
  type PodAnswer,
  type PodNews,
  type PodOrder,
  type PodStep,
  podScript,
} from "./pod-script.js";
import { PodTable } from "./pod-table.js";
import { Process } from "./process.js";
import type { RouteCopies } from "./route-copies.js";
import { Scheduler } from "./scheduler.js";
import type {
  AdoptedPod,
  NodeRow,
  PodRow,
  PodView,
  Running,
  WorkloadCounts,
  WorkloadListener,
} from "./workload-types.js";

/** What {@link Workloads} works with. */
export interface WorkloadsOptions {
  readonly engine: Engine;
  readonly store: IpamStore;
  readonly ipam: IpamClient;
  readonly nodes: NodeDirectory;
  /** @defaultValue {@link WORKLOAD_DEFAULTS} */
  readonly parameters?: Partial<WorkloadParameters>;
  /** Families of a pod that does not say its own. @defaultValue IPv4 alone */
  readonly families?: readonly AddressFamily[];
  /** Writes the CNI plugin's own routes to pods. @defaultValue there are none */
  readonly routeCopies?: RouteCopies;
}

/**
 * Kubelets, CNI plugins and the scheduler as far as they make datastore events: pods appear, get
 * addresses through IPAM, and disappear (control-plane-behaviour §2.7, node-behaviour §6.5).
 *
 * Each pod is driven by one process at a time, a script of steps ({@link podScript}). The IPAM lock
 * serialises ADDs and DELs of a node.
 */
export class Workloads implements EventHandler {
  /** Totals since the start. */
  readonly counts: WorkloadCounts = { created: 0, running: 0, failures: 0, gone: 0 };
  readonly parameters: WorkloadParameters;
  private readonly engine: Engine;
  private readonly store: IpamStore;
  private readonly ipam: IpamClient;
  private readonly nodes: NodeDirectory;
  private readonly listeners: WorkloadListener[] = [];
  private readonly kindReply: number;
  private readonly kindContinue: number;
  private readonly kindRetry: number;
  private readonly kindIpam: number;
  private readonly kindCreate: number;
  private readonly kindDelete: number;
  private readonly pods: PodTable;
  private readonly running: Map<number, Running> = new Map();
  private processes = 0;
  private readonly nodeRows: NodeRow[] = [];
  private readonly scheduler: Scheduler;
  /** Families of pods whose sandbox is made from now on; undefined: IPv4 alone. */
  families: readonly AddressFamily[] | undefined;
  /** The families are not those that pods were created with. */
  private familiesChanged = false;
  private readonly routeCopies: RouteCopies | undefined;

  constructor(options: WorkloadsOptions) {
    const { engine, store, ipam, nodes, parameters, families } = options;
    this.engine = engine;
    this.store = store;
    this.ipam = ipam;
    this.nodes = nodes;
    this.pods = new PodTable(nodes);
    this.parameters = Object.freeze({ ...WORKLOAD_DEFAULTS, ...parameters });
    this.families = families;
    this.routeCopies = options.routeCopies;
    this.scheduler = new Scheduler(this.parameters);
    this.kindReply = engine.defineKind("workloads.reply", this);
    this.kindContinue = engine.defineKind("workloads.continue", this);
    this.kindRetry = engine.defineKind("workloads.retry", this, { background: true });
    this.kindIpam = engine.defineKind("workloads.ipam", this);
    this.kindCreate = engine.defineKind("workloads.create", this);
    this.kindDelete = engine.defineKind("workloads.delete", this);
  }

  /** Adds a listener. */
  listen(listener: WorkloadListener): void {
    this.listeners.push(listener);
  }

  /**
   * A controller creates a pod at a time from now on; returns its key.
   *
   * @throws RangeError when a pod of this name is there, or its node is not known.
   */
  createPod(spec: PodSpec, at: Micros = this.engine.now): string {
    const { families } = this;
    const row = this.pods.add(
      Object.freeze({ ...(families === undefined ? {} : { families }), ...spec }),
      "requested",
    );
    this.engine.schedule(at, this.kindCreate, row.serial);
    return row.key;
  }

  /** Families of pods whose sandbox is made from now on. */
  setFamilies(families: readonly AddressFamily[]): void {
    this.families = families;
    this.familiesChanged = true;
  }

  /** A controller deletes a pod at a time from now on. A pod that is gone by then is left alone. */
  deletePod(key: string, at: Micros = this.engine.now): void {
    const row = this.pods.named(key);
    if (row === undefined) throw new RangeError(`there is no pod ${key} to delete`);
    this.engine.schedule(at, this.kindDelete, row.serial);
  }

  /** Takes over a pod that runs already; costs nothing and tells nobody. Returns its key. */
  adopt({ spec, addresses, container }: AdoptedPod): string {
    const row = this.pods.add(Object.freeze({ ...spec }), "running");
    row.addresses = addresses;
    row.container = container;
    row.attempts = 1;
    return row.key;
  }

  /** A pod, unless it is gone. */
  pod(key: string): PodView | undefined {
    const row = this.pods.named(key);
    if (row === undefined) return undefined;
    const { spec, phase, addresses, failures } = row;
    return { key, spec, phase, addresses, failures };
  }

  /** Keys of the pods, in the order of their creation; of one node if named. */
  keys(node?: string): readonly string[] {
    const keys: string[] = [];
    for (const row of this.pods.all())
      if (node === undefined || row.spec.node === node) keys.push(row.key);
    return keys;
  }

  /** Processes that are doing something or waiting. */
  get active(): number {
    return this.running.size;
  }

  /** The address of a node, which its host-network pods take. */
  setNodeAddress(node: string, address: string): void {
    this.nodeRow(this.nodes.id(node)).address = address;
  }

  /** The kubelet's side of a node dies: its work stops where it is; nothing of it is undone. */
  stopNode(node: string): void {
    const row = this.nodeRow(this.nodes.id(node));
    row.up = false;
    for (const id of row.processes) {
      const running = this.running.get(id)!;
      if (running.operation >= 0) this.ipam.abandon(running.operation);
      running.pod.process = -1;
      // The sandbox under way is lost, and with it the address that it may have got.
      running.pod.attempts++;
      this.running.delete(id);
    }
    row.processes.clear();
    row.slots.reset();
    row.lock.reset();
  }

  /** The node is gone for good, and its pods with it: the garbage collector deletes them, no kubelet ends them. */
  forgetNode(node: string): void {
    const id = this.nodes.id(node);
    this.stopNode(node);
    for (const row of [...this.pods.all()]) {
      if (row.node !== id) continue;
      if (row.process >= 0) this.running.delete(row.process);
      this.pods.remove(row);
      this.counts.gone++;
      for (const listener of this.listeners) listener.onPodGone(row.key, this.engine.now);
    }
  }

  /**
   * The node is back. After a reboot its sandboxes are gone: each pod's old one is torn down and a new
   * one is made. Otherwise (a kubelet restart) running pods go on, and what was under way begins again.
   */
  startNode(node: string, options: { readonly rebooted: boolean } = { rebooted: true }): void {
    const id = this.nodes.id(node);
    const row = this.nodeRow(id);
    if (row.up) return;
    row.up = true;
    for (const pod of this.pods.all()) {
      if (pod.node !== id || pod.process >= 0 || pod.phase === "requested") continue;
      if (pod.deleting) {
        if (pod.marked) this.begin(pod, "stop");
      } else if (options.rebooted || pod.phase !== "running") {
        pod.phase = "scheduled";
        if (options.rebooted) pod.addresses = [];
        this.begin(pod, "run");
      }
    }
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number, b: number): void {
    switch (kind) {
      case this.kindCreate:
        this.onCreate(a);
        return;
      case this.kindDelete:
        this.onDelete(a);
        return;
      case this.kindReply:
        this.onReply(a, this.store.takeOutcome(b));
        return;
      case this.kindIpam: {
        const running = this.running.get(a);
        if (running === undefined) return;
        running.operation = -1;
        this.advance(a, running, undefined, this.ipam.takeResult(b));
        return;
      }
      default: {
        const running = this.running.get(a);
        if (running?.process.age !== b) return;
        // A request that was not answered is sent again; any other wait is over.
        if (running.process.step?.type === "request") this.carryOut(a, running);
        else this.advance(a, running);
      }
    }
  }

  private onReply(id: number, outcome: RequestOutcome): void {
    const running = this.running.get(id);
    if (running === undefined) return;
    const { step, age } = running.process;
    if (outcome.status === "unavailable" && step?.type === "request" && step.repeat) {
      this.engine.after(this.parameters.requestRetry, this.kindRetry, id, age);
    } else this.advance(id, running, outcome);
  }

  private onCreate(serial: number): void {
    const row = this.pods.get(serial);
    if (row === undefined) return;
    if (row.deleting) {
      this.pods.remove(row);
      return;
    }
    this.counts.created++;
    this.begin(row, "start");
  }

  private onDelete(serial: number): void {
    const row = this.pods.get(serial);
    if (row === undefined || row.deleting) return;
    row.deleting = true;
    if (row.phase === "requested" && row.process < 0) return;
    this.spawn(row, "mark");
  }

  /** Starts the process that drives a pod from now on. */
  private begin(row: PodRow, type: "start" | "run" | "stop"): void {
    if (type === "stop") row.phase = "terminating";
    if (type !== "start" && !this.nodeRow(row.node).up) return;
    row.process = this.processes;
    this.spawn(row, type);
  }

  private spawn(pod: PodRow, type: PodOrder["type"]): void {
    const node = this.nodeRow(pod.node);
    const order: PodOrder = Object.freeze({
      type,
      pod: this.familiesChanged ? { ...pod.spec, families: this.families ?? [4] } : pod.spec,
      key: pod.key,
      serial: pod.serial,
      node: pod.node,
      attempt: pod.attempts,
      container: pod.container,
      hostAddress: node.address,
      routeCopies: this.routeCopies !== undefined,
      now: this.engine.now,
      parameters: this.parameters,
    });
    const id = this.processes++;
    const process = new Process<PodOrder, PodStep, PodAnswer>(order, podScript);
    const running: Running = { pod, process, operation: -1 };
    this.running.set(id, running);
    if (type === "run" || type === "stop") node.processes.add(id);
    this.carryOut(id, running);
  }

  private advance(
    id: number,
    running: Running,
    outcome?: RequestOutcome,
    result?: IpamResult,
  ): void {
    running.process.answer({ deleting: running.pod.deleting, outcome, result });
    this.carryOut(id, running);
  }

  /** Carries out steps until one takes time, or the script ends. */
  private carryOut(id: number, running: Running): void {
    const { engine } = this;
    for (;;) {
      const { step, age } = running.process;
      if (step === undefined) {
        this.onEnd(id, running);
        return;
      }
      switch (step.type) {
        case "request":
          this.store.request(step.request, this.kindReply, id);
          return;
        case "ipam": {
          const caller = { client: "cni" as const, node: running.pod.node };
          running.operation = this.ipam.start(step.order, caller, this.kindIpam, id);
          return;
        }
        case "work":
          engine.after(this.draw(running, step.median), this.kindContinue, id, age);
          return;
        case "retry": {
          const { random } = this.nodeRow(running.pod.node);
          const jitter = step.jitter > 0 ? random.below(step.jitter) : 0;
          engine.after(step.delay + jitter, this.kindRetry, id, age);
          return;
        }
        case "scheduler":
          engine.schedule(this.scheduler.turn(engine.now), this.kindContinue, id, age);
          return;
        case "acquire":
          if (!this.gate(running, step.gate).enter(id)) return;
          break;
        case "release": {
          const next = this.gate(running, step.gate).leave();
          if (next >= 0)
            engine.after(0, this.kindContinue, next, this.running.get(next)!.process.age);
          break;
        }
        case "interface":
          this.interfaceChanged(running.pod, step.addresses);
          break;
        case "tell":
          this.tell(running, step.news);
          break;
      }
      running.process.answer({
        deleting: running.pod.deleting,
        outcome: undefined,
        result: undefined,
      });
    }
  }

  private onEnd(id: number, running: Running): void {
    const { pod } = running;
    const { type } = running.process.order;
    this.running.delete(id);
    this.nodeRow(pod.node).processes.delete(id);
    if (type === "mark") {
      pod.marked = true;
      this.wake(pod.process);
    } else pod.process = -1;
    if (type === "stop" || this.pods.get(pod.serial) !== pod) return;
    if (!pod.deleting) {
      // Once it is bound it is the kubelet that works, if its node is up.
      if (type === "start") this.begin(pod, "run");
      return;
    }
    // Both the mark and whatever drove the pod must be over before the kubelet ends it.
    if (pod.process < 0 && pod.marked) {
      this.begin(pod, "stop");
    }
  }

  /** A deletion ends the wait of a process that is about to try again. */
  private wake(id: number): void {
    const running = this.running.get(id);
    if (running?.process.step?.type === "retry") this.advance(id, running);
  }

  private tell({ pod }: Running, news: PodNews): void {
    const { now } = this.engine;
    switch (news.type) {
      case "scheduled":
        pod.phase = "scheduled";
        // From here on it is the node that works.
        for (const listener of this.listeners) listener.onPodScheduled(pod.key, pod.node, now);
        return;
      case "addressed":
        pod.phase = "addressed";
        pod.addresses = news.addresses;
        pod.container = news.container;
        pod.attempts++;
        for (const listener of this.listeners) {
          listener.onPodAddressed(pod.key, pod.node, news.addresses[0] ?? "", now);
        }
        return;
      case "running":
        pod.phase = "running";
        this.counts.running++;
        return;
      case "failed":
        pod.attempts++;
        pod.failures++;
        this.counts.failures++;
        for (const listener of this.listeners) listener.onPodFailed(pod.key, news.reason, now);
        return;
      case "gone":
        this.pods.remove(pod);
        this.counts.gone++;
        for (const listener of this.listeners) listener.onPodGone(pod.key, now);
    }
  }

  /** The CNI plugin set a pod's interface up, with routes to its addresses, or took it down. */
  private interfaceChanged(pod: PodRow, addresses: readonly string[]): void {
    const { node, spec, copied } = pod;
    if (copied.length > 0) this.routeCopies?.remove(node, spec, copied);
    if (addresses.length > 0) this.routeCopies?.add(node, spec, addresses);
    pod.copied = addresses;
  }

  private draw(running: Running, median: Micros): Micros {
    const { spread } = this.parameters;
    if (spread === 0 || median === 0) return median;
    return Math.round(this.nodeRow(running.pod.node).random.logNormal(median, spread));
  }

  private gate(running: Running, gate: "slot" | "ipam-lock"): Gate {
    const node = this.nodeRow(running.pod.node);
    return gate === "slot" ? node.slots : node.lock;
  }

  private nodeRow(node: number): NodeRow {
    if (node < 0) throw new RangeError("no such node");
    let row = this.nodeRows[node];
    if (row === undefined) {
      row = {
        up: true,
        slots: new Gate(this.parameters.kubeletParallelism),
        lock: new Gate(1),
        random: this.engine.stream("workloads", this.nodes.name(node)),
        processes: new Set(),
        address: undefined,
      };
      this.nodeRows[node] = row;
    }
    return row;
  }
}
