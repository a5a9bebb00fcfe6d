import type { LabParameters } from "../ground-truth.js";
import { blocksByNode } from "./blocks.js";
import type { Topology } from "./topology.js";

/** Every pair of nodes, the passive end chosen by address as confd does (unless `both_active`). */
export const MESH: Topology = {
  parameters: ["subnets", "both_active"],
  nodes(parameters) {
    const numbers = Array.from({ length: parameters.nodes }, (_, i) => i);
    const addresses = numbers.map((i) => addressOf(parameters, i));
    const blocks = blocksByNode(parameters, parameters.nodes);
    return numbers.map((i) => ({
      address: addresses[i] ?? "",
      prefixes: blocks[i] ?? [],
      peers: numbers
        .filter((peer) => peer !== i)
        .map((peer) => ({
          peer,
          // calico: confd/pkg/backends/calico/bgp_processor.go compares the addresses as strings.
          passive:
            parameters.both_active !== true && (addresses[peer] ?? "") > (addresses[i] ?? ""),
        })),
    }));
  },
};

/** 10.10.s.h with s = i mod subnets and h = 1 + ⌊i / subnets⌋ (ground-truth/bird README, Parameters). */
function addressOf(parameters: LabParameters, i: number): string {
  const subnets = parameters.subnets ?? 1;
  return `10.10.${String(i % subnets)}.${String(1 + Math.floor(i / subnets))}`;
}
