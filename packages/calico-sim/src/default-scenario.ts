import {
  at,
  blocks,
  type ClusterSpec,
  fail,
  pods,
  type Scenario,
  start,
} from "@calico-sim/cluster";
import { nodeView, ofKind } from "@calico-sim/core";

/** Pods that are scheduled on each node. */
const PODS_PER_NODE = 30;

/** When the {@link defaultScenario} is over. */
export const DEFAULT_SCENARIO_END = "20m";

/**
 * What happens to a cluster when nobody says: it starts, gets 30 pods a node, loses its last worker,
 * gains a block on its first node and, if it has several racks, loses one. It ends at 20 minutes.
 */
export function defaultScenario(spec: ClusterSpec): Scenario {
  const nodes = ofKind(spec.resources, "Node").map(nodeView);
  const workers = nodes.filter(
    ({ labels }) =>
      !("node-role.kubernetes.io/control-plane" in labels) &&
      !("node-role.kubernetes.io/master" in labels),
  );
  const victim = (workers.at(-1) ?? nodes.at(-1))?.name;
  const first = nodes.find(({ name }) => name !== victim)?.name;
  const { racks } = spec.fabric;
  const rack = racks.length > 1 ? racks.at(-1)?.name : undefined;
  return [
    at("0s", start()),
    at("1m", pods.create(PODS_PER_NODE * nodes.length, { over: "60s" })),
    ...(victim === undefined ? [] : [at("5m", fail.node(victim))]),
    ...(first === undefined ? [] : [at("12m", blocks.add(first))]),
    ...(rack === undefined ? [] : [at("14m", fail.rack(rack))]),
  ];
}
