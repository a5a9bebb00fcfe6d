import type { ObservedCluster } from "./build-result.js";
import type { Finding } from "./result.js";

/** Pods that are said to speak BGP and have nobody to speak it with, and why. */
export function workloadFindings(cluster: ObservedCluster): Finding[] {
  const { datastore, nodes, spec } = cluster;
  const described = (spec.workloadRouters ?? []).map(({ pod }) => pod);
  if (described.length === 0) return [];
  const setting = (text: string): Finding => ({ code: "setting", text });
  if (spec.backend !== "bird") {
    const text = `no BGP is spoken with the backend ${spec.backend}, so the workloadRouters ${described.join(", ")} are left out`;
    return [setting(text)];
  }
  const findings: Finding[] = [];
  const absent = described.filter((pod) => nodes.id(pod) < 0);
  if (absent.length > 0)
    findings.push(setting(`of the workloadRouters these pods never ran: ${absent.join(", ")}`));
  const alone = described.filter((pod) => !absent.includes(pod) && !isPeer(cluster, pod));
  if (alone.length > 0) {
    const text = `no BGPPeer with a localWorkloadSelector makes a node peer with the pods ${alone.join(", ")} at the end`;
    findings.push(setting(text));
  }
  const { spec: said } = datastore.get("BGPConfiguration", "default") ?? {};
  if (!said?.localWorkloadPeeringIPV4 && !said?.localWorkloadPeeringIPV6) {
    const text = `the BGPConfiguration default has no localWorkloadPeeringIPV4, so the pods ${described.join(", ")} have no address of their node to connect to`;
    findings.push(setting(text));
  }
  return findings;
}

function isPeer({ bird, bird6, nodes }: ObservedCluster, pod: string): boolean {
  const id = nodes.id(pod);
  for (let node = 0; node < nodes.size; node++) {
    if (!nodes.isNode(node)) continue;
    if (bird.isConfigured(node, id) || bird6?.isConfigured(node, id) === true) return true;
  }
  return false;
}
