/**
 * How many Typhas the operator runs for so many schedulable nodes. There is no upper limit.
 *
 * @see operator: pkg/common/autoscale.go
 */
export function operatorTyphaReplicas(nodes: number): number {
  if (nodes <= 2) return 1;
  if (nodes <= 4) return 2;
  return Math.max(3, Math.floor(nodes / 200) + 2);
}
