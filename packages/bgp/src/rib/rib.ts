import { HOST_BASE } from "@calico-sim/core";
import { widened } from "../session/connections.js";

/** Marks an own static route in a {@link Rib}. */
export const OWN = -2;

/**
 * The routing table of one BIRD process: for each prefix the paths known, best first.
 *
 * A path is the session end it came from (its next hop is that end's peer), or {@link OWN}. Nearly
 * every prefix has one path, which is one integer in a dense row; further paths are kept aside.
 */
export class Rib {
  /** Prefixes with at least one path. */
  size = 0;
  private row: Int32Array = new Int32Array(16);
  /** Best paths of host routes, whose ids are too large for a row. */
  private readonly hosts: Map<number, number> = new Map();
  private readonly more: Map<number, number[]> = new Map();

  /** Best path of a prefix: a session end, {@link OWN}, or −1. */
  best(prefix: number): number {
    return decode(prefix < HOST_BASE ? (this.row[prefix] ?? 0) : (this.hosts.get(prefix) ?? 0));
  }

  /** Every path of a prefix, best first. */
  paths(prefix: number): readonly number[] {
    const best = this.best(prefix);
    return best === -1 ? [] : [best, ...(this.more.get(prefix) ?? [])];
  }

  /** Adds a path; true if the best one changed. An own static route is preferred to BGP (bird: preference 200 over 100); of BGP paths the one known first stays. */
  add(prefix: number, path: number): boolean {
    const best = this.best(prefix);
    if (best === path) return false;
    if (best === -1) {
      this.size++;
      this.set(prefix, path);
      return true;
    }
    const rest = this.more.get(prefix) ?? [];
    if (path === OWN) {
      this.more.set(prefix, [best, ...rest]);
      this.set(prefix, OWN);
      return true;
    }
    if (!rest.includes(path)) this.more.set(prefix, [...rest, path]);
    return false;
  }

  /** Removes a path; true if the best one changed. */
  remove(prefix: number, path: number): boolean {
    const best = this.best(prefix);
    const rest = this.more.get(prefix);
    if (best === path) {
      if (rest === undefined) {
        this.size--;
        this.set(prefix, -1);
      } else {
        this.set(prefix, rest[0]!);
        this.keep(prefix, rest.slice(1));
      }
      return true;
    }
    if (rest !== undefined)
      this.keep(
        prefix,
        rest.filter((p) => p !== path),
      );
    return false;
  }

  /** Prefixes that have this path, in id order. */
  from(path: number): number[] {
    const prefixes: number[] = [];
    const code = encode(path);
    for (const p of this.prefixes()) {
      if (encode(this.best(p)) === code || this.more.get(p)?.includes(path)) prefixes.push(p);
    }
    return prefixes;
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
    this.row.fill(0);
    this.hosts.clear();
    this.more.clear();
    this.size = 0;
  }

  private keep(prefix: number, rest: number[]): void {
    if (rest.length === 0) this.more.delete(prefix);
    else this.more.set(prefix, rest);
  }

  private set(prefix: number, path: number): void {
    if (prefix >= HOST_BASE) {
      if (path === -1) this.hosts.delete(prefix);
      else this.hosts.set(prefix, encode(path));
      return;
    }
    if (prefix >= this.row.length)
      this.row = widened(this.row, Math.max(prefix + 1, this.row.length * 2));
    this.row[prefix] = encode(path);
  }
}

function encode(path: number): number {
  return path === -1 ? 0 : path === OWN ? -1 : path + 1;
}

function decode(code: number): number {
  return code === 0 ? -1 : code === -1 ? OWN : code - 1;
}
