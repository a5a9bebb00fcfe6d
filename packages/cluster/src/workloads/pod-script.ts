import type {
  ClientKind,
  ClusterInformation,
  DatastoreRequest,
  IpamOrder,
  IpamResult,
  MergePatch,
  Micros,
  Namespace,
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
  | { readonly type: "request"; readonly request: DatastoreRequest }
  /** Local work of about this length. */
  | { readonly type: "work"; readonly median: Micros }
  /** A wait before something is tried again; does not keep a run from being quiet. */
  | { readonly type: "retry"; readonly delay: Micros; readonly jitter: Micros }
  | { readonly type: "scheduler" }
  | { readonly type: "acquire" | "release"; readonly gate: "slot" | "ipam-lock" }
  | { readonly type: "ipam"; readonly order: IpamOrder }
  | { readonly type: "look" }
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

/** How a step went; `look` answers `deleting` and `now`. */
export interface PodAnswer {
  readonly now: Micros;
  readonly deleting: boolean;
  readonly outcome?: RequestOutcome;
  readonly result?: IpamResult;
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
  readonly parameters: WorkloadParameters;
}

type Part<R> = Generator<PodStep, R, PodAnswer>;

/** The script of a process. */
export function* podScript(order: PodOrder): Script<PodStep, PodAnswer> {
  switch (order.type) {
    case "start":
      return yield* start(order);
    case "run":
      return yield* run(order);
    case "mark":
      return yield* mark(order);
    case "stop":
      return yield* stop(order);
  }
}

/** A controller creates the pod and the scheduler binds it (control-plane-behaviour §2.7, rows 1 and 2). */
function* start(order: PodOrder): Part<void> {
  const { pod } = order;
  const { now } = yield { type: "look" };
  const created = yield* persist(order, {
    ...reference(order, "create"),
    resource: newPod(pod, now),
    client: "kube-controllers",
    node: -1,
  });
  if (created.status !== "ok") {
    yield { type: "tell", news: { type: "failed", reason: `create: ${created.status}` } };
    yield { type: "tell", news: { type: "gone" } };
    return;
  }
  yield { type: "scheduler" };
  if ((yield { type: "look" }).deleting) return;
  yield* patch(order, bound(pod.node), "scheduler", -1);
  yield { type: "tell", news: { type: "scheduled" } };
  yield* run(order);
}

/** The kubelet runs the pod: sandbox, network, containers (rows 3 to 7). */
function* run(order: PodOrder): Part<void> {
  const { parameters: p } = order;
  yield { type: "work", median: p.kubeletReaction };
  yield { type: "acquire", gate: "slot" };
  // After a reboot the old sandbox goes first.
  if (order.container !== undefined) yield* cniDel(order, order.container);
  yield* status(order, creating());
  const addresses = yield* network(order);
  if (addresses !== undefined) {
    yield { type: "work", median: p.containerStart };
    yield* status(order, running(addresses, false));
    yield { type: "work", median: p.readiness };
    yield* status(order, running(addresses, true));
    yield { type: "tell", news: { type: "running" } };
  }
  yield { type: "release", gate: "slot" };
}

/** Sandboxes until one has a network; undefined if the pod was deleted meanwhile. */
function* network(order: PodOrder): Part<readonly string[] | undefined> {
  const { parameters: p, key, serial } = order;
  for (let attempt = order.attempt; ; attempt++) {
    if ((yield { type: "look" }).deleting) return undefined;
    const container = containerId(key, serial, attempt);
    yield { type: "work", median: p.sandboxCreate };
    if (order.pod.hostNetwork === true) {
      const addresses = order.hostAddress === undefined ? [] : [order.hostAddress];
      yield { type: "tell", news: { type: "addressed", addresses, container } };
      return addresses;
    }
    const added = yield* cniAdd(order, container);
    if (typeof added !== "string") {
      yield { type: "tell", news: { type: "addressed", addresses: added, container } };
      return added;
    }
    yield { type: "tell", news: { type: "failed", reason: added } };
    if (added === "PodNotFound") {
      // Somebody removed it behind the kubelet's back.
      yield { type: "tell", news: { type: "gone" } };
      return undefined;
    }
    // The runtime calls DEL for a sandbox whose ADD failed.
    yield* cniDel(order, container);
    yield { type: "retry", delay: p.backOff, jitter: p.backOff / 2 };
  }
}

/** CNI ADD: 16 calls, 21 with a new block (node-behaviour §6.5). The addresses, or why there are none. */
function* cniAdd(order: PodOrder, container: string): Part<readonly string[] | string> {
  const { parameters: p, pod } = order;
  yield { type: "work", median: p.cniStart };
  const cluster = yield* ask(order, read("ClusterInformation", "default"));
  if (cluster.status === "unavailable") return "Unavailable";
  const information = cluster.resource as ClusterInformation | undefined;
  if (information?.spec?.datastoreReady === false) return "DatastoreNotReady";
  for (const call of [podRead(order), read("Namespace", pod.namespace), podRead(order)]) {
    const { status: answer } = yield* ask(order, call);
    if (answer === "unavailable") return "Unavailable";
    if (answer === "not-found" && call.kind === "Pod") return "PodNotFound";
  }
  yield { type: "work", median: p.ipamStart };
  yield { type: "acquire", gate: "ipam-lock" };
  const addresses = yield* assignAddresses(order, container);
  yield { type: "release", gate: "ipam-lock" };
  if (typeof addresses === "string") return addresses;
  yield { type: "work", median: p.interfaceSetUp };
  const patched = yield* ask(order, {
    ...reference(order, "patch"),
    merge: addressed(addresses, container),
  });
  return patched.status === "ok" ? addresses : `annotation: ${patched.status}`;
}

/** The IPAM plugin, under the lock. */
function* assignAddresses(order: PodOrder, container: string): Part<readonly string[] | string> {
  const { pod } = order;
  const answer = yield* ask(order, read("Namespace", pod.namespace));
  if (answer.status === "unavailable") return "Unavailable";
  // A cluster described without its namespaces is taken to have them, without labels.
  const namespace = answer.resource as Namespace | undefined;
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
        namespaceLabels: namespace?.metadata.labels ?? {},
        ...(pod.pools === undefined ? {} : { pools: pod.pools }),
      },
    };
    if (result?.type !== "assign")
      throw new Error("an assignment was answered with something else");
    if (result.fault !== undefined) return result.fault;
    addresses.push(...result.addresses);
  }
  return addresses;
}

