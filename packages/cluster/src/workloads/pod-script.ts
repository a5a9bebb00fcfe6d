import type {
  ClientKind,
  ClusterInformation,
  DatastoreRequest,
  IpamOrder,
  IpamResult,
  MergePatch,
  Micros,
  Namespace,
  Pod,
  RequestOutcome,
  StoredKind,
} from "@calico-sim/core";
import type { WorkloadParameters } from "./parameters.js";
import {
  addressed,
  allocationAttributes,
  bound,
  containerId,
  creating,
  newPod,
  type PodSpec,
  podHandle,
  running,
  stopped,
  terminating,
  unaddressed,
} from "./pod-objects.js";
import type { Script } from "./process.js";

/** What a pod's processes ask of the simulation. */
export type PodStep =
  /** `repeat`: until it is answered, with a pause of the parameter `requestRetry`. */
  | { readonly type: "request"; readonly request: DatastoreRequest; readonly repeat: boolean }
  /** Local work of about this length. */
  | { readonly type: "work"; readonly median: Micros }
  /** A wait before something is tried again; does not keep a run from being quiet. */
  | { readonly type: "retry"; readonly delay: Micros; readonly jitter: Micros }
  | { readonly type: "scheduler" }
  | { readonly type: "acquire" | "release"; readonly gate: "slot" | "ipam-lock" }
  | { readonly type: "ipam"; readonly order: IpamOrder }
  /** The pod's interface is up, with the CNI plugin's routes to these addresses; none: it is gone. */
  | { readonly type: "interface"; readonly addresses: readonly string[] }
  | { readonly type: "tell"; readonly news: PodNews };

/** What becomes known of a pod. */
export type PodNews =
  | { readonly type: "scheduled" }
  | {
      readonly type: "addressed";
      readonly addresses: readonly string[];
      readonly container: string;
    }
  | { readonly type: "running" }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "gone" };

/** How a step went, and whether somebody deletes the pod by now. */
export interface PodAnswer {
  readonly deleting: boolean;
  /** For a request. */
  readonly outcome: RequestOutcome | undefined;
  /** For an operation of IPAM. */
  readonly result: IpamResult | undefined;
}

/** One process of a pod. */
export interface PodOrder {
  readonly type: "start" | "run" | "mark" | "stop";
  readonly pod: PodSpec;
  readonly key: string;
  /** Number of this pod among all; tells two pods of one name apart. */
  readonly serial: number;
  /** Dense id of the node. */
  readonly node: number;
  /** First sandbox number of this process. */
  readonly attempt: number;
  /** The sandbox to take down, for `stop`, and before a `run` after a reboot. */
  readonly container: string | undefined;
  /** Address of the node, for host-network pods. */
  readonly hostAddress: string | undefined;
  /** The CNI plugin's own routes are part of the model. */
  readonly routeCopies: boolean;
  /** When it began. */
  readonly now: Micros;
  readonly parameters: WorkloadParameters;
}

type Part<R> = Generator<PodStep, R, PodAnswer>;

/**
 * The script of a process.
 *
 * Scripts are shallow on purpose: each step of a pod passes through every generator between it and
 * the driver, and a cluster takes a million steps to start 15,000 pods.
 */
export function podScript(order: PodOrder): Script<PodStep, PodAnswer> {
  switch (order.type) {
    case "start":
      return start(order);
    case "run":
      return run(order);
    case "mark":
      return mark(order);
    case "stop":
      return stop(order);
  }
}

/** A controller creates the pod and the scheduler binds it (control-plane-behaviour §2.7, rows 1 and 2). */
function* start(order: PodOrder): Script<PodStep, PodAnswer> {
  const { pod, now } = order;
  const resource = newPod(pod, now);
  const { outcome } = yield send(order, "create", CONTROLLER, undefined, resource);
  if (outcome?.status !== "ok") {
    yield { type: "tell", news: { type: "failed", reason: `create: ${outcome?.status ?? ""}` } };
    yield TELL_GONE;
    return;
  }
  if ((yield SCHEDULER_TURN).deleting) return;
  yield send(order, "patch", "scheduler", bound(pod.node));
  yield TELL_SCHEDULED;
}

