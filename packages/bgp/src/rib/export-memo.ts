import { widened } from "../session/connections.js";

/** Nothing is known yet. */
const UNKNOWN = -2;

/** With which attributes paths go to a group of peers, as worked out before: one prefix for each path. Only speed hangs on it. */
export class ExportMemo {
  /** Which identities of daemons it was worked out with. */
  private identities = 0;
  /** By path. */
  private prefixes: Int32Array = new Int32Array(0);
  private told: Int32Array = new Int32Array(0);

  /** What is known of a path to a prefix: an attribute set, or REJECTED; undefined for nothing. */
  get(prefix: number, path: number, identities: number): number | undefined {
    if (identities !== this.identities || path >= this.told.length) return undefined;
    const told = this.told[path]!;
    return told === UNKNOWN || this.prefixes[path] !== prefix ? undefined : told;
  }

  /** Notes what was worked out. */
  set(prefix: number, path: number, identities: number, told: number): void {
    if (identities !== this.identities) this.clear();
    this.identities = identities;
    const before = this.told.length;
    if (path >= before) {
      const n = Math.max(64, 2 * path);
      this.prefixes = widened(this.prefixes, n);
      this.told = widened(this.told, n).fill(UNKNOWN, before);
    }
    this.prefixes[path] = prefix;
    this.told[path] = told;
  }

  /** The rules of exporting changed. */
  clear(): void {
    this.told.fill(UNKNOWN);
  }
}
