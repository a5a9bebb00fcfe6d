import type { Pod, Resource } from "../resources/index.js";
import { deepEqual } from "./plain-data.js";

/** Where the CNI plugin leaves a pod's addresses (calico: libcalico-go/lib/backend/k8s/conversion/constants.go). */
export const POD_ANNOTATIONS = {
  podIP: "cni.projectcalico.org/podIP",
  podIPs: "cni.projectcalico.org/podIPs",
  containerID: "cni.projectcalico.org/containerID",
} as const;

const FINISHED: ReadonlySet<string> = new Set(["Succeeded", "Failed", "Completed"]);

/**
 * True when a pod makes a workload endpoint: scheduled, not on the host network, with an address, not
 * finished (control-plane-behaviour §2.2).
 *
 * @see calico: libcalico-go/lib/backend/k8s/conversion/workload_endpoint_default.go
 */
export function hasEndpoint(pod: Pod): boolean {
  const { spec, status, metadata } = pod;
  if (spec?.hostNetwork === true) return false;
  if (spec?.nodeName === undefined || spec.nodeName === "") return false;
  if (status?.phase !== undefined && FINISHED.has(status.phase)) return false;
  // Terminating and torn down: the CNI plugin has set the annotation to nothing.
  if (
    metadata.deletionTimestamp !== undefined &&
    metadata.annotations?.[POD_ANNOTATIONS.podIP] === ""
  ) {
    return false;
  }
  return hasAddress(pod);
}

/** Whether {@link firstAddressSource} finds any; asked far more often than which. */
function hasAddress({ status, metadata }: Pod): boolean {
  if ((status?.podIPs?.length ?? 0) > 0 || isWritten(status?.podIP)) return true;
  const { annotations } = metadata;
  if (annotations === undefined) return false;
  return (
    isWritten(annotations[POD_ANNOTATIONS.podIPs]) || isWritten(annotations[POD_ANNOTATIONS.podIP])
  );
}

function isWritten(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}

/** Addresses of a pod's endpoint; the first source that has any wins. */
export function endpointAddresses(pod: Pod): readonly string[] {
  return firstAddressSource(pod) ?? [];
}

/** Whether two pods' endpoints have the same addresses. */
export function equalAddresses(a: Pod, b: Pod): boolean {
  const { podIPs } = a.status ?? {};
  // Two revisions of a pod share what a write did not touch.
  if (podIPs !== undefined && podIPs.length > 0 && podIPs === b.status?.podIPs) return true;
  return deepEqual(endpointAddresses(a), endpointAddresses(b));
}

/** True for objects that a syncer passes on: every kind but pods without an endpoint. */
export function isPresent(resource: Resource | undefined): resource is Resource {
  if (resource === undefined) return false;
  return resource.kind !== "Pod" || hasEndpoint(resource as Pod);
}

function firstAddressSource({ status, metadata }: Pod): readonly string[] | undefined {
  const { podIPs, podIP } = status ?? {};
  if (podIPs !== undefined && podIPs.length > 0) return podIPs.map(({ ip }) => ip);
  if (podIP !== undefined && podIP !== "") return [podIP];
  const { annotations } = metadata;
  if (annotations === undefined) return undefined;
  const several = annotations[POD_ANNOTATIONS.podIPs];
  if (several !== undefined && several !== "") {
    return several.includes(",") ? several.split(",").map(withoutLength) : [withoutLength(several)];
  }
  const one = annotations[POD_ANNOTATIONS.podIP];
  return one === undefined || one === "" ? undefined : [withoutLength(one)];
}

/** The plugin writes `10.0.0.5/32`. */
function withoutLength(address: string): string {
  const slash = address.indexOf("/");
  return slash < 0 ? address.trim() : address.slice(0, slash).trim();
}
