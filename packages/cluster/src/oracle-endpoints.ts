import type { Pod } from "@calico-sim/core";

/** Addresses of a pod as a workload endpoint; none where it is no such thing. */
export function endpointAddresses(pod: Pod): readonly string[] {
  return isEndpoint(pod) ? addressesOf(pod) : [];
}

/** Scheduled, with an address of its own, not finished (control-plane-behaviour §2.2). */
function isEndpoint({ spec, status, metadata }: Pod): boolean {
  if (spec?.hostNetwork === true || (spec?.nodeName ?? "") === "") return false;
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return false;
  const given = metadata.annotations?.["cni.projectcalico.org/podIP"];
  return !(metadata.deletionTimestamp !== undefined && given === "");
}

/** The kubelet's report, else the CNI plugin's annotation. */
function addressesOf({ status, metadata }: Pod): readonly string[] {
  const reported = status?.podIPs?.map(({ ip }) => ip) ?? [];
  if (reported.length > 0) return reported;
  const written = metadata.annotations?.["cni.projectcalico.org/podIPs"] ?? "";
  return written
    .split(",")
    .filter((text) => text !== "")
    .map((text) => text.split("/")[0] ?? text);
}
