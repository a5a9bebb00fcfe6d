import type { Simulation } from "@calico-sim/cluster";
import type { SyncerType } from "@calico-sim/core";
import { liveNodes, type Violation, Violations } from "./violation.js";

/**
 * Every Felix and confd of a live node has a Typha that runs, that it can reach and that counts it among
 * its connections; and each ready Typha's cache is in sync.
 *
 * Holds once all is quiet; holds at once without Typhas.
 */
export function everyTyphaClientServed(simulation: Simulation): readonly Violation[] {
  const violations = new Violations("everyTyphaClientServed", simulation);
  const { typha, typhaNodes, nodes, fabric, spec } = simulation;
  if (typha === undefined) return violations.found;
  const types: readonly SyncerType[] = spec.backend === "bird" ? ["felix", "bgp"] : ["felix"];
  for (const type of types) {
    const syncer = typha.syncer(type);
    typhaNodes.forEach((_, t) => {
      if (typha.ready(t) && !syncer.inSync(t)) {
        violations.add(`typha-${String(t)} is ready without its ${type} cache being in sync`);
      }
    });
    for (const node of liveNodes(simulation)) {
      const server = syncer.typhaOf(node);
      const who = `${type === "bgp" ? "confd" : "felix"} of ${nodes.name(node)}`;
      if (server < 0) violations.add(`${who} has no Typha`);
      else if (!typha.ready(server))
        violations.add(`${who} is at typha-${String(server)}, not ready`);
      else if (!syncer.connectionsOf(server).includes(node)) {
        violations.add(`${who} is at typha-${String(server)}, which does not know it`);
      } else if (!fabric.reachable(node, typhaNodes[server]!)) {
        violations.add(`${who} is at typha-${String(server)}, out of its reach`);
      }
    }
  }
  return violations.found;
}
