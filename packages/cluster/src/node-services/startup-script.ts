import {
  type ClusterInformation,
  eraOf,
  hash32,
  hashText,
  NODE_ANNOTATIONS,
  type Node,
  type NodeView,
  nodeView,
  type Resource,
} from "@calico-sim/core";
import { withNodeFields } from "./node-edit.js";
import {
  ask,
  editNode,
  type NodeAnswer,
  type NodeCall,
  type NodeOrder,
  type NodeStep,
  ownNode,
  type Part,
} from "./node-script.js";
import { tunnels } from "./tunnel-script.js";

const CLIENT = "node-startup";

/** The script of an order. */
export function* nodeScript(order: NodeOrder): Generator<NodeStep, void, NodeAnswer> {
  switch (order.type) {
    case "startup":
      return yield* startup(order);
    case "tunnels":
      yield { type: "done", node: yield* tunnels(order) };
      return;
    case "ready":
      return yield* ready(order);
  }
}

/**
 * Start-up of calico-node (node-behaviour §6.2; calico: node/pkg/lifecycle/startup/startup.go:102-249),
 * then the tunnel addresses, run once (§6.1).
 */
function* startup(order: NodeOrder): Part<void> {
  const { parameters: p } = order;
  yield { type: "work", median: p.processStart };
  if (order.datastoreFault !== undefined) {
    yield { type: "failed", reason: order.datastoreFault };
    return;
  }
  // Step 1: until the API answers at all.
  yield* ask(order, CLIENT, { verb: "get", kind: "Node", name: order.name });
  yield* ownNode(order, CLIENT);
  for (const name of ["kubeadm-config", "full-cluster-state"]) {
    yield* ask(order, CLIENT, { verb: "get", kind: "ConfigMap", name, namespace: "kube-system" });
  }
  const view = nodeView(yield* ownNode(order, CLIENT));
  yield { type: "work", median: p.autodetection };
  const addresses = detected(order, view);
  if (p.detectIpv4 === true && addresses.ipv4Address === undefined) {
    yield { type: "failed", reason: "IP autodetection finds no IPv4 address (IP is not none)" };
    return;
  }
  const changed =
    addresses.ipv4Address !== view.ipv4Address || addresses.ipv6Address !== view.ipv6Address;
  if (changed && p.conflictCheck) {
    const all = yield* ask(order, CLIENT, { verb: "list", kind: "Node" });
    const other = conflicting(order, (all.items ?? []) as readonly Node[], addresses);
    if (other !== undefined) {
      yield {
        type: "failed",
        reason: `node ${other.name} has the address ${other.address} already`,
      };
      return;
    }
  }
  yield* editNode(order, CLIENT, (node) => withNodeFields(node, addresses));
  yield* clusterObjects(order);
  yield { type: "done", node: yield* tunnels(order) };
}

interface Addresses {
  readonly ipv4Address?: string;
  readonly ipv6Address?: string;
}

/** What autodetection finds, else the address that the Node has, else the one that the kubelet reports. */
function detected(order: NodeOrder, view: NodeView): Addresses {
  const { subnetLength, detectIpv4 = true, detectIpv6, subnetLengthIpv6 } = order.parameters;
  const { internalIP, internalIPv6 } = view;
  const reported =
    !detectIpv4 || internalIP === undefined || internalIP.includes(":")
      ? undefined
      : `${internalIP}/${subnetLength}`;
  const ipv4Address = (detectIpv4 ? order.ipv4Address : undefined) ?? view.ipv4Address ?? reported;
  const reported6 =
    !detectIpv6 || internalIPv6 === undefined ? undefined : `${internalIPv6}/${subnetLengthIpv6}`;
  const ipv6Address = order.ipv6Address ?? view.ipv6Address ?? reported6;
  return {
    ...(ipv4Address === undefined ? {} : { ipv4Address }),
    ...(ipv6Address === undefined ? {} : { ipv6Address }),
  };
}

/** Another node that has one of the addresses, and which. */
function conflicting(
  order: NodeOrder,
  nodes: readonly Node[],
  own: Addresses,
): { readonly name: string; readonly address: string } | undefined {
  for (const family of ["ipv4Address", "ipv6Address"] as const) {
    const address = own[family];
    const wanted = address?.split("/")[0];
    if (address === undefined || wanted === undefined) continue;
    const prefix = `${wanted}/`;
    const other = nodes.find((node) => {
      if (node.metadata.name === order.name) return false;
      const held = addressOf(node, family);
      return held === wanted || held?.startsWith(prefix) === true;
    });
    if (other !== undefined) return { name: other.metadata.name, address };
  }
  return undefined;
}

