import type { Resource } from "./resource.js";

/** One address a Kubernetes Node reports. */
export interface NodeAddress {
  readonly type:
    | "InternalIP"
    | "ExternalIP"
    | "Hostname"
    | "InternalDNS"
    | "ExternalDNS"
    | (string & {});
  readonly address: string;
}

/** One condition of a Node or Pod. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown" | (string & {});
  readonly reason?: string;
}

/** Kubernetes `v1` Node, as far as Calico reads it. */
export interface KubernetesNode extends Resource<"Node"> {
  readonly apiVersion: "v1";
  readonly spec?: {
    readonly podCIDR?: string;
    readonly podCIDRs?: readonly string[];
    readonly providerID?: string;
    readonly unschedulable?: boolean;
    readonly taints?: readonly {
      readonly key: string;
      readonly value?: string;
      readonly effect: string;
    }[];
  };
  readonly status?: {
    readonly addresses?: readonly NodeAddress[];
    readonly capacity?: Readonly<Record<string, string | number>>;
    readonly allocatable?: Readonly<Record<string, string | number>>;
    readonly conditions?: readonly Condition[];
  };
}

/**
 * Calico's own Node, stored as such in etcd; with the Kubernetes datastore it is an image of the
 * Kubernetes Node.
 *
 * @see calico: api/pkg/apis/projectcalico/v3 and calico: libcalico-go/lib/apis/v3/node.go
 */
export interface CalicoNode extends Resource<"Node"> {
  readonly apiVersion: "projectcalico.org/v3" | "crd.projectcalico.org/v1";
  readonly spec?: {
    readonly bgp?: {
      readonly ipv4Address?: string;
      readonly ipv6Address?: string;
      readonly asNumber?: number | string;
      readonly routeReflectorClusterID?: string;
      readonly ipv4IPIPTunnelAddr?: string;
      readonly interfaces?: readonly object[];
    };
    readonly orchRefs?: readonly { readonly nodeName?: string; readonly orchestrator: string }[];
    readonly wireguard?: {
      readonly interfaceIPv4Address?: string;
      readonly interfaceIPv6Address?: string;
    };
    readonly ipv4VXLANTunnelAddr?: string;
    readonly ipv6VXLANTunnelAddr?: string;
    readonly vxlanTunnelMACAddr?: string;
    readonly vxlanTunnelMACAddrV6?: string;
    readonly addresses?: readonly { readonly address: string; readonly type?: string }[];
  };
  readonly status?: {
    readonly wireguardPublicKey?: string;
    readonly wireguardPublicKeyV6?: string;
    readonly podCIDRs?: readonly string[];
  };
}

/** Either kind of Node; `apiVersion` tells them apart. See {@link import("./node-view.js").nodeView}. */
export type Node = KubernetesNode | CalicoNode;

/** Kubernetes `v1` Pod, as far as Calico reads it. */
export interface Pod extends Resource<"Pod"> {
  readonly spec?: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly serviceAccountName?: string;
    readonly terminationGracePeriodSeconds?: number;
    readonly containers?: readonly object[];
  };
  readonly status?: {
    readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly hostIP?: string;
    readonly conditions?: readonly Condition[];
  };
}

/** Kubernetes `v1` Namespace. */
export interface Namespace extends Resource<"Namespace"> {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly phase?: string };
}

/** Kubernetes `v1` Secret, where BGP passwords are; its content is beside `spec`, not in it. */
export interface Secret extends Resource<"Secret"> {
  /** In base64. */
  readonly data?: Readonly<Record<string, string>>;
  /** As plain text, which the API server stores under `data`. */
  readonly stringData?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly immutable?: boolean;
}

/** Kubernetes `v1` ConfigMap; its content is beside `spec`, not in it. */
export interface ConfigMap extends Resource<"ConfigMap"> {
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

/** Kubernetes `v1` Service, as far as Calico advertises it. */
export interface Service extends Resource<"Service"> {
  readonly spec?: {
    readonly type?: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName" | (string & {});
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly externalIPs?: readonly string[];
    readonly externalTrafficPolicy?: "Cluster" | "Local" | (string & {});
    /** Labels of the pods behind it; without any its endpoints are somebody else's affair. */
    readonly selector?: Readonly<Record<string, string>>;
    readonly ipFamilies?: readonly ("IPv4" | "IPv6" | (string & {}))[];
    readonly publishNotReadyAddresses?: boolean;
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] };
  };
}

/** Kubernetes `discovery.k8s.io/v1` EndpointSlice, as far as Calico reads it; its content is beside `spec`, not in it. */
export interface EndpointSlice extends Resource<"EndpointSlice"> {
  readonly addressType?: string;
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    readonly nodeName?: string;
    readonly conditions?: { readonly ready?: boolean };
  }[];
}
