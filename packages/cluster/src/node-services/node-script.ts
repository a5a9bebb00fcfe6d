import type {
  ClientKind,
  DatastoreRequest,
  IpamOrder,
  IpamResult,
  Micros,
  Node,
  RequestOutcome,
} from "@calico-sim/core";
import type { NodeServiceParameters } from "./parameters.js";

/** What the scripts of a node ask of the simulation. */
export type NodeStep =
  | { readonly type: "request"; readonly request: DatastoreRequest }
  | { readonly type: "work"; readonly median: Micros }
  /** A wait before something is tried again; does not keep a run from being quiet. */
  | { readonly type: "retry"; readonly delay: Micros }
  | { readonly type: "ipam"; readonly order: IpamOrder }
  | { readonly type: "done"; readonly node: Node }
  | { readonly type: "failed"; readonly reason: string };

/** How a step went. */
export interface NodeAnswer {
  readonly now: Micros;
  readonly outcome?: RequestOutcome;
  readonly result?: IpamResult;
}

/** One run of calico-node's start-up, of the tunnel address allocator, or of the readiness report. */
export interface NodeOrder {
  readonly type: "startup" | "tunnels" | "ready";
  readonly name: string;
  /** Dense id. */
  readonly node: number;
  /** What autodetection finds: addresses with the length of their subnet. */
  readonly ipv4Address: string | undefined;
  readonly ipv6Address: string | undefined;
  /** For `startup`: why this container comes to no datastore. */
  readonly datastoreFault: string | undefined;
  /** For `ready`: the Node as last written. */
  readonly last: Node | undefined;
  readonly parameters: NodeServiceParameters;
}

/** A piece of a script. */
export type Part<R> = Generator<NodeStep, R, NodeAnswer>;

/** A call without its sender. */
export type NodeCall = Omit<DatastoreRequest, "client" | "node">;

/** Makes a request, again and again until it is answered. */
export function* ask(order: NodeOrder, client: ClientKind, call: NodeCall): Part<RequestOutcome> {
  const request: DatastoreRequest = { ...call, client, node: order.node };
  for (;;) {
    const { outcome } = yield { type: "request", request };
    if (outcome === undefined) throw new Error("a request was answered with something else");
    if (outcome.status !== "unavailable") return outcome;
    yield { type: "retry", delay: order.parameters.datastoreRetry };
  }
}

/** Reads the own Node; waits until the kubelet has registered it. */
export function* ownNode(order: NodeOrder, client: ClientKind): Part<Node> {
  for (;;) {
    const { resource } = yield* ask(order, client, { verb: "get", kind: "Node", name: order.name });
    if (resource !== undefined) return resource as Node;
    yield { type: "retry", delay: order.parameters.datastoreRetry };
  }
}

/** Writes the Node as KDD does, a GET and a PUT of its status, until nobody came between. Returns it as stored. */
export function* editNode(
  order: NodeOrder,
  client: ClientKind,
  edit: (node: Node) => Node,
): Part<Node> {
  for (;;) {
    const resource = edit(yield* ownNode(order, client));
    const call: NodeCall = { verb: "update", kind: "Node", name: order.name, resource };
    const outcome = yield* ask(order, client, call);
    if (outcome.status === "ok") return outcome.resource as Node;
  }
}
