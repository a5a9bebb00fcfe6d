import { HOST_BASE } from "@calico-sim/core";
import { widened } from "../session/connections.js";
import { PLAIN } from "./attributes.js";
import type { PathPool } from "./path-pool.js";

/** Marks an own static route: as the end that a path comes from, and as the source of what a node announces itself. */
export const OWN = -2;

/** A path: where it was learnt, with which attributes, and the sender's path identifier. */
export interface Path {
  readonly end: number;
  readonly attributes: number;
  readonly source: number;
}

/** What an update of a {@link Rib} did. */
export interface RibChange {
  /** The path that was replaced or removed. */
  readonly before: Path | undefined;
  /** The path that took its place. */
  readonly after: Path | undefined;
  readonly bestBefore: Path | undefined;
  readonly bestAfter: Path | undefined;
}

/** Told of every change of a table. */
export interface RibListener {
  onChange(prefix: number, change: RibChange): void;
  /** The process starts anew. */
  onClear(): void;
}

/** How a {@link Rib} chooses among the paths of a prefix. */
export interface Preference {
  /** Whether a path is preferred to another. */
  better(path: Path, than: Path): boolean;
}

/**
 * The routing table of one BIRD process: for each prefix the paths known, best first
 * (bird: nest/rt-table.c, rte_recalculate).
 *
 * A peer's own block with ordinary attributes is nearly every path of a mesh: it is the session end
 * as one integer in a dense row. Everything else has slots in a {@link PathPool}.
 */
export class Rib {
  /** Prefixes with at least one path. */
  size = 0;
  /** Paths of all prefixes. */
  paths = 0;
  /** Rises with every change. */
  version = 0;
  /** Set where somebody asked for a log of the routes. */
  listener: RibListener | undefined;
  private readonly pool: PathPool;
  /** 0 = no path, −1 = OWN alone, e + 1 = a plain path of end e alone, −2 − s = slot s and those behind it. */
  private row: Int32Array = new Int32Array(16);
  /** The same for host routes, whose ids are too large for a row. */
  private readonly hosts: Map<number, number> = new Map();

  constructor(pool: PathPool) {
    this.pool = pool;
  }

  /** End that the best path of a prefix comes from, {@link OWN}, or −1 for none. */
  bestEnd(prefix: number): number {
    const code = this.code(prefix);
    if (code <= -2) return this.pool.end[-2 - code]!;
    return code === -1 ? OWN : code - 1;
  }

  /** Best path of a prefix. */
  best(prefix: number): Path | undefined {
    const code = this.code(prefix);
    return code === 0 ? undefined : this.decode(code);
  }

  /** Number of paths of a prefix. */
  count(prefix: number): number {
    const code = this.code(prefix);
    if (code > -2) return code === 0 ? 0 : 1;
    let count = 0;
    for (let s = -2 - code; s >= 0; s = this.pool.next[s]!) count++;
    return count;
  }

  /** Every path of a prefix, best first. */
  all(prefix: number): Path[] {
    const code = this.code(prefix);
    if (code === 0) return [];
    if (code > -2) return [this.decode(code)];
    const paths: Path[] = [];
    for (let s = -2 - code; s >= 0; s = this.pool.next[s]!) paths.push(this.at(s));
    return paths;
  }

  /**
   * Takes the first path of a prefix, own or a peer's own with plain attributes: there is no choice to
   * make. False, with nothing changed, if there is a path already.
   */
  addFirst(prefix: number, end: number): boolean {
    if (prefix >= HOST_BASE) {
      if (this.hosts.has(prefix)) return false;
    } else if (prefix < this.row.length && this.row[prefix] !== 0) return false;
    this.set(prefix, end === OWN ? -1 : end + 1);
    this.size++;
    this.paths++;
    this.version++;
    if (this.listener !== undefined) {
      const after = this.best(prefix);
      const change = { before: undefined, after, bestBefore: undefined, bestAfter: after };
      this.listener.onChange(prefix, change);
    }
    return true;
  }

  /** Adds a path, or replaces that of the same end and source; undefined if nothing changes. */
  add(prefix: number, path: Path, preference: Preference): RibChange | undefined {
    const paths = this.all(prefix);
    const at = find(paths, path.end, path.source);
    const before = paths[at];
    if (before?.attributes === path.attributes) return undefined;
    const bestBefore = paths[0];
    if (before !== undefined) paths.splice(at, 1);
    if (bestBefore === undefined || (before !== bestBefore && preference.better(path, bestBefore)))
      paths.unshift(path);
    else if (before === bestBefore) {
      paths.unshift(path);
      elect(paths, preference);
    } else paths.splice(1, 0, path);
    this.store(prefix, paths);
    return this.told(prefix, { before, after: path, bestBefore, bestAfter: paths[0] });
  }

