import type { Blackhole, BlackholeReason, Result } from "@calico-sim/cluster";
import type { AddressFamily } from "@calico-sim/core";
import type { Advice } from "./advice.js";
import { most } from "./datastore-section.js";
import { count, counted, percent, seconds, times } from "./format/quantity.js";

/** Looks at a run and says something about it, or nothing. */
type AdviceRule = (result: Result, compare: Result | undefined) => Advice | undefined;

/** Above this, reflectors instead of the mesh (D2iQ Konvoy 1.8; projectcalico/calico#1859). */
const MESH_NODES_MAX = 100;
/** Above this, Typha on the Kubernetes datastore (calico: typha/README.md; tigera/docs#2913). */
const TYPHA_NODES_MIN = 50;
/** The most replicas that were ever recommended (projectcalico/calico#2403). */
const TYPHAS_MAX = 20;
/** Seconds; a pod should be up within this (kubernetes/community: slos, pod start-up latency). */
const POD_STARTUP_P99 = 5;
/** Black holes from this length on are the work of a timer, not of work being done; seconds. */
const TIMER_BOUND = 20;
/** Lower bound of Typha's connection limit (calico: typha/pkg/config: MaxConnectionsLowerLimit). */
const TYPHA_LIMIT_MIN = 400;
/** A daemon above this share of a CPU has a queue that grows in every burst. */
const SATURATED = 0.8;

/** The mesh is big: projectcalico/calico#9976 (800 nodes), #1579 (1,000 nodes). */
const mesh: AdviceRule = ({ cluster: { nodes, backend }, bgp }) => {
  if (backend !== "bird" || bgp.sessionEndsExpected < nodes * (nodes - 1)) return undefined;
  const sessions = count(bgp.sessionEndsExpected / 2);
  const source = "D2iQ Konvoy 1.8 networking docs; kubernetes/kops#6047; projectcalico/calico#9976";
  if (nodes > MESH_NODES_MAX) {
    return {
      kind: "change",
      code: "route-reflectors",
      text: "Peer the nodes with two or more route reflectors and turn the node-to-node mesh off.",
      because: `The mesh of ${count(nodes)} nodes keeps ${sessions} sessions, ${count(nodes - 1)} on each node; it is tested and recommended up to about ${count(MESH_NODES_MAX)} nodes.`,
      source,
    };
  }
  if (nodes < MESH_NODES_MAX / 2) return undefined;
  return {
    kind: "watch",
    code: "mesh-limit",
    text: `Plan route reflectors before the cluster grows past about ${count(MESH_NODES_MAX)} nodes.`,
    because: `The mesh keeps ${sessions} sessions today and grows with the square of the nodes; ${count(2 * nodes)} nodes would keep ${count(nodes * (2 * nodes - 1))}.`,
    source,
  };
};

/** No Typha where one is due. */
const typhaMissing: AdviceRule = ({ cluster, datastore }) => {
  const { nodes, typhas } = cluster;
  if (typhas > 0 || cluster.datastore !== "kubernetes" || nodes <= TYPHA_NODES_MIN) {
    return undefined;
  }
  return {
    kind: "change",
    code: "typha-missing",
    text: `Run Typha, ${counted(typhasByOperator(nodes), "replica")} for ${count(nodes)} nodes.`,
    because: `Every Felix and confd watches the API server itself: ${count(datastore.watchesPeak)} watches and ${count(most(datastore, "watchEvents"))} watch events in the worst second; Typha is advised above ${count(TYPHA_NODES_MIN)} nodes.`,
    source: "calico: typha/README.md; tigera/docs#2913",
  };
};