/**
 * CNI DEL (node-behaviour §6.5): two reads, the annotation cleared, clean-up, and 8 reads and 3
 * writes of IPAM. The second, empty release is for sandboxes of old versions.
 */
function* cniDel(order: PodOrder, container: string): Part<void> {
  const { parameters: p, pod } = order;
  yield { type: "work", median: p.cniStart };
  yield* ask(order, read("ClusterInformation", "default"));
  const held = yield* ask(order, podRead(order));
  if (held.status === "ok") {
    yield* ask(order, { ...reference(order, "patch"), merge: unaddressed() });
  }
  yield { type: "work", median: p.interfaceTearDown };
  yield { type: "work", median: p.ipamStart };
  yield { type: "acquire", gate: "ipam-lock" };
  for (const handle of [podHandle(container), `${pod.namespace}.${pod.name}`]) {
    for (;;) {
      const { result } = yield { type: "ipam", order: { type: "release", handle } };
      if (result?.fault === undefined) break;
      // The kubelet repeats a DEL that failed until it works.
      yield { type: "release", gate: "ipam-lock" };
      yield { type: "retry", delay: p.backOff, jitter: p.backOff / 2 };
      yield { type: "acquire", gate: "ipam-lock" };
    }
  }
  yield { type: "release", gate: "ipam-lock" };
}

/** The API server's part of a deletion: the mark that the kubelet sees. */
function* mark(order: PodOrder): Part<void> {
  const { now } = yield { type: "look" };
  yield* patch(order, terminating(now), "kube-controllers", -1);
}

/** The kubelet ends the pod, and then deletes it. */
function* stop(order: PodOrder): Part<void> {
  const { parameters: p, container } = order;
  yield { type: "work", median: p.kubeletReaction };
  if (container !== undefined) {
    yield { type: "work", median: p.containerStop };
    if (order.pod.hostNetwork !== true) yield* cniDel(order, container);
    yield* status(order, stopped());
  }
  yield* persist(order, { ...reference(order, "delete"), client: "kubelet", node: order.node });
  yield { type: "tell", news: { type: "gone" } };
}

/** A status write of the kubelet. */
function* status(order: PodOrder, merge: MergePatch): Part<void> {
  if (order.parameters.statusReads) {
    yield* persist(order, { ...podRead(order), client: "kubelet", node: order.node });
  }
  yield* patch(order, merge, "kubelet", order.node);
}

function* patch(
  order: PodOrder,
  merge: MergePatch,
  client: ClientKind,
  node: number,
): Part<RequestOutcome> {
  return yield* persist(order, { ...reference(order, "patch"), merge, client, node });
}

/** A request that is repeated until it is answered. */
function* persist(order: PodOrder, request: DatastoreRequest): Part<RequestOutcome> {
  for (;;) {
    const { outcome } = yield { type: "request", request };
    if (outcome === undefined) throw new Error("a request was answered with something else");
    if (outcome.status !== "unavailable") return outcome;
    yield { type: "retry", delay: order.parameters.requestRetry, jitter: 0 };
  }
}

/** A request of the CNI plugin, which does not repeat. */
function* ask(order: PodOrder, call: PodCall): Part<RequestOutcome> {
  const request: DatastoreRequest = { ...call, client: "cni", node: order.node };
  const { outcome } = yield { type: "request", request };
  if (outcome === undefined) throw new Error("a request was answered with something else");
  return outcome;
}

type PodCall = Omit<DatastoreRequest, "client" | "node">;

function read(kind: StoredKind, name: string): PodCall {
  return { verb: "get", kind, name };
}

function podRead(order: PodOrder): PodCall {
  return reference(order, "get");
}

function reference({ pod }: PodOrder, verb: DatastoreRequest["verb"]): PodCall {
  return { verb, kind: "Pod", name: pod.name, namespace: pod.namespace };
}
