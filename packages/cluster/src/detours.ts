const NONE: readonly number[] = Object.freeze([]);
const NO_DETOURS: ReadonlyMap<number, readonly number[]> = new Map();

/** Packets that pass other hosts on their way, by row and host: what changes there concerns those who send them, too. */
export class Detours {
  /** By row and host: other hosts that its packets pass on the way. */
  private readonly through: Map<number, Map<number, readonly number[]>> = new Map();
  /** By row and host: how many other hosts' packets pass it. */
  private readonly passed: Map<number, Map<number, number>> = new Map();

  /** Notes which other hosts a host's packets to a row pass now. */
  note(host: number, row: number, through: readonly number[]): void {
    const held = this.through.get(row);
    const before = held?.get(host);
    if (before === undefined && through.length === 0) return;
    this.count(row, before ?? NONE, -1);
    this.count(row, through, 1);
    if (through.length === 0) held?.delete(host);
    else if (held === undefined) this.through.set(row, new Map([[host, through]]));
    else held.set(host, through);
  }

  /** Whether anybody's packets to a row pass a host. */
  lead(host: number, row: number): boolean {
    return (this.passed.get(row)?.get(host) ?? 0) > 0;
  }

  /** Those whose packets to a row pass a host. */
  *passing(host: number, row: number): Generator<number> {
    for (const [other, through] of this.through.get(row) ?? NO_DETOURS)
      if (through.includes(host)) yield other;
  }

  /** All hosts whose packets pass others, by row. */
  *all(): Generator<readonly [host: number, row: number]> {
    for (const [row, hosts] of this.through)
      for (const host of [...hosts.keys()]) yield [host, row];
  }

  private count(row: number, hosts: readonly number[], by: 1 | -1): void {
    const passed = this.passed.get(row) ?? new Map<number, number>();
    this.passed.set(row, passed);
    for (const host of hosts) passed.set(host, (passed.get(host) ?? 0) + by);
  }
}
