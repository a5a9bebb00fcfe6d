import type { EndpointSlice, Secret, Service } from "@calico-sim/core";

export type { EndpointSlice, Secret, Service };

/** The part of Kubernetes' metadata that confd reads. */
interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
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

/** The Kubernetes objects that confd watches itself, beside the syncer's. */
export type KubernetesResource = Service | EndpointSlice | Endpoints | Secret;
