import type { Kernels, Micros } from "@calico-sim/core";
import type { Logbook } from "./logbook.js";

/** Which nodes hold a set of remote prefixes in their kernels, and since when. */
export class Completeness {
  /** When the last missing prefix entered; a node that lacks one has no entry. */
  readonly since: Map<number, Micros> = new Map();
  private readonly missing: Map<number, Set<number>> = new Map();
  private readonly wanted: ReadonlyMap<number, ReadonlySet<number>>;
  private readonly logbook: Logbook;
  private read: number;

  /**
   * @param wanted the prefixes that each watched node has to hold; what it holds already is taken off
   */
  constructor(logbook: Logbook, kernels: Kernels, wanted: ReadonlyMap<number, readonly number[]>) {
    this.logbook = logbook;
    this.read = logbook.routes.length;
    for (const [node, prefixes] of wanted) {
      this.missing.set(node, new Set(prefixes.filter((p) => kernels.best(node, p) === 0)));
      if (this.missing.get(node)?.size === 0) this.since.set(node, 0);
    }
    this.wanted = new Map([...wanted].map(([node, prefixes]) => [node, new Set(prefixes)]));
  }

  /** Whether every watched node holds everything now. */
  get all(): boolean {
    const { routes } = this.logbook;
    for (; this.read < routes.length; this.read++) {
      const { node, prefix, after, at } = routes[this.read]!;
      const missing = this.missing.get(node);
      if (missing === undefined || this.wanted.get(node)?.has(prefix) !== true) continue;
      if (after) missing.delete(prefix);
      else missing.add(prefix);
      if (missing.size === 0) this.since.set(node, at);
      else this.since.delete(node);
    }
    return this.since.size === this.missing.size;
  }
}
