import {
  type AllocationAttributes,
  formatTimestamp,
  hash32,
  hashText,
  hex32,
  type MergePatch,
  type Micros,
  type Pod,
} from "@calico-sim/core";

/** What the CNI plugin writes on a pod (calico: libcalico-go/lib/backend/k8s/conversion). */
export const POD_ANNOTATIONS: Readonly<Record<"podIP" | "podIPs" | "containerID", string>> =
  Object.freeze({
    podIP: "cni.projectcalico.org/podIP",
    podIPs: "cni.projectcalico.org/podIPs",
    containerID: "cni.projectcalico.org/containerID",
  });

/** A pod to be created. */
export interface PodSpec {
  readonly namespace: string;
  readonly name: string;
  /** The node that the scheduler picks. */
  readonly node: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Such a pod has its node's address and no CNI. @defaultValue false */
  readonly hostNetwork?: boolean;
  /** Families that the cluster gives a pod addresses of. @defaultValue [4] */
  readonly families?: readonly (4 | 6)[];
  /** Pools by name or CIDR (annotation `cni.projectcalico.org/ipv4pools`). */
  readonly pools?: readonly string[];
}

/** The pod as a controller creates it: no node, no address. */
export function newPod(spec: PodSpec, at: Micros): Pod {
  return Object.freeze({
    apiVersion: "v1",
    kind: "Pod" as const,
    metadata: Object.freeze({
      name: spec.name,
      namespace: spec.namespace,
      uid: uid(`${spec.namespace}/${spec.name}`, at),
      creationTimestamp: formatTimestamp(at),
      ...(spec.labels === undefined ? {} : { labels: spec.labels }),
    }),
    spec: spec.hostNetwork === true ? ON_HOST_NETWORK : UNBOUND,
    status: PENDING,
  });
}

/** The scheduler's decision. */
export function bound(node: string): MergePatch {
  return {
    spec: { nodeName: node },
    status: { conditions: SCHEDULED },
  };
}

/**
 * The kubelet begins: what it knows of no sandbox has no address, so that of an earlier sandbox goes
 * (kubernetes: pkg/kubelet/kubelet_pods.go, generateAPIPodStatus). Calico takes a pod's status for its
 * endpoint's address, and would route one that another pod has by now.
 */
export function creating(): MergePatch {
  return CREATING;
}

/** The CNI plugin's annotations after ADD. */
export function addressed(addresses: readonly string[], containerID: string): MergePatch {
  return {
    metadata: {
      annotations: {
        [POD_ANNOTATIONS.podIP]: hostCidrText(addresses[0]),
        [POD_ANNOTATIONS.podIPs]: addresses.map(hostCidrText).join(","),
        [POD_ANNOTATIONS.containerID]: containerID,
      },
    },
  };
}

/** The CNI plugin's annotations after DEL: addresses empty, container kept. */
export function unaddressed(): MergePatch {
  return {
    metadata: { annotations: { [POD_ANNOTATIONS.podIP]: "", [POD_ANNOTATIONS.podIPs]: "" } },
  };
}

/** The kubelet's report of running containers. */
export function running(addresses: readonly string[], ready: boolean): MergePatch {
  return {
    status: {
      phase: "Running",
      podIP: addresses[0] ?? null,
      podIPs: addresses.map((ip) => ({ ip })),
      conditions: ready ? READY : NOT_READY,
    },
  };
}

/** The kubelet's report of stopped containers. */
export function stopped(): MergePatch {
  return STOPPED;
}

/** The API server's mark of a deletion with a grace period. */
export function terminating(at: Micros): MergePatch {
  return { metadata: { deletionTimestamp: formatTimestamp(at) } };
}

/** What the allocation of a pod's address notes (calico: cni-plugin/pkg/ipamplugin/ipam_plugin.go). */
export function allocationAttributes(spec: PodSpec, at: Micros): AllocationAttributes {
  return Object.freeze({
    namespace: spec.namespace,
    node: spec.node,
    pod: spec.name,
    timestamp: formatTimestamp(at),
  });
}

/** 64 hexadecimal digits: the id of the `attempt`-th sandbox of a pod. */
export function containerId(key: string, serial: number, attempt: number): string {
  const seed = hashText(key);
  let id = "";
  for (let place = 0; place < 8; place++) {
    id += word(seed, serial * 1024 + attempt, place);
  }
  return id;
}

/** Handle of a pod's addresses: network name and container (calico: cni-plugin/pkg/ipamplugin/ipam_plugin.go:130-487). */
export function podHandle(container: string): string {
  return `k8s-pod-network.${container}`;
}

function conditions(ready: boolean, reason: string | undefined): readonly object[] {
  const status = ready ? "True" : "False";
  const because = reason === undefined ? {} : { reason };
  return Object.freeze([
    BOUND,
    Object.freeze({ type: "ContainersReady", status, ...because }),
    Object.freeze({ type: "Ready", status, ...because }),
  ]);
}

// What is the same for all pods exists once: patches share it, and comparing it costs nothing.
const PENDING = Object.freeze({ phase: "Pending" as const });
const UNBOUND = Object.freeze({});
const ON_HOST_NETWORK = Object.freeze({ hostNetwork: true });
const BOUND = Object.freeze({ type: "PodScheduled", status: "True" });
const SCHEDULED = Object.freeze([BOUND]);
const READY = conditions(true, undefined);
const NOT_READY = conditions(false, "ContainersNotReady");
const CREATING: MergePatch = Object.freeze({
  status: Object.freeze({
    phase: "Pending",
    podIP: null,
    podIPs: null,
    conditions: conditions(false, "ContainerCreating"),
  }),
});
const STOPPED: MergePatch = Object.freeze({
  status: Object.freeze({ phase: "Succeeded", conditions: conditions(false, "PodCompleted") }),
});

function hostCidrText(address = ""): string {
  if (address === "") return "";
  return address.includes(":") ? `${address}/128` : `${address}/32`;
}

function uid(key: string, at: Micros): string {
  const seed = hashText(key);
  const low = at % 0x1_0000_0000;
  const b = word(seed, low, 2);
  const c = word(seed, low, 3);
  return `${word(seed, low, 1)}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${word(seed, low, 4)}`;
}

/** Eight hexadecimal digits of a hash. */
function word(a: number, b: number, c: number): string {
  return hex32(hash32(a, b, c));
}