/** Too few Typhas, or more than were ever of use. */
const typhaCount: AdviceRule = ({ cluster: { nodes, typhas }, typha }) => {
  if (typhas === 0) return undefined;
  const wanted = typhasByOperator(nodes);
  const perTypha = Math.max(0, ...(typha?.connections ?? []));
  if (typhas < wanted) {
    return {
      kind: "change",
      code: "typha-count",
      text: `Run ${counted(wanted, "Typha")} instead of ${count(typhas)}.`,
      because: `That is what the operator runs for ${count(nodes)} nodes; here one Typha serves up to ${counted(perTypha, "connection")}, and all of them move when it restarts.`,
      source: "operator: pkg/common/autoscale.go; tigera/docs#1360; projectcalico/calico#2403",
    };
  }
  if (typhas <= Math.max(wanted, TYPHAS_MAX)) return undefined;
  return {
    kind: "change",
    code: "typha-count",
    text: `Run ${counted(wanted, "Typha")} instead of ${count(typhas)}.`,
    because: `Each Typha is a full set of watches on the datastore, and here one serves only ${counted(perTypha, "connection")}; more than ${count(TYPHAS_MAX)} were never recommended.`,
    source: "projectcalico/calico#2403",
  };
};

/** What Typha is good for, from the run without it. */
const typhaWorth: AdviceRule = (result, compare) => {
  if (compare === undefined || result.cluster.typhas === 0 || compare.cluster.typhas > 0) {
    return undefined;
  }
  const { nodes } = result.cluster;
  const [withIt, without] = [result.datastore, compare.datastore];
  const factor = without.watchEventsTotal / Math.max(1, withIt.watchEventsTotal);
  const because = `Without it the datastore would send ${times(factor)} the watch events (${count(without.watchEventsTotal)} instead of ${count(withIt.watchEventsTotal)}), ${count(most(without, "watchEvents"))} of them in the worst second instead of ${count(most(withIt, "watchEvents"))}`;
  const source = "calico: typha/README.md; projectcalico/calico#2933";
  if (nodes <= TYPHA_NODES_MIN) {
    return {
      kind: "watch",
      code: "typha-worth",
      text: "Typha is optional at this size.",
      because: `${because}; it is advised above ${count(TYPHA_NODES_MIN)} nodes.`,
      source,
    };
  }
  return { kind: "keep", code: "typha-worth", text: "Keep Typha.", because: `${because}.`, source };
};

/** Connections that stay where they fell (projectcalico/typha#384). */
const typhaBalance: AdviceRule = ({ typha }) => {
  const connections = typha?.connections ?? [];
  if (connections.length < 2) return undefined;
  const [low, high] = [Math.min(...connections), Math.max(...connections)];
  if (high < 20 || low * 2 > high) return undefined;
  return {
    kind: "watch",
    code: "typha-balance",
    text: "After a disturbance, restart the Typha that serves most, so that its clients spread again.",
    because: `At the end one Typha serves ${counted(high, "connection")} and another ${count(low)}: clients stay where they fled, and Typha closes connections only above its limit, which is never below ${count(TYPHA_LIMIT_MIN)}.`,
    source: "calico: typha/pkg/k8s/rebalance.go; projectcalico/typha#384",
  };
};

/** A dead peer is noticed when its timer runs out: projectcalico/calico#4607, #7144. */
const timerBound: AdviceRule = (result) => {
  const held = longestOf(result, ["stale route"], inside);
  if (held === undefined || result.cluster.backend !== "bird") return undefined;
  return {
    kind: "change",
    code: "hold-timer",
    text: "Drain a node before it is stopped, and delete the Node object of a host that is known dead.",
    because: `${lost(held)}: nothing but BIRD's hold timer (240s) or graceful restart time (120s) withdraws the routes of a host that goes silently.`,
    source: "bird: proto/bgp/config.Y; projectcalico/calico#4607, #7144",
  };
};

/** Calico withdraws nothing from the datastore on its own (calico: kube-controllers/pkg/controllers/node). */
const nodeLost: AdviceRule = (result) => {
  const held = longestOf(result, ["destination node down"], inside);
  if (held === undefined) return undefined;
  return {
    kind: "change",
    code: "node-lost",
    text: `Delete the Node object of ${held.owner} once the host is known dead.`,
    because: `${lost(held)}: Calico keeps the blocks of a dead host until its Node object goes, and Kubernetes evicts its pods only after about six minutes.`,
    source: "calico: kube-controllers/pkg/controllers/node; KEP 589",
  };
};