/** The kubelet runs the pod: sandbox, network, containers (rows 3 to 7). */
function* run(order: PodOrder): Script<PodStep, PodAnswer> {
  const { parameters: p, pod, key, serial, hostAddress } = order;
  yield work(p.kubeletReaction);
  let { deleting } = yield ENTER_SLOT;
  // After a reboot the old sandbox goes first.
  if (order.container !== undefined) yield* cniDel(order, order.container);
  if (p.statusReads) yield send(order, "get", "kubelet");
  yield send(order, "patch", "kubelet", creating());
  let addresses: readonly string[] | undefined;
  for (let { attempt } = order; addresses === undefined && !deleting; attempt++) {
    const container = containerId(key, serial, attempt);
    yield work(p.sandboxCreate);
    const added =
      pod.hostNetwork !== true
        ? yield* cniAdd(order, container)
        : hostAddress === undefined
          ? []
          : [hostAddress];
    if (typeof added !== "string") {
      addresses = added;
      yield { type: "tell", news: { type: "addressed", addresses, container } };
      break;
    }
    yield { type: "tell", news: { type: "failed", reason: added } };
    if (added === "PodNotFound") {
      // Somebody removed it behind the kubelet's back.
      yield TELL_GONE;
      break;
    }
    // The runtime calls DEL for a sandbox whose ADD failed.
    yield* cniDel(order, container);
    ({ deleting } = yield { type: "retry", delay: p.backOff, jitter: p.backOff / 2 });
  }
  if (addresses !== undefined) {
    yield work(p.containerStart);
    if (p.statusReads) yield send(order, "get", "kubelet");
    yield send(order, "patch", "kubelet", running(addresses, false));
    yield work(p.readiness);
    if (p.statusReads) yield send(order, "get", "kubelet");
    yield send(order, "patch", "kubelet", running(addresses, true));
    yield TELL_RUNNING;
  }
  yield LEAVE_SLOT;
}

/** CNI ADD: 16 calls, 21 with a new block (node-behaviour §6.5). The addresses, or why there are none. */
function* cniAdd(order: PodOrder, container: string): Part<readonly string[] | string> {
  const { parameters: p, pod } = order;
  yield work(p.cniStart);
  const cluster = (yield cniRead(order, "ClusterInformation", "default")).outcome;
  if (cluster?.status === "unavailable") return "Unavailable";
  const information = cluster?.resource as ClusterInformation | undefined;
  if (information?.spec?.datastoreReady === false) return "DatastoreNotReady";
  const endpoint = (yield sendOnce(order, "get")).outcome?.status;
  if (endpoint === "unavailable") return "Unavailable";
  if (endpoint === "not-found") return "PodNotFound";
  const labels = (yield cniRead(order, "Namespace", pod.namespace)).outcome?.status;
  if (labels === "unavailable") return "Unavailable";
  if ((yield sendOnce(order, "get")).outcome?.status === "unavailable") return "Unavailable";
  yield work(p.ipamStart);

  yield TAKE_LOCK;
  const answer = (yield cniRead(order, "Namespace", pod.namespace)).outcome;
  if (answer?.status !== "ok" && answer?.status !== "not-found") {
    yield FREE_LOCK;
    return "Unavailable";
  }
  // A cluster described without its namespaces is taken to have them, without labels.
  const namespaceLabels = (answer.resource as Namespace | undefined)?.metadata.labels ?? {};
  const attributes = allocationAttributes(pod, answer.servedAt);
  const addresses: string[] = [];
  for (const family of pod.families ?? [4]) {
    const { result } = yield {
      type: "ipam",
      order: {
        type: "assign",
        node: pod.node,
        family,
        count: 1,
        handle: podHandle(container),
        attributes,
        use: "Workload",
        namespaceLabels,
        pools: pod.pools,
      },
    };
    if (result?.type !== "assign" || result.fault !== undefined) {
      yield FREE_LOCK;
      return result?.fault ?? "Unavailable";
    }
    addresses.push(...result.addresses);
  }
  yield FREE_LOCK;

  yield work(p.interfaceSetUp);
  if (order.routeCopies) yield { type: "interface", addresses };
  const merge = addressed(addresses, container);
  const patched = (yield sendOnce(order, "patch", merge)).outcome?.status;
  return patched === "ok" ? addresses : `annotation: ${patched ?? ""}`;
}

