/** The part of Kubernetes' metadata that confd reads. */
interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Kubernetes `v1` Service, as far as confd reads it. */
export interface Service {
  readonly apiVersion: string;
  readonly kind: "Service";
  readonly metadata: Metadata;
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly externalIPs?: readonly string[];
    readonly externalTrafficPolicy?: string;
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] };
  };
}

/** Kubernetes `discovery.k8s.io/v1` EndpointSlice, as far as confd reads it. */
export interface EndpointSlice {
  readonly apiVersion: string;
  readonly kind: "EndpointSlice";
  readonly metadata: Metadata;
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    readonly nodeName?: string;
    readonly conditions?: { readonly ready?: boolean };
  }[];
}

/** Kubernetes `v1` Endpoints, as far as confd reads it. */
export interface Endpoints {
  readonly apiVersion: string;
  readonly kind: "Endpoints";
  readonly metadata: Metadata;
  readonly subsets?: readonly {
    readonly addresses?: readonly { readonly ip: string; readonly nodeName?: string }[];
  }[];
}

/** Kubernetes `v1` Secret. */
export interface Secret {
  readonly apiVersion: string;
  readonly kind: "Secret";
  readonly metadata: Metadata;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

/** The Kubernetes objects that confd watches itself, beside the syncer's. */
export type KubernetesResource = Service | EndpointSlice | Endpoints | Secret;