  /** Removes the path of an end and source; undefined if there is none. */
  remove(
    prefix: number,
    end: number,
    source: number,
    preference: Preference,
  ): RibChange | undefined {
    const paths = this.all(prefix);
    const at = find(paths, end, source);
    const before = paths[at];
    if (before === undefined) return undefined;
    const bestBefore = paths[0];
    paths.splice(at, 1);
    if (at === 0) elect(paths, preference);
    this.store(prefix, paths);
    return this.told(prefix, { before, after: undefined, bestBefore, bestAfter: paths[0] });
  }

  /** Sources of the paths of a prefix that come from an end. */
  sources(prefix: number, end: number): number[] {
    const code = this.code(prefix);
    if (code > -2) return code === end + 1 ? [OWN] : [];
    const found: number[] = [];
    for (let s = -2 - code; s >= 0; s = this.pool.next[s]!)
      if (this.pool.end[s] === end) found.push(this.pool.source[s]!);
    return found;
  }

  /** Prefixes in the table, in id order. */
  prefixes(): number[] {
    const prefixes: number[] = [];
    for (let p = 0; p < this.row.length; p++) if (this.row[p] !== 0) prefixes.push(p);
    if (this.hosts.size > 0) prefixes.push(...[...this.hosts.keys()].sort((x, y) => x - y));
    return prefixes;
  }

  /** Empties the table. */
  clear(): void {
    for (const code of this.row) this.release(code);
    for (const code of this.hosts.values()) this.release(code);
    this.row.fill(0);
    this.hosts.clear();
    this.size = 0;
    this.paths = 0;
    this.version++;
    this.listener?.onClear();
  }

  private told(prefix: number, change: RibChange): RibChange {
    this.listener?.onChange(prefix, change);
    return change;
  }

  private store(prefix: number, paths: readonly Path[]): void {
    const old = this.code(prefix);
    this.paths += paths.length - this.release(old);
    this.size += Number(paths.length > 0) - Number(old !== 0);
    this.version++;
    this.set(prefix, this.encode(paths));
  }

  private encode(paths: readonly Path[]): number {
    const only = paths[0];
    if (only === undefined) return 0;
    if (paths.length === 1 && only.attributes === PLAIN && only.source === OWN)
      return only.end === OWN ? -1 : only.end + 1;
    let next = -1;
    for (let i = paths.length - 1; i >= 0; i--) {
      const { end, attributes, source } = paths[i]!;
      const slot = this.pool.take(end, attributes, source);
      this.pool.next[slot] = next;
      next = slot;
    }
    return -2 - next;
  }

  private decode(code: number): Path {
    if (code <= -2) return this.at(-2 - code);
    return { end: code === -1 ? OWN : code - 1, attributes: PLAIN, source: OWN };
  }

  private at(slot: number): Path {
    const { pool } = this;
    return {
      end: pool.end[slot]!,
      attributes: pool.attributes[slot]!,
      source: pool.source[slot]!,
    };
  }

  /** Gives the slots of a code back; how many paths it stood for. */
  private release(code: number): number {
    if (code > -2) return code === 0 ? 0 : 1;
    let released = 0;
    for (let s = -2 - code; s >= 0; released++) {
      const next = this.pool.next[s]!;
      this.pool.release(s);
      s = next;
    }
    return released;
  }

  private code(prefix: number): number {
    return prefix < HOST_BASE ? (this.row[prefix] ?? 0) : (this.hosts.get(prefix) ?? 0);
  }

  private set(prefix: number, code: number): void {
    if (prefix >= HOST_BASE) {
      if (code === 0) this.hosts.delete(prefix);
      else this.hosts.set(prefix, code);
      return;
    }
    if (prefix >= this.row.length)
      this.row = widened(this.row, Math.max(prefix + 1, this.row.length * 2));
    this.row[prefix] = code;
  }
}

function find(paths: readonly Path[], end: number, source: number): number {
  for (let i = 0; i < paths.length; i++) {
    const path = paths[i]!;
    if (path.end === end && path.source === source) return i;
  }
  return -1;
}

/** Moves the best path to the front. */
function elect(paths: Path[], preference: Preference): void {
  let best = 0;
  for (let i = 1; i < paths.length; i++) if (preference.better(paths[i]!, paths[best]!)) best = i;
  if (best > 0) paths.unshift(...paths.splice(best, 1));
}