/** A router outside is noticed by the same timer as a node. */
const routerLost: AdviceRule = (result) => {
  const held = longestOf(result, ["stale route", "destination node down"], (hole) => !inside(hole));
  if (held === undefined) return undefined;
  return {
    kind: "change",
    code: "router-lost",
    text: `Let another router announce ${held.to} too, and end the BGP of ${held.owner} before it is switched off.`,
    because: `${lost(held)}: a router that goes silently is noticed by nothing but the hold timer (BIRD's 240s, or what the router offers if that is less), and only then do nodes turn to another.`,
    source: "bird: proto/bgp/config.Y",
  };
};

/** Routes that are late because something waited: projectcalico/calico#2211, projectcalico/bird#115. */
const missingRoutes: AdviceRule = (result) => {
  const held = longestOf(result, ["no route", "blackhole route", "unreachable route"]);
  if (held === undefined) return undefined;
  return {
    kind: "change",
    code: "missing-routes",
    text: "Restart or heal nodes one at a time, and wait for each to be ready.",
    because: `${lost(held)}: sessions that time out come back only at the next connect retry, and a starting BIRD waits up to 240s for peers that do not answer.`,
    source: "projectcalico/calico#7144, #2211; projectcalico/bird#115",
  };
};

/** Unencapsulated packets between subnets whose routers do not know the pods. */
const underlay: AdviceRule = (result) => {
  const lost = result.blackholes.byReason["underlay has no route to pods"] ?? 0;
  if (lost === 0) return undefined;
  return {
    kind: "change",
    code: "encapsulation",
    text: "Set ipipMode (or vxlanMode) of the pool to CrossSubnet, or peer the routers with the nodes.",
    because: `${counted(lost, "path")} between subnets lost packets because the underlay has no route to pod addresses.`,
    source: "calico: api/pkg/apis/projectcalico/v3/ippool.go",
  };
};

/** Pods wait for the network. */
const slowPods: AdviceRule = ({ pods }) => {
  const p99 = pods.programmedSeconds?.p99;
  if (p99 === undefined || !(p99 > POD_STARTUP_P99)) return undefined;
  return {
    kind: "change",
    code: "pod-startup",
    text: "Start pods more slowly, or give Felix and the API server more CPU.",
    because: `One pod in a hundred waited ${seconds(p99)} or longer for its routes and policy; Kubernetes aims at ${seconds(POD_STARTUP_P99)} for the whole start.`,
    source: "kubernetes/community: slos; projectcalico/calico#9706",
  };
};

/** The CNI plugin asks for addresses of a family that no pool has: no sandbox succeeds, and another pool of the same helps nobody. */
const otherFamily: AdviceRule = ({ pods, cluster: { pools } }) => {
  const missing = missingFamilies(pods.families, pools);
  if (pods.failed === 0 || missing.length === 0 || pools.length === 0) return undefined;
  const there = missing.includes(4) ? 6 : 4;
  const set = `assign_ipv4 "${String(there === 4)}" and assign_ipv6 "${String(there === 6)}"`;
  const asked = pods.families.map((family) => `IPv${String(family)}`).join(" and ");
  const [absent] = missing.map((family) => `IPv${String(family)}`);
  return {
    kind: "change",
    code: "pod-families",
    text: `Let the CNI plugin ask for IPv${String(there)} alone: ${set} in its configuration (podFamilies). If the cluster says so already, put its installation manifests among the files. Or add a pool of ${absent ?? ""}.`,
    because: `${counted(pods.failed, "pod")} got no address: the plugin asks for ${asked}, and no pool is of ${absent ?? ""} (${pools.join(", ")}).`,
    source: "calico documentation: Configure dual stack or IPv6 only",
  };
};

function missingFamilies(
  families: readonly AddressFamily[],
  pools: readonly string[],
): readonly AddressFamily[] {
  return families.filter(
    (family) => !pools.some((pool) => (pool.split(" ")[0] ?? "").includes(":") === (family === 6)),
  );
}