/** Of the whole view only this: N starting nodes look at N nodes each. */
function addressOf(node: Node, family: "ipv4Address" | "ipv6Address"): string | undefined {
  return node.apiVersion === "v1"
    ? node.metadata.annotations?.[NODE_ANNOTATIONS[family]]
    : nodeView(node)[family];
}

/** Steps 9 to 12: pools, cluster information, tiers and configurations; missing ones are created. */
function* clusterObjects(order: NodeOrder): Part<void> {
  const { createDefaults, calicoVersion } = order.parameters;
  const pools = yield* ask(order, CLIENT, { verb: "list", kind: "IPPool" });
  if (createDefaults && pools.items?.length === 0)
    yield* ask(order, CLIENT, post(defaultPool(calicoVersion)));
  yield* clusterInformation(order);
  // Three POSTs of tiers that answer "exists". The simulator has no tiers: an empty PATCH counts like one.
  for (const name of ["default", "adminnetworkpolicy", "baselineadminnetworkpolicy"]) {
    yield* ask(order, CLIENT, {
      verb: "patch",
      kind: "Unmodelled",
      name: `tier.${name}`,
      merge: {},
    });
  }
  const felix = yield* ask(order, CLIENT, read("FelixConfiguration"));
  if (createDefaults && felix.status === "not-found") {
    yield* ask(
      order,
      CLIENT,
      post(calico("FelixConfiguration", { reportingInterval: "0s", logSeverityScreen: "Info" })),
    );
  }
  yield* ask(order, CLIENT, read("BGPConfiguration"));
  yield* ask(order, CLIENT, read("IPAMConfig"));
}

function* clusterInformation(order: NodeOrder): Part<void> {
  const { createDefaults, calicoVersion } = order.parameters;
  const { status, resource } = yield* ask(order, CLIENT, read("ClusterInformation"));
  if (!createDefaults) return;
  if (status === "not-found") {
    const word = (n: number): string =>
      hash32(hashText("cluster"), n, 0).toString(16).padStart(8, "0");
    const clusterGUID = [0, 1, 2, 3].map(word).join("");
    const spec = { clusterGUID, clusterType: "k8s,bgp", calicoVersion, datastoreReady: true };
    yield* ask(order, CLIENT, post(calico("ClusterInformation", spec)));
    return;
  }
  const held = resource as ClusterInformation;
  if (held.spec?.calicoVersion === calicoVersion) return;
  const wanted = { ...held, spec: { ...held.spec, calicoVersion } };
  yield* ask(order, CLIENT, {
    verb: "update",
    kind: "ClusterInformation",
    name: "default",
    resource: wanted,
  });
}

function defaultPool(calicoVersion: string): Resource {
  const { startup: pool, ipPool } = eraOf(calicoVersion);
  const spec = {
    cidr: pool.ipv4PoolCidr,
    blockSize: ipPool.blockSizeIPv4,
    ipipMode: pool.ipipMode,
    vxlanMode: pool.vxlanMode,
    natOutgoing: pool.ipv4PoolNatOutgoing,
    nodeSelector: ipPool.nodeSelector,
  };
  return { ...calico("IPPool", spec), metadata: { name: pool.ipv4PoolName } };
}

function calico(
  kind: "IPPool" | "FelixConfiguration" | "ClusterInformation",
  spec: object,
): Resource {
  return { apiVersion: "crd.projectcalico.org/v1", kind, metadata: { name: "default" }, spec };
}

function read(
  kind: "FelixConfiguration" | "BGPConfiguration" | "IPAMConfig" | "ClusterInformation",
): NodeCall {
  return { verb: "get", kind, name: "default" };
}

function post(resource: Resource): NodeCall {
  return { verb: "create", kind: resource.kind, name: resource.metadata.name, resource };
}

/** Felix and BIRD are ready: NetworkUnavailable becomes False (control-plane-behaviour §2.5). */
function* ready(order: NodeOrder): Part<void> {
  const conditions = (
    order.last?.status as { conditions?: readonly { type: string }[] } | undefined
  )?.conditions;
  const others = (conditions ?? []).filter((c) => c.type !== "NetworkUnavailable");
  const mine = { type: "NetworkUnavailable", status: "False", reason: "CalicoIsUp" };
  const merge = { status: { conditions: [...others, mine] } };
  yield* ask(order, CLIENT, { verb: "patch", kind: "Node", name: order.name, merge });
}
