import type { NodeDelay } from "@calico-sim/bgp";
import type { Micros } from "@calico-sim/core";

/**
 * One bridge between network namespaces of one kernel: a segment and its acknowledgement pass inside the
 * sender's system call, before its turn is over; the tens of microseconds that the README (Machine) names are
 * the wake-up after it, which the shared cores account for.
 */
const LINK_DELAY: Micros = 2;

/** The bridge that joins all nodes. Ports can be taken off it, and segments to a node dropped. */
export class Bridge implements NodeDelay {
  private readonly off: Set<number> = new Set();
  private readonly dropped: Set<number> = new Set();

  /** A node's port leaves the bridge, without carrier change: nobody answers address resolution there. */
  detach(node: number): void {
    this.off.add(node);
  }

  /** The port is back. */
  attach(node: number): void {
    this.off.delete(node);
  }

  /** What is sent to a node vanishes from now on. */
  drop(node: number): void {
    this.dropped.add(node);
  }

  delay(from: number, to: number): Micros {
    return this.unresolved(from, to) || this.dropped.has(to)
      ? Number.POSITIVE_INFINITY
      : LINK_DELAY;
  }

  unresolved(from: number, to: number): boolean {
    return this.off.has(from) || this.off.has(to);
  }
}
