import {
  type AddressFamily,
  type EndpointSlice,
  type Pod,
  parseAddress,
  type Service,
} from "@calico-sim/core";

/** Who made a slice (kubernetes: pkg/controller/endpointslice, controllerName). */
const MANAGER = "endpointslice-controller.k8s.io";
const SERVICE_LABEL = "kubernetes.io/service-name";

/** One endpoint as a slice holds it. Frozen. */
export type Endpoint = NonNullable<EndpointSlice["endpoints"]>[number];

/** The service that a slice belongs to: its name, or undefined. */
export function serviceNameOf(slice: EndpointSlice): string | undefined {
  return slice.metadata.labels?.[SERVICE_LABEL];
}

/** Addresses in a slice. */
export function addressesOf(slice: EndpointSlice): readonly string[] {
  return (slice.endpoints ?? []).flatMap(({ addresses = [] }) => addresses);
}

/** Families of a service's slices; without a word about it those of its cluster address. */
export function familiesOf({ spec = {} }: Service): readonly AddressFamily[] {
  const { ipFamilies, clusterIPs, clusterIP = "" } = spec;
  if (ipFamilies !== undefined) return ipFamilies.map((name) => (name === "IPv6" ? 6 : 4));
  const families = (clusterIPs ?? [clusterIP]).map((text) => parseAddress(text)?.family ?? 4);
  return [...new Set(families)];
}

/** Whether a service takes a pod for its own; one without a selector takes none. */
export function selectsPod({ spec, metadata }: Service, pod: Pod): boolean {
  const { labels, namespace = "default" } = pod.metadata;
  if (labels === undefined || namespace !== (metadata.namespace ?? "default")) return false;
  const wanted = Object.entries(spec?.selector ?? {});
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
}

/**
 * What a pod is to a service: undefined before it has an address, and once it is finished. A pod that is being deleted stays,
 * not ready (kubernetes: staging/src/k8s.io/endpointslice/utils.go, podToEndpoint; pkg/api/v1/pod, ShouldPodBeInEndpoints).
 */
export function endpointOf(
  pod: Pod,
  family: AddressFamily,
  service: Service,
): Endpoint | undefined {
  const { phase, podIP, podIPs, conditions = [] } = pod.status ?? {};
  if (phase === "Succeeded" || phase === "Failed") return undefined;
  const all = podIPs?.map(({ ip }) => ip) ?? (podIP === undefined ? [] : [podIP]);
  const address = all.find((text) => parseAddress(text)?.family === family);
  if (address === undefined) return undefined;
  const serving = conditions.some(({ type, status }) => type === "Ready" && status === "True");
  const ready = serving && pod.metadata.deletionTimestamp === undefined;
  const { nodeName } = pod.spec ?? {};
  return Object.freeze({
    addresses: Object.freeze([address]),
    ...(nodeName === undefined ? {} : { nodeName }),
    conditions: Object.freeze({ ready: ready || service.spec?.publishNotReadyAddresses === true }),
  });
}

/** Whether two endpoints say the same. */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.addresses?.[0] === b.addresses?.[0] &&
    a.nodeName === b.nodeName &&
    a.conditions?.ready === b.conditions?.ready
  );
}

/** A slice of a service. */
export function newSlice(
  name: string,
  service: Service,
  family: AddressFamily,
  endpoints: readonly Endpoint[],
): EndpointSlice {
  const { namespace, name: serviceName } = service.metadata;
  return Object.freeze({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice" as const,
    metadata: Object.freeze({
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: Object.freeze({
        [SERVICE_LABEL]: serviceName,
        "endpointslice.kubernetes.io/managed-by": MANAGER,
      }),
    }),
    addressType: family === 6 ? "IPv6" : "IPv4",
    endpoints: Object.freeze([...endpoints]),
  });
}
