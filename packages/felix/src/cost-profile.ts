/** A number with its origin: a source, or "assumed", and the range in which the truth is expected. */
export interface Cost {
  /** Microseconds. */
  readonly value: number;
  readonly range: readonly [number, number];
  readonly source: string;
}

/** What Felix's work costs. */
export interface FelixCosts {
  /** Process start to connected: binary, configuration read, dataplane probes. Not CPU of the two loops. */
  readonly start: Cost;
  /** Decoding one key-value pair and passing it through the graph. */
  readonly decodePerKv: Cost;
  /** Resolving one dirty route in a flush. */
  readonly calcPerRoute: Cost;
  /** One flush of the calculation graph. */
  readonly flush: Cost;
  /** One round of the dataplane, whatever it does. */
  readonly applyBase: Cost;
  /** Recomputing one wanted route: a manager recomputes all of its own when any is dirty. */
  readonly recomputePerRoute: Cost;
  /** Writing one route by netlink. */
  readonly programPerRoute: Cost;
  /** Chains, sysctls, routes and rules of one pod interface; median of a log-normal distribution. */
  readonly perEndpoint: Cost;
  /** Shape of that distribution; 0 makes it a constant. */
  readonly perEndpointSigma: number;
}

/** Current releases on a machine of today. Replace single fields to study another. */
export const FELIX_COSTS: FelixCosts = Object.freeze({
  start: cost(
    800_000,
    [300_000, 3_000_000],
    "assumed: Go process, config load, iptables/nft probes",
  ),
  decodePerKv: cost(15, [10, 20], "control-plane-behaviour §8: client decode 10–20 µs a KV"),
  calcPerRoute: cost(4, [1, 15], "assumed: trie walk and protobuf message"),
  flush: cost(30, [10, 200], "assumed"),
  applyBase: cost(4_000, [1_000, 30_000], "assumed: nft/iptables transaction with nothing in it"),
  recomputePerRoute: cost(0.5, [0.2, 2], "assumed: O(routes) per apply, node-behaviour §4.4"),
  programPerRoute: cost(20, [8, 50], "assumed: one netlink round trip"),
  perEndpoint: cost(
    3_000,
    [1_000, 26_000],
    "assumed; field-data #39 saw 26 ms mean on old releases",
  ),
  perEndpointSigma: 0.5,
});

function cost(value: number, range: readonly [number, number], source: string): Cost {
  return Object.freeze({ value, range: Object.freeze(range), source });
}
