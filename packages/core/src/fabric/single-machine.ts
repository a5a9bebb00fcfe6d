import type { FabricSpec, LinkAttributes } from "./fabric-spec.js";

/** The name of the only switch of {@link singleMachine}. */
const BRIDGE = "bridge";

/**
 * The uplink of a node on {@link singleMachine}: 15 µs, no jitter. One way between two nodes is then 30 µs: the order of
 * a packet through two virtual Ethernet pairs and a bridge. An assumption; state your own where it matters.
 */
const BRIDGE_PORT: LinkAttributes = Object.freeze({
  latencyUs: 15,
  jitterUs: 0,
  loss: 0,
  up: true,
});

/** What {@link singleMachine} may be told. */
export interface SingleMachineOptions {
  /** The subnet of all nodes in CIDR form. Default: one that is not stated. */
  readonly subnet?: string;
  /** Every uplink. Default: 15 µs, no jitter, no loss. */
  readonly hostLink?: Partial<LinkAttributes>;
}

/**
 * A laboratory on one machine: all nodes, each in a network namespace, hang from one bridge.
 *
 * @param nodes - their names, or how many: `node-0`, `node-1`, …
 */
export function singleMachine(
  nodes: number | readonly string[],
  options: SingleMachineOptions = {},
): FabricSpec {
  const names =
    typeof nodes === "number" ? Array.from({ length: nodes }, (_, i) => `node-${i}`) : nodes;
  const { subnet, hostLink } = options;
  const rack = Object.freeze({ name: BRIDGE, ...(subnet === undefined ? {} : { subnet }) });
  return Object.freeze({
    racks: Object.freeze([rack]),
    routers: Object.freeze([]),
    nodes: Object.freeze(names.map((name) => Object.freeze({ name, rack: BRIDGE }))),
    links: Object.freeze([]),
    hostLink: Object.freeze({ ...BRIDGE_PORT, ...hostLink }),
  });
}