/**
 * CNI DEL (node-behaviour §6.5): two reads, the annotation cleared, clean-up, and 8 reads and 3
 * writes of IPAM. The second, empty release is for sandboxes of old versions.
 */
function* cniDel(order: PodOrder, container: string): Part<void> {
  const { parameters: p, pod } = order;
  yield work(p.cniStart);
  yield cniRead(order, "ClusterInformation", "default");
  const held = (yield sendOnce(order, "get")).outcome?.status;
  if (held === "ok") yield sendOnce(order, "patch", unaddressed());
  yield work(p.interfaceTearDown);
  if (order.routeCopies) yield INTERFACE_GONE;
  yield work(p.ipamStart);
  yield TAKE_LOCK;
  for (const handle of [podHandle(container), `${pod.namespace}.${pod.name}`]) {
    for (;;) {
      const { result } = yield { type: "ipam", order: { type: "release", handle } };
      if (result?.fault === undefined) break;
      // The kubelet repeats a DEL that failed until it works.
      yield FREE_LOCK;
      yield { type: "retry", delay: p.backOff, jitter: p.backOff / 2 };
      yield TAKE_LOCK;
    }
  }
  yield FREE_LOCK;
}

/** The API server's part of a deletion: the mark that the kubelet sees. */
function* mark(order: PodOrder): Script<PodStep, PodAnswer> {
  yield send(order, "patch", CONTROLLER, terminating(order.now));
}

/** The kubelet ends the pod, and then deletes it. */
function* stop(order: PodOrder): Script<PodStep, PodAnswer> {
  const { parameters: p, container, pod } = order;
  yield work(p.kubeletReaction);
  if (container !== undefined) {
    yield work(p.containerStop);
    if (pod.hostNetwork !== true) yield* cniDel(order, container);
    if (p.statusReads) yield send(order, "get", "kubelet");
    yield send(order, "patch", "kubelet", stopped());
  }
  yield send(order, "delete", "kubelet");
  yield TELL_GONE;
}

/** Who creates and deletes pods. */
const CONTROLLER: ClientKind = "kube-controllers";
const SCHEDULER_TURN: PodStep = { type: "scheduler" };
const ENTER_SLOT: PodStep = { type: "acquire", gate: "slot" };
const LEAVE_SLOT: PodStep = { type: "release", gate: "slot" };
const TAKE_LOCK: PodStep = { type: "acquire", gate: "ipam-lock" };
const INTERFACE_GONE: PodStep = { type: "interface", addresses: Object.freeze([]) };
const FREE_LOCK: PodStep = { type: "release", gate: "ipam-lock" };
const TELL_SCHEDULED: PodStep = { type: "tell", news: { type: "scheduled" } };
const TELL_RUNNING: PodStep = { type: "tell", news: { type: "running" } };
const TELL_GONE: PodStep = { type: "tell", news: { type: "gone" } };

function work(median: Micros): PodStep {
  return { type: "work", median };
}

/** A request about the pod that is repeated until it is answered. */
function send(
  { pod, node }: PodOrder,
  verb: DatastoreRequest["verb"],
  client: ClientKind,
  merge?: MergePatch,
  resource?: Pod,
): PodStep {
  const { name, namespace } = pod;
  const from = client === "kubelet" ? node : -1;
  return {
    type: "request",
    request: { verb, kind: "Pod", name, namespace, resource, merge, client, node: from },
    repeat: true,
  };
}

/** A request of the CNI plugin about the pod; it does not repeat. */
function sendOnce(
  { pod, node }: PodOrder,
  verb: DatastoreRequest["verb"],
  merge?: MergePatch,
): PodStep {
  const { name, namespace } = pod;
  return {
    type: "request",
    request: { verb, kind: "Pod", name, namespace, merge, client: "cni", node },
    repeat: false,
  };
}

function cniRead({ node }: PodOrder, kind: StoredKind, name: string): PodStep {
  return {
    type: "request",
    request: { verb: "get", kind, name, client: "cni", node },
    repeat: false,
  };
}
