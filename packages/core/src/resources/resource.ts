import {
  type Draft,
  enableMapSet,
  enablePatches,
  freeze,
  type Patch,
  produce,
  produceWithPatches,
} from "immer";

enablePatches();
enableMapSet();

/**
 * Every kind that calico-sim models, as the real API spells it.
 *
 * `Node` is both the Kubernetes `v1` object and Calico's own (`projectcalico.org/v3`, etcd
 * installs); `apiVersion` tells them apart. Kubernetes kinds come first.
 */
export const RESOURCE_KINDS = [
  "Node",
  "Pod",
  "Namespace",
  "ConfigMap",
  "Secret",
  "Service",
  "EndpointSlice",
  "IPPool",
  "IPReservation",
  "BGPConfiguration",
  "BGPPeer",
  "BGPFilter",
  "FelixConfiguration",
  "BlockAffinity",
  "IPAMBlock",
  "IPAMHandle",
  "IPAMConfig",
  "ClusterInformation",
  "KubeControllersConfiguration",
] as const;

/** One of {@link RESOURCE_KINDS}. */
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** The API groups and versions whose objects calico-sim reads. */
export const API_VERSIONS = {
  /** Calico's public API. @see calico: api/pkg/apis/projectcalico/v3 */
  calico: "projectcalico.org/v3",
  /** The classic custom-resource spelling of the same kinds. @see calico: libcalico-go/lib/backend/k8s/client.go */
  crd: "crd.projectcalico.org/v1",
  /** Kubernetes core. */
  kubernetes: "v1",
} as const;

/** The part of Kubernetes' `ObjectMeta` that the simulator keeps. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

/**
 * Any object of the datastore: frozen plain data, edited with {@link editResource}.
 *
 * The typed kinds ({@link import("./calico.js").IPPool}, …) narrow `kind`, `spec` and `status`.
 */
export interface Resource<Kind extends ResourceKind = ResourceKind> {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec?: object;
  readonly status?: object;
}

/** Names a resource: its kind, its name and, if it has one, its namespace. */
export interface ResourceReference {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/**
 * The key of an object in a datastore: `IPPool/default-ipv4-ippool`, `Pod/default/web-0`.
 *
 * The API version is no part of it: `crd.projectcalico.org/v1` and `projectcalico.org/v3` are two
 * spellings of one object.
 */
export function resourceKey(kind: string, name: string, namespace?: string): string {
  return namespace === undefined || namespace === ""
    ? `${kind}/${name}`
    : `${kind}/${namespace}/${name}`;
}

/** The {@link resourceKey} of a resource. */
export function keyOf(resource: Resource): string {
  return resourceKey(resource.kind, resource.metadata.name, resource.metadata.namespace);
}

/** Freezes a resource and everything in it; returns the same object. */
export function freezeResource<R extends Resource>(resource: R): R {
  return freeze(resource, true);
}

/**
 * Returns an edited copy; the original stays as it was, and untouched parts are shared.
 *
 * @example editResource(pool, (draft) => { draft.spec.disabled = true; })
 */
export function editResource<R extends Resource>(resource: R, edit: (draft: Draft<R>) => void): R {
  return produce(resource, (draft) => {
    edit(draft);
  });
}

/** As {@link editResource}, and tells which fields changed, as immer patches. */
export function editResourceWithPatches<R extends Resource>(
  resource: R,
  edit: (draft: Draft<R>) => void,
): { readonly resource: R; readonly patches: readonly Patch[] } {
  const [edited, patches] = produceWithPatches(resource, (draft: Draft<R>) => {
    edit(draft);
  });
  return { resource: edited, patches };
}

/** True for Calico's own kinds in either spelling of the API group. */
export function isCalicoApi(apiVersion: string): boolean {
  return (
    apiVersion.startsWith("projectcalico.org/") || apiVersion.startsWith("crd.projectcalico.org/")
  );
}
