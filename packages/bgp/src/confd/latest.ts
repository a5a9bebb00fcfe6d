/** What is known of one key, and since which revision of the store. */
interface Entry<V> {
  readonly value: V | undefined;
  readonly revision: number;
}

/**
 * The newest state of some keys, gathered from streams that may each be behind: a stale snapshot sent to
 * one client never undoes what another was told already. A deleted key is remembered as deleted.
 */
export class Latest<K, V> {
  /** Number of keys with a value. */
  size = 0;
  private readonly entries: Map<K, Entry<V>> = new Map();

  /** Value of a key, unless it has none or was deleted. */
  get(key: K): V | undefined {
    return this.entries.get(key)?.value;
  }

  /** Takes what a revision says of a key (undefined = deleted), unless a later one is known. */
  set(key: K, value: V | undefined, revision: number): void {
    const known = this.entries.get(key);
    if (known !== undefined && revision < known.revision) return;
    this.size += Number(value !== undefined) - Number(known?.value !== undefined);
    this.entries.set(key, { value, revision });
  }

  /** A snapshot of this revision named these keys alone: the others were deleted before it. */
  keepOnly(named: ReadonlySet<K>, revision: number): void {
    for (const key of this.entries.keys()) {
      if (!named.has(key)) this.set(key, undefined, revision);
    }
  }

  /** Values of all keys that have one. */
  values(): V[] {
    const values: V[] = [];
    for (const { value } of this.entries.values()) if (value !== undefined) values.push(value);
    return values;
  }
}
