import type { LabParameters } from "../ground-truth.js";

/** The pool. */
export const POOL = "10.244.0.0/14";
const FIRST = (10 << 24) | (244 << 16);
const BLOCK_SIZE = 64;
const POOL_BLOCKS = 1 << 12;

/** The k-th /26 of the pool, counted over all nodes (ground-truth/bird README, Parameters). */
export function block(k: number): string {
  if (k >= POOL_BLOCKS) throw new RangeError(`block ${String(k)} lies outside ${POOL}`);
  const base = FIRST + k * BLOCK_SIZE;
  return `${[base >>> 24, (base >>> 16) & 255, (base >>> 8) & 255, base & 255].join(".")}/26`;
}

/** Consecutive blocks for `count` nodes in their order: `blocks` is a number, or a list used round-robin. */
export function blocksByNode(parameters: LabParameters, count: number): readonly string[][] {
  const { blocks = 1 } = parameters;
  let k = 0;
  return Array.from({ length: count }, (_, node) =>
    Array.from(
      { length: typeof blocks === "number" ? blocks : (blocks[node % blocks.length] ?? 0) },
      () => block(k++),
    ),
  );
}
