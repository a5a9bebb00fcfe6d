import {
  type AddressFamily,
  type DurationInput,
  formatMicros,
  type LinkChange,
  type Micros,
  micros,
  type Resource,
  type ResourceKind,
} from "@calico-sim/core";
import { checkedOptions } from "./call-options.js";

/**
 * Processes that a scenario can kill. `bird` is the BIRD of IPv4 and `bird6` that of IPv6, each a service of its own
 * (calico: node/filesystem/etc/service/available). `calico-node` is the whole container: Felix, confd and both BIRDs.
 */
export type DaemonName = "bird" | "bird6" | "felix" | "confd" | "calico-node" | "typha";

/** A node that joins: what its kubelet registers. */
export interface JoiningNode {
  readonly name: string;
  /** Address with prefix length, e.g. `10.0.3.17/24`: IPv4, or IPv6 where it has no other. */
  readonly address: string;
  /** Its IPv6 address beside an IPv4 one, e.g. `fd10::17/64`. Absent: none. */
  readonly ipv6Address?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What happens in a scenario; plain data. Build with {@link start}, {@link fail}, {@link heal}, {@link blocks}, {@link pods}, {@link config} and {@link apply}. */
export type Action =
  | { readonly type: "start"; readonly stagger: Micros }
  | { readonly type: "node-join"; readonly node: JoiningNode }
  | { readonly type: "node-crash"; readonly node: string }
  | { readonly type: "node-reboot"; readonly node: string }
  | { readonly type: "node-cut"; readonly node: string }
  | { readonly type: "node-heal"; readonly node: string }
  | { readonly type: "node-delete"; readonly node: string }
  | { readonly type: "router-crash" | "router-reboot"; readonly router: string }
  | {
      readonly type: "kill";
      readonly daemon: DaemonName;
      /** Node name, for `typha` its index as text, for `bird` also the name of an external router. */
      readonly target: string;
      readonly signal: "KILL" | "TERM";
      /** Time until the supervisor starts it again; infinity = never. */
      readonly restartAfter: Micros;
    }
  | { readonly type: "block-add"; readonly node: string; readonly count: number }
  | { readonly type: "block-remove"; readonly node: string; readonly count: number }
  | {
      readonly type: "pods-create";
      readonly count: number;
      readonly over: Micros;
      readonly namespace: string;
      readonly labels?: Readonly<Record<string, string>> | undefined;
    }
  | {
      readonly type: "pods-churn";
      readonly perSecond: number;
      readonly lifetime: Micros;
      readonly duration: Micros;
      readonly namespace: string;
      readonly labels?: Readonly<Record<string, string>> | undefined;
    }
  | { readonly type: "link-cut" | "link-restore"; readonly between: readonly [string, string] }
  | ({ readonly type: "link-degrade"; readonly between: readonly [string, string] } & LinkChange)
  | { readonly type: "link-mend"; readonly between: readonly [string, string] }
  | { readonly type: "rack-cut" | "rack-restore"; readonly rack: string }
  | {
      readonly type: "packets-drop" | "packets-allow";
      readonly from: string;
      readonly to: string;
      /** TCP port at `to`; absent: everything. */
      readonly port?: number;
    }
  | { readonly type: "apply"; readonly resources: readonly Resource[] }
  | {
      readonly type: "delete";
      readonly kind: ResourceKind;
      readonly name: string;
      readonly namespace?: string;
    }
  | { readonly type: "datastore-down" | "datastore-up" }
  | { readonly type: "etcd-endpoints"; readonly endpoints: readonly string[] }
  | { readonly type: "detect-ipv6" }
  | { readonly type: "pod-families"; readonly families: readonly AddressFamily[] };

/** An action at a time since the start of the run. */
export interface Step {
  readonly at: Micros;
  readonly action: Action;
}

/** Steps in any order; equal times in the order written. */
export type Scenario = readonly Step[];

/** Puts actions at a time: `at("10m", fail.node("node-17"))`. */
export function at(time: DurationInput, action: Action): Step {
  return Object.freeze({ at: micros(time), action: Object.freeze(action) });
}

/** Starts all nodes, together or one each `stagger`. */
export function start(options: { readonly stagger?: DurationInput } = {}): Action {
  const { stagger = 0 } = checkedOptions(options, ["stagger"], "start");
  return { type: "start", stagger: micros(stagger) };
}

/** How a process is killed, and when it is back. */
export interface KillOptions {
  /** @defaultValue `KILL` */
  readonly signal?: "KILL" | "TERM";
  /** A time, or `never`. @defaultValue 1 s, the pause of runit */
  readonly restartAfter?: DurationInput;
}

/** Where and when pods are created. */
export interface CreateOptions {
  /** @defaultValue 30 s */
  readonly over?: DurationInput;
  /** @defaultValue `default` */
  readonly namespace?: string;
  /** By which services select them. @defaultValue none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Pods that come and go. */
export interface ChurnOptions {
  readonly perSecond: number;
  /** Mean time that a pod stays. */
  readonly lifetime: DurationInput;
  readonly duration: DurationInput;
  /** @defaultValue `default` */
  readonly namespace?: string;
  /** By which services select them. @defaultValue none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Things that break. */
export const fail: {
  readonly node: (node: string) => Action;
  readonly cut: (node: string) => Action;
  readonly router: (router: string) => Action;
  readonly process: (daemon: DaemonName, target: string, options?: KillOptions) => Action;
  readonly rack: (rack: string) => Action;
  readonly link: (a: string, b: string) => Action;
  readonly quality: (a: string, b: string, change: LinkChange) => Action;
  readonly datastore: () => Action;
} = Object.freeze({
  /** The host loses power: nothing is sent to anyone, its kernel state is lost. */
  node: (node: string): Action => ({ type: "node-crash", node }),
  /** The network of a node or external router is cut without a carrier change; its processes run on. */
  cut: (node: string): Action => ({ type: "node-cut", node }),
  /** An external router loses power: nothing is sent to anyone, so its neighbours wait for their hold time. */
  router: (router: string): Action => ({ type: "router-crash", router }),
  /**
   * A process gets SIGKILL (or SIGTERM) and is started again by its supervisor after 1 s (runit) unless told
   * otherwise. `bird` of an external router is its routing daemon.
   */
  process: (daemon: DaemonName, target: string, options: KillOptions = {}): Action => {
    const known = ["signal", "restartAfter"] as const;
    const { signal = "KILL", restartAfter = "1s" } = checkedOptions(options, known, "fail.process");
    const never = restartAfter === "never";
    return {
      type: "kill",
      daemon,
      target,
      signal,
      restartAfter: never ? Number.POSITIVE_INFINITY : micros(restartAfter),
    };
  },
  /** A rack loses its uplinks. */
  rack: (rack: string): Action => ({ type: "rack-cut", rack }),
  /** A link between two underlay vertices breaks. */
  link: (a: string, b: string): Action => ({ type: "link-cut", between: [a, b] }),
  /** A link between two underlay vertices is up, but not what it was: slower, narrower, or it loses packets. */
  quality: (a: string, b: string, change: LinkChange): Action => {
    const known = ["latencyUs", "jitterUs", "bandwidthMbps", "loss"] as const;
    const checked = checkedOptions(change, known, "fail.quality");
    return { type: "link-degrade", between: [a, b], ...checked };
  },
  /** The whole datastore stops answering. */
  datastore: (): Action => ({ type: "datastore-down" }),
});

/** Things that come back. */
export const heal: {
  readonly node: (node: string) => Action;
  readonly cut: (node: string) => Action;
  readonly router: (router: string) => Action;
  readonly rack: (rack: string) => Action;
  readonly link: (a: string, b: string) => Action;
  readonly quality: (a: string, b: string) => Action;
  readonly datastore: () => Action;
} = Object.freeze({
  /** A crashed host boots, with an empty kernel. */
  node: (node: string): Action => ({ type: "node-reboot", node }),
  /** A cut node or external router is reachable again. */
  cut: (node: string): Action => ({ type: "node-heal", node }),
  /** An external router boots, with an empty table. */
  router: (router: string): Action => ({ type: "router-reboot", router }),
  /** A rack has its uplinks again. */
  rack: (rack: string): Action => ({ type: "rack-restore", rack }),
  /** A link works again. */
  link: (a: string, b: string): Action => ({ type: "link-restore", between: [a, b] }),
  /** A link is as specified again. */
  quality: (a: string, b: string): Action => ({ type: "link-mend", between: [a, b] }),
  /** The datastore answers again. */
  datastore: (): Action => ({ type: "datastore-up" }),
});

/** What a packet filter drops: one direction, and one TCP port or everything. */
export interface FilterOptions {
  /** Node or external router that sends. */
  readonly from: string;
  /** Node or external router that does not get it. */
  readonly to: string;
  /** TCP port at `to`; 179, or another on which BGP listens, is what is modelled. @defaultValue everything */
  readonly port?: number;
}

/** Packet filters between two nodes, or a node and an external router, in one direction. */
export const firewall: {
  readonly drop: (options: FilterOptions) => Action;
  readonly allow: (options: FilterOptions) => Action;
} = Object.freeze({
  /**
   * What `from` sends to `to` vanishes without an answer. With a port, only what goes to that port does, so
   * connections that `to` opens work on.
   */
  drop: (options: FilterOptions): Action => ({ type: "packets-drop", ...options }),
  /** The filter is gone. */
  allow: (options: FilterOptions): Action => ({ type: "packets-allow", ...options }),
});

/** Nodes that come and go for good. */
export const nodes: {
  readonly join: (node: JoiningNode) => Action;
  readonly remove: (node: string) => Action;
} = Object.freeze({
  /** A new node registers and starts. */
  join: (node: JoiningNode): Action => ({ type: "node-join", node }),
  /** The Node object is deleted, and with it its blocks. */
  remove: (node: string): Action => ({ type: "node-delete", node }),
});

/** IPAM blocks. */
export const blocks: {
  readonly add: (node: string, count?: number) => Action;
  readonly remove: (node: string, count?: number) => Action;
} = Object.freeze({
  /** A node claims further blocks. */
  add: (node: string, count = 1): Action => ({ type: "block-add", node, count }),
  /** A node releases its newest empty blocks. */
  remove: (node: string, count = 1): Action => ({ type: "block-remove", node, count }),
});

/** Pods. */
export const pods: {
  readonly create: (count: number, options?: CreateOptions) => Action;
  readonly churn: (options: ChurnOptions) => Action;
} = Object.freeze({
  /** Creates pods, spread evenly over the nodes and over a time. */
  create: (count: number, options: CreateOptions = {}): Action => {
    const known = ["over", "namespace", "labels"] as const;
    const checked = checkedOptions(options, known, "pods.create");
    const { over = "30s", namespace = "default", labels } = checked;
    return { type: "pods-create", count, over: micros(over), namespace, ...labelled(labels) };
  },
  /** Creates pods at a rate, each living for an exponentially distributed time. */
  churn: (options: ChurnOptions): Action => {
    const known = ["perSecond", "lifetime", "duration", "namespace", "labels"] as const;
    const checked = checkedOptions(options, known, "pods.churn");
    const { perSecond, lifetime, duration, namespace = "default", labels } = checked;
    const times = { lifetime: micros(lifetime), duration: micros(duration) };
    return { type: "pods-churn", perSecond, ...times, namespace, ...labelled(labels) };
  },
});

type Labels = Readonly<Record<string, string>>;

function labelled(labels: Labels | undefined): { readonly labels?: Labels } {
  return labels === undefined ? {} : { labels: Object.freeze({ ...labels }) };
}

/** Settings of the installation, as an edit of the ConfigMap calico-config changes them. */
export const config: {
  readonly etcdEndpoints: (endpoints: readonly string[]) => Action;
  readonly detectIpv6: () => Action;
  readonly podFamilies: (families: readonly AddressFamily[]) => Action;
} = Object.freeze({
  /** Where etcd is said to be. A node's calico-node reads it when it starts next. */
  etcdEndpoints: (endpoints: readonly string[]): Action => {
    const given: unknown = endpoints;
    // What is no list is refused as such with the scenario.
    const list = Array.isArray(given) ? Object.freeze([...endpoints]) : endpoints;
    return { type: "etcd-endpoints", endpoints: list };
  },
  /**
   * `IP6: autodetect`: a Node without an IPv6 address gets the one that its kubelet reports, when its calico-node starts
   * next. The DaemonSet would start one after the other anew; here that is left to further steps.
   */
  detectIpv6: (): Action => ({ type: "detect-ipv6" }),
  /**
   * `assign_ipv4` and `assign_ipv6` of the CNI configuration: families of the addresses of pods that start from now on.
   * All hosts have it at once.
   */
  podFamilies: (families: readonly AddressFamily[]): Action => ({
    type: "pod-families",
    // What is no list is left to the check of the scenario, which names its place.
    families: isList(families) ? Object.freeze([...families]) : families,
  }),
});

function isList(given: unknown): boolean {
  return Array.isArray(given);
}

/** Writes resources as `kubectl apply` does. */
export function apply(...resources: readonly Resource[]): Action {
  return { type: "apply", resources };
}

/** A step in words, for reports. */
export function describe(action: Action): string {
  switch (action.type) {
    case "start":
      return action.stagger > 0
        ? `start all nodes, one each ${String(action.stagger / 1e6)}s`
        : "start all nodes";
    case "node-join":
      return `${action.node.name} joins`;
    case "node-crash":
      return `crash ${action.node}`;
    case "node-reboot":
      return `reboot ${action.node}`;
    case "node-cut":
      return `cut ${action.node} off`;
    case "node-heal":
      return `reconnect ${action.node}`;
    case "node-delete":
      return `delete ${action.node}`;
    case "router-crash":
      return `crash ${action.router}`;
    case "router-reboot":
      return `reboot ${action.router}`;
    case "kill":
      return `SIG${action.signal} ${action.daemon} on ${action.target}`;
    case "block-add":
      return `${action.node} gains ${plural(action.count, "block")}`;
    case "block-remove":
      return `${action.node} loses ${plural(action.count, "block")}`;
    case "pods-create":
      return `schedule ${plural(action.count, "pod")}`;
    case "pods-churn":
      return `churn ${String(action.perSecond)} pods/s`;
    case "link-cut":
      return `cut link ${action.between.join(" – ")}`;
    case "link-restore":
      return `restore link ${action.between.join(" – ")}`;
    case "link-degrade":
      return `degrade link ${action.between.join(" – ")}: ${changeInWords(action)}`;
    case "link-mend":
      return `mend link ${action.between.join(" – ")}`;
    case "rack-cut":
      return `cut rack ${action.rack}`;
    case "rack-restore":
      return `reconnect rack ${action.rack}`;
    case "packets-drop":
      return `drop ${packets(action)}`;
    case "packets-allow":
      return `allow ${packets(action)}`;
    case "apply":
      return `apply ${action.resources.map((r) => `${r.kind}/${r.metadata.name}`).join(", ")}`;
    case "delete":
      return `delete ${action.kind}/${action.name}`;
    case "datastore-down":
      return "datastore goes down";
    case "datastore-up":
      return "datastore comes back";
    case "detect-ipv6":
      return "calico-node: IP6 autodetect";
    case "pod-families":
      return `CNI configuration: pods get ${action.families.map((v) => `IPv${String(v)}`).join(" and ")}`;
    case "etcd-endpoints":
      return `calico-config: etcd at ${action.endpoints.join(",")}`;
  }
}

function changeInWords({ latencyUs, jitterUs, bandwidthMbps, loss }: LinkChange): string {
  return [
    latencyUs === undefined ? "" : `latency ${formatMicros(latencyUs)}`,
    jitterUs === undefined ? "" : `jitter ${formatMicros(jitterUs)}`,
    bandwidthMbps === undefined ? "" : `${String(bandwidthMbps)} Mb/s`,
    loss === undefined ? "" : `loss ${String(Number((loss * 100).toPrecision(6)))} %`,
  ]
    .filter((text) => text !== "")
    .join(", ");
}

function packets({ from, to, port }: FilterOptions): string {
  return `${from} → ${to}${port === undefined ? "" : ` port ${String(port)}`}`;
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}
