import { bgpSettings, ofKind } from "@calico-sim/core";
import type { ObservedCluster } from "./build-result.js";
import type { Finding } from "./result.js";

/** What a reader must know before using the figures of a run. */
export function findingsOf(cluster: ObservedCluster): Finding[] {
  const { confd, datastore, spec, era, engine, recorder } = cluster;
  const findings: Finding[] = [];
  const external = confd.externalPeers();
  if (external.length > 0) {
    findings.push({
      code: "not-modelled",
      text: `BGP peers that are no nodes are left out, with their routes and the wait for them: ${external.join(", ")}`,
    });
  }
  const bgp = bgpSettings(ofKind(spec.resources, "BGPConfiguration"), era);
  const peers = datastore.count("BGPPeer");
  if (!bgp.nodeToNodeMeshEnabled && peers === 0 && spec.backend === "bird") {
    findings.push({
      code: "setting",
      text: "the node-to-node mesh is off and there is no BGPPeer, so there is no BGP session",
    });
  }
  if (cluster.outcome === "event-limit") {
    findings.push({
      code: "event-limit",
      text: `the run stopped after ${String(engine.eventsMax)} events; something never settles`,
    });
  }
  for (const [failure, times] of [...recorder.startFailures].slice(0, 5)) {
    findings.push({
      code: "start-failed",
      text: `calico-node did not start (${String(times)} times) on ${failure}`,
    });
  }
  for (const text of recorder.refused) findings.push({ code: "write-refused", text });
  for (const failure of recorder.failures.slice(0, 5)) {
    findings.push({ code: "pods-failed", text: failure });
  }
  return findings;
}
