/** The nodes of a cluster by name and by dense id; ids are given in order and never reused. */
export class NodeDirectory {
  private readonly names: string[] = [];
  private readonly ids: Map<string, number> = new Map();

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
    const id = this.names.length;
    this.names.push(name);
    this.ids.set(name, id);
    return id;
  }

  /** Id of a node, or −1. */
  id(name: string): number {
    return this.ids.get(name) ?? -1;
  }

  /** Name behind an id. */
  name(id: number): string {
    return this.names[id] ?? `node#${String(id)}`;
  }
}
