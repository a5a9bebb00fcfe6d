import { HOST_BASE, type Rows } from "@calico-sim/core";
import { EMPTY, type ListHolder, type PathLists, type RibChange } from "./path-lists.js";
import { NO_PATH } from "./paths.js";

/** Told of every change of a table. */
export interface RibListener {
  onChange(prefix: number, change: RibChange): void;
  /** A path was added that is there already, as it is. */
  onSame?(path: number): void;
  /** A path of a peer was removed that is not there. */
  onMissing?(peer: number): void;
  /** The process starts anew. */
  onClear(): void;
}

/** Two that are told. */
class BothListeners implements RibListener {
  private readonly both: readonly RibListener[];

  constructor(...both: readonly RibListener[]) {
    this.both = both;
  }

  onChange(prefix: number, change: RibChange): void {
    for (const one of this.both) one.onChange(prefix, change);
  }

  onSame(path: number): void {
    for (const one of this.both) one.onSame?.(path);
  }

  onMissing(peer: number): void {
    for (const one of this.both) one.onMissing?.(peer);
  }

  onClear(): void {
    for (const one of this.both) one.onClear();
  }
}

/** Where a table changed since somebody looked. */
export interface RibMark {
  /** The lowest prefix that changed; infinity for none. */
  changed: number;
}

/**
 * The routing table of one BIRD process: for each prefix the paths known, best first
 * (bird: nest/rt-table.c, rte_recalculate). A prefix is one integer in a dense row, as {@link PathLists} has it.
 */
export class Rib implements ListHolder {
  /** Prefixes with at least one path. */
  size = 0;
  /** Paths of all prefixes. */
  paths = 0;
  /** Set where somebody asked for a log of the routes, or for counters. */
  private listener: RibListener | undefined;
  /** Those who want to know what changed since they looked. */
  readonly marks: RibMark[] = [];
  private readonly lists: PathLists;
  private readonly rows: Rows;
  private readonly column: number;
  /** By prefix, for host routes, whose ids are too large for a row. */
  private readonly hosts: Map<number, number> = new Map();

  /** @param rows What the tables of all daemons hold, by prefix. @param column Which of them is this one's. */
  constructor(lists: PathLists, rows: Rows, column: number) {
    this.lists = lists;
    this.rows = rows;
    this.column = column;
    lists.hold(this);
  }

  /** Best path of a prefix, or {@link NO_PATH}. */
  best(prefix: number): number {
    const list = this.list(prefix);
    return list === EMPTY ? NO_PATH : this.lists.first(list);
  }

  /** Number of paths of a prefix. */
  count(prefix: number): number {
    return this.lists.length(this.list(prefix));
  }

  /** Whether the kernel's route of a prefix leads over several next hops, if the kernel filter takes all. */
  several(prefix: number): boolean {
    return this.lists.several(this.list(prefix));
  }

  /** Every path of a prefix, best first. */
  all(prefix: number): number[] {
    return this.lists.all(this.list(prefix));
  }

  /** Takes the first path of a prefix: there is no choice to make. False, with nothing changed, if there is a path already. */
  addFirst(prefix: number, path: number): boolean {
    if (this.list(prefix) !== EMPTY) return false;
    this.addOnly(prefix, path);
    return true;
  }

  /**
   * Adds a path, or replaces that of the same peer and source; undefined if nothing changes. What was there before is
   * told only where there is a listener or a mark.
   */
  add(prefix: number, path: number): RibChange | undefined {
    const list = this.list(prefix);
    if (list === EMPTY) return this.addOnly(prefix, path);
    const after = this.lists.add(list, path);
    if (after === list) {
      this.listener?.onSame?.(path);
      return undefined;
    }
    if (!this.lists.replaced) this.paths++;
    this.set(prefix, after);
    // Where nothing is told to anybody, nobody asks what was there before.
    if (this.marks.length === 0 && this.listener === undefined) return this.lists.change;
    return this.told(prefix, this.lists.explain(list));
  }

  /** Tells one more of every change. */
  listen(listener: RibListener): void {
    this.listener =
      this.listener === undefined ? listener : new BothListeners(this.listener, listener);
  }

  /** Removes the path of a peer and source; undefined if there is none. */
  remove(prefix: number, peer: number, source: number): RibChange | undefined {
    const list = this.list(prefix);
    const after = this.lists.remove(list, peer, source);
    if (after === list) {
      this.listener?.onMissing?.(peer);
      return undefined;
    }
    this.paths--;
    if (after === EMPTY) this.size--;
    this.set(prefix, after);
    return this.told(prefix, this.lists.change);
  }

  /** Sources of the paths of a prefix that come from a peer. */
  sources(prefix: number, peer: number): number[] {
    return this.lists.sources(this.list(prefix), peer);
  }

  /** Prefixes in the table from one on, in id order. */
  prefixes(from = 0): number[] {
    const prefixes: number[] = [];
    const { column, rows } = this;
    for (let p = from; p < rows.length; p++) if (rows.get(p, column) !== EMPTY) prefixes.push(p);
    if (this.hosts.size === 0) return prefixes;
    const hosts = [...this.hosts.keys()].filter((p) => p >= from).sort((x, y) => x - y);
    return prefixes.concat(hosts);
  }

  /** Empties the table. */
  clear(): void {
    for (let p = 0; p < this.rows.length; p++) this.rows.set(p, this.column, EMPTY);
    this.hosts.clear();
    this.size = 0;
    this.paths = 0;
    this.mark(0);
    this.listener?.onClear();
  }

  /** See {@link ListHolder}. */
  replaceLists(by: (list: number) => number): void {
    const { column, hosts, rows } = this;
    for (let p = 0; p < rows.length; p++) {
      const list = rows.get(p, column);
      if (list < 0) rows.set(p, column, by(list));
    }
    for (const [prefix, list] of hosts) hosts.set(prefix, by(list));
  }

  private addOnly(prefix: number, path: number): RibChange {
    const { change } = this.lists;
    change.before = NO_PATH;
    change.after = path;
    change.bestBefore = NO_PATH;
    change.bestAfter = path;
    change.merges = true;
    change.several = false;
    this.size++;
    this.paths++;
    this.set(prefix, path + 1);
    return this.told(prefix, change);
  }

  private told(prefix: number, change: RibChange): RibChange {
    this.mark(prefix);
    this.listener?.onChange(prefix, change);
    return change;
  }

  private mark(prefix: number): void {
    for (const mark of this.marks) if (prefix < mark.changed) mark.changed = prefix;
  }

  private list(prefix: number): number {
    return prefix < HOST_BASE
      ? this.rows.get(prefix, this.column)
      : (this.hosts.get(prefix) ?? EMPTY);
  }

  private set(prefix: number, list: number): void {
    if (prefix >= HOST_BASE) {
      if (list === EMPTY) this.hosts.delete(prefix);
      else this.hosts.set(prefix, list);
      return;
    }
    this.rows.set(prefix, this.column, list);
  }
}
