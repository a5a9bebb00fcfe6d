import type { IpamLayout, LayoutNode, MergePatch, Micros, Pod, Resource } from "@calico-sim/core";
import {
  addressed,
  allocationAttributes,
  containerId,
  newPod,
  type PodSpec,
  podHandle,
  running,
} from "./pod-objects.js";
import type { AdoptedPod } from "./workload-types.js";

/** Pods that have been running for long: objects to seed, pods for {@link import("./workloads.js").Workloads} to adopt. */
export interface WarmPods {
  /** The Pod objects. The layout's own resources hold their blocks, affinities and handles. */
  readonly resources: readonly Resource[];
  readonly pods: readonly AdoptedPod[];
  /** Pods that got no address, with the reason. */
  readonly refused: readonly { readonly spec: PodSpec; readonly reason: string }[];
}

/**
 * Gives pods their addresses at once and at no cost, for a cluster that starts out converged.
 *
 * @param nodes - the nodes by name, with the labels that pools select by
 */
export function layOutPods(
  layout: IpamLayout,
  specs: readonly PodSpec[],
  nodes: ReadonlyMap<string, LayoutNode>,
  at: Micros = 0,
): WarmPods {
  const resources: Resource[] = [];
  const pods: AdoptedPod[] = [];
  const refused: { spec: PodSpec; reason: string }[] = [];
  specs.forEach((given, index) => {
    const spec = Object.freeze({ ...given });
    const key = `Pod/${spec.namespace}/${spec.name}`;
    const container = containerId(key, index, 0);
    const node = nodes.get(spec.node);
    if (node === undefined) {
      refused.push({ spec, reason: `"${spec.node}" is no node` });
      return;
    }
    const addresses: string[] = [];
    for (const family of spec.hostNetwork === true ? [] : (spec.families ?? [4])) {
      const given = layout.assign(node, {
        family,
        handle: podHandle(container),
        attributes: allocationAttributes(spec, at),
        ...(spec.pools === undefined ? {} : { pools: spec.pools }),
      });
      if (given.fault !== undefined) {
        refused.push({ spec, reason: given.fault });
        return;
      }
      addresses.push(...given.addresses);
    }
    resources.push(runningPod(spec, addresses, container, at));
    pods.push(Object.freeze({ spec, addresses: Object.freeze(addresses), container }));
  });
  return { resources, pods, refused };
}

function runningPod(
  spec: PodSpec,
  addresses: readonly string[],
  container: string,
  at: Micros,
): Pod {
  const pod = newPod(spec, at);
  const annotations = (addressed(addresses, container)["metadata"] as MergePatch)["annotations"];
  const status = running(addresses, true)["status"];
  return Object.freeze({
    ...pod,
    metadata: Object.freeze({
      ...pod.metadata,
      ...(spec.hostNetwork === true
        ? {}
        : { annotations: Object.freeze(annotations) as Record<string, string> }),
    }),
    spec: Object.freeze({ ...pod.spec, nodeName: spec.node }),
    status: Object.freeze(status) as NonNullable<Pod["status"]>,
  });
}
