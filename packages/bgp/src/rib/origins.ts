import { OWN, type Path } from "./rib.js";

/** Marks a route that BIRD learnt from its own kernel (`learn` of the kernel protocol): as the end that a path comes from. */
export const KERNEL = -4;

/** What tells such a path from others of its prefix; there is one at most. */
export const KERNEL_SOURCE = 0;

/** Whether a path is this node's own: a static route, or one of its kernel. */
export function isLocal({ end }: Pick<Path, "end">): boolean {
  return end === OWN || end === KERNEL;
}