/** Addresses or blocks ran out, or IPAM timed out. */
const failedPods: AdviceRule = ({ pods, cluster }) => {
  const { pools } = cluster;
  // Without a pool there is nothing that its family could be at odds with.
  const other = pools.length > 0 && missingFamilies(pods.families, pools).length > 0;
  if (pods.failed === 0 || other) return undefined;
  return {
    kind: "change",
    code: "pods-failed",
    text: "Add a pool or enlarge the one there is, and check blocks per host.",
    because: `${counted(pods.failed, "pod")} got no address from ${cluster.pools.join(", ") || "no pool at all"}.`,
    source: "projectcalico/calico#4861; projectcalico/libcalico-go#1236",
  };
};

/** Pods that no node takes. */
const pendingPods: AdviceRule = ({ findings }) => {
  const first = findings.find(({ code }) => code === "pods-unscheduled");
  if (first === undefined) return undefined;
  return {
    kind: "change",
    code: "pods-unscheduled",
    text: "Start a node, or uncordon one, before pods are created: what no node takes stays pending.",
    because: `${first.text}.`,
    source: "kubernetes: pkg/scheduler/framework/plugins/nodeunschedulable",
  };
};

/** A single-server queue near its limit. */
const saturated: AdviceRule = ({ utilisation: { bird, felix, typha, datastore } }) => {
  const loads = [
    { name: "BIRD", share: bird.max, where: bird.busiest },
    { name: "Felix", share: felix.max, where: felix.busiest },
    { name: "Typha", share: typha?.max ?? 0, where: typha?.busiest ?? "" },
    { name: "the datastore", share: datastore, where: "" },
  ].filter(({ share }) => share >= SATURATED);
  const worst = loads.toSorted((a, b) => b.share - a.share)[0];
  if (worst === undefined) return undefined;
  return {
    kind: "change",
    code: "saturated",
    text: `Give ${worst.name} more CPU or less to do.`,
    because: `It was busy ${percent(worst.share)} of the run${worst.where === "" ? "" : ` on ${worst.where}`}; near 100% its queue, and with it every figure above, grows without bound.`,
    source: "projectcalico/calico#1579, #9706",
  };
};

/** In order of weight. */
export const ADVICE_RULES: readonly AdviceRule[] = [
  otherFamily,
  failedPods,
  pendingPods,
  underlay,
  mesh,
  typhaMissing,
  typhaCount,
  saturated,
  timerBound,
  routerLost,
  missingRoutes,
  nodeLost,
  slowPods,
  typhaBalance,
  typhaWorth,
];

/**
 * Typhas that the operator runs for so many nodes.
 *
 * @see operator: pkg/common/autoscale.go
 */
function typhasByOperator(nodes: number): number {
  if (nodes <= 2) return 1;
  if (nodes <= 4) return 2;
  return Math.max(3, Math.floor(nodes / 200) + 2);
}

/** Whether it is a node that packets did not reach. */
function inside({ outside }: Blackhole): boolean {
  return outside !== "destination";
}

/** The longest interval with one of these reasons, if a timer must be behind it. */
function longestOf(
  result: Result,
  reasons: readonly BlackholeReason[],
  counts: (hole: Blackhole) => boolean = () => true,
): Blackhole | undefined {
  const held = result.blackholes.intervals.filter(
    (hole) => reasons.includes(hole.reason) && span(hole) >= TIMER_BOUND && counts(hole),
  );
  return held.reduce<Blackhole | undefined>(
    (a, b) => (a === undefined || span(b) > span(a) ? b : a),
    undefined,
  );
}

function lost(hole: Blackhole): string {
  const { from, to, owner, open } = hole;
  return `${from} sent packets for ${to} of ${owner} into nothing for ${seconds(span(hole))}${open ? " and still does at the end" : ""}`;
}

function span(hole: Blackhole): number {
  return hole.endSeconds - hole.beginSeconds;
}
