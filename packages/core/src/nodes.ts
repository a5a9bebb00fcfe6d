/**
 * The nodes of a cluster by name and by dense id; ids are given in order and never reused.
 *
 * Hosts outside the cluster that its daemons talk to (external routers) share the ids, since fabric, kernels and
 * fleets know them in the same way; {@link isNode} tells them apart.
 */
export class NodeDirectory {
  /** Number of nodes, hosts outside left out. */
  count = 0;
  private readonly names: string[] = [];
  private readonly ids: Map<string, number> = new Map();
  private readonly outside: Set<number> = new Set();

  constructor(names: Iterable<string> = []) {
    for (const name of names) this.add(name);
  }

  /** Number of ids given. */
  get size(): number {
    return this.names.length;
  }

  /** Id of a node; a new one if the name is new. */
  add(name: string): number {
    const known = this.ids.get(name);
    if (known !== undefined) return known;
    this.count++;
    return this.give(name);
  }

  /** A new id for a host outside the cluster, whose name must be new. */
  addOutside(name: string): number {
    if (this.ids.has(name)) throw new RangeError(`the name "${name}" is taken`);
    const id = this.give(name);
    this.outside.add(id);
    return id;
  }

  /** Id of a node or of a host outside, or −1. */
  id(name: string): number {
    return this.ids.get(name) ?? -1;
  }

  /** Name behind an id. */
  name(id: number): string {
    return this.names[id] ?? `node#${String(id)}`;
  }

  /** Whether an id is that of a node of the cluster. */
  isNode(id: number): boolean {
    return id >= 0 && id < this.names.length && !this.outside.has(id);
  }

  private give(name: string): number {
    const id = this.names.length;
    this.names.push(name);
    this.ids.set(name, id);
    return id;
  }
}
