import { type Cidr, type FabricSpec, isRecord } from "@calico-sim/core";
import { ClusterError } from "./cluster-error.js";
import type { ResourceClusterOptions } from "./cluster-options.js";
import { placeOf } from "./external-router.js";
import { routerIssues, soundRouters } from "./external-router-check.js";
import { describeLinks, linksOf, soundUnderlay, underlayOf } from "./underlay.js";
import { underlayIssues } from "./underlay-check.js";

/**
 * The underlay of a cluster: the one that is given, else one rack per subnet of nodes, with links as described.
 *
 * @throws ClusterError with all that is wrong with links, and with the external routers that will hang in it.
 */
export function fabricOf(
  { fabric: given, underlay, externalRouters, resources }: ResourceClusterOptions,
  nodes: readonly { readonly name: string; readonly subnet: Cidr }[],
): FabricSpec {
  const fabric = given ?? underlayOf(nodes);
  const ofRouters = routerIssues(externalRouters ?? [], resources, fabric);
  const outside = soundRouters(externalRouters).map((router) => ({
    name: router.name,
    rack: placeOf(router, { fabric, resources }).rack,
  }));
  // Where a router hangs that is described wrongly is not known.
  const unplaced = ofRouters.length > 0 ? namesOf(externalRouters) : [];
  const issues = [...ofRouters, ...underlayIssues(underlay, linksOf(fabric, outside), unplaced)];
  if (issues.length > 0) throw new ClusterError(issues);
  if (underlay === undefined || underlay === null) return fabric;
  const sound = soundUnderlay(underlay);
  return describeLinks(given ?? underlayOf(nodes, sound), sound, outside);
}

function namesOf(routers: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(routers) ? routers : [];
  return all.flatMap((router) =>
    isRecord(router) && typeof router["name"] === "string" ? [router["name"]] : [],
  );
}
