/** Bounds of {@link connectionLimit}. */
export interface ConnectionLimitBounds {
  /** @defaultValue 400 */
  readonly lower?: number;
  /** @defaultValue 10000 */
  readonly upper?: number;
}

/**
 * Connections a Typha accepts before it starts to close the excess (calico: typha/pkg/k8s/rebalance.go):
 * `min(upper, max(lower, S × (1 + numNodes × 120 / (T − 1) / 100)))`, integer divisions from left to right;
 * a lone Typha takes the upper bound.
 *
 * @param syncerTypes - connections a node is assumed to open, whatever it really opens.
 */
export function connectionLimit(
  numTyphas: number,
  numNodes: number,
  syncerTypes = 4,
  bounds: ConnectionLimitBounds = {},
): number {
  const { lower = 400, upper = 10_000 } = bounds;
  if (numTyphas <= 1) return upper;
  const share = Math.floor(Math.floor((numNodes * 120) / (numTyphas - 1)) / 100);
  return Math.min(upper, Math.max(lower, syncerTypes * (1 + share)));
}
