import { IntTuples } from "./int-tuples.js";
import { ListSteps } from "./list-steps.js";
import { NO_PATH, type PathTable } from "./paths.js";

/** How daemons choose among the paths of a prefix. */
export interface Preference {
  /** Whether a path is preferred to another. */
  better(path: number, than: number): boolean;
  /** Whether a path is merged with the best one in the kernel. */
  mergable(best: number, path: number): boolean;
  /** Node that a path leads to. */
  nextHop(path: number): number;
}

/** All that is asked about paths. */
export interface PathRanking extends Preference {
  /** What the protocol of a path, or a filter, makes it worth. */
  preference(path: number): number;
}

/** What an update of a table did, in path ids; valid until the next update of any table. */
export interface RibChange {
  /** The path that was replaced or removed, or {@link NO_PATH}. */
  readonly before: number;
  /** The path that took its place. */
  readonly after: number;
  readonly bestBefore: number;
  readonly bestAfter: number;
  /** The best path changed, or one that is merged with it. */
  readonly merges: boolean;
  /** The best path and those merged with it lead over several next hops now. */
  readonly several: boolean;
}

/** A list without paths. */
export const EMPTY = 0;

/** How much is kept beyond need; only speed and memory hang on it. */
export interface ListLimits {
  /** Cells beyond which those that no table needs any more are dropped. */
  readonly cells: number;
  /** Steps from list to list that are remembered: so many additions, and so many removals. */
  readonly steps: number;
}

/** 40 MB of cells; 150 MB of steps at most for what additions do, and as much for removals. */
const LIMITS: ListLimits = Object.freeze({ cells: 2 ** 20, steps: 2 ** 22 });

/** Something that holds lists. */
export interface ListHolder {
  /** Replaces every list that is held. */
  replaceLists(by: (list: number) => number): void;
}

/**
 * Lists of paths, best first, as they stand in the tables of all daemons (bird: nest/rt-table.c, rte_recalculate).
 * A list is one integer: {@link EMPTY}, the only path + 1, or −1 − the first cell of a chain. Equal lists share
 * their cells, and what a list becomes when a path is added or removed is worked out once, so that clients of a reflector,
 * who all are told the same, share nearly everything.
 */
export class PathLists {
  /** What the last update did. */
  readonly change: { -readonly [K in keyof RibChange]: RibChange[K] } = {
    before: NO_PATH,
    after: NO_PATH,
    bestBefore: NO_PATH,
    bestAfter: NO_PATH,
    merges: true,
    several: false,
  };
  private readonly paths: PathTable;
  private readonly preference: Preference;
  private readonly holders: ListHolder[] = [];
  /** Chains of cells: path, next cell or −1. */
  private cells: IntTuples = new IntTuples();
  /** What additions do, and removals: these by the path that goes. */
  private readonly steps: ListSteps;
  private readonly removals: ListSteps;
  private readonly limits: ListLimits;
  /** Number of cells at which they are looked through. */
  private tidyAt: number;

  constructor(paths: PathTable, preference: Preference, limits: ListLimits = LIMITS) {
    this.paths = paths;
    this.preference = preference;
    this.limits = limits;
    this.tidyAt = limits.cells;
    this.steps = new ListSteps(limits.steps);
    this.removals = new ListSteps(limits.steps);
  }

  /** A table that keeps its lists here. */
  hold(holder: ListHolder): void {
    this.holders.push(holder);
  }

  /** Best path of a list. */
  first(list: number): number {
    return list < 0 ? this.cells.field(-1 - list, 0) : list - 1;
  }

  /** Length of a list. */
  length(list: number): number {
    if (list >= 0) return list === EMPTY ? 0 : 1;
    let length = 0;
    for (let cell = -1 - list; cell >= 0; cell = this.cells.field(cell, 1)) length++;
    return length;
  }

  /** The paths of a list, best first. */
  all(list: number): number[] {
    if (list >= 0) return list === EMPTY ? [] : [list - 1];
    const all: number[] = [];
    for (let cell = -1 - list; cell >= 0; cell = this.cells.field(cell, 1))
      all.push(this.cells.field(cell, 0));
    return all;
  }

  /**
   * A list, not empty, with a path added, or in the place of that of the same peer and source; the same list if
   * nothing changes. What it did is in {@link change}, but for what was there before: see {@link explain}.
   */
  add(list: number, path: number): number {
    const { steps, change } = this;
    if (!steps.find(list, path)) this.workOut(list, path);
    change.after = path;
    change.bestAfter = steps.best;
    change.merges = steps.merges;
    change.several = steps.several;
    return steps.result;
  }

  /** Whether the last addition replaced a path. */
  get replaced(): boolean {
    return this.steps.replaces;
  }

  /** Notes in {@link change} what was there before the last addition. */
  explain(list: number): RibChange {
    const { change, paths } = this;
    change.bestBefore = this.first(list);
    change.before = NO_PATH;
    if (this.replaced)
      change.before = this.told(list, paths.peer(change.after), paths.source(change.after));
    return change;
  }

  private workOut(list: number, path: number): void {
    const { preference, steps } = this;
    const bestBefore = this.first(list);
    const before = this.told(list, this.paths.peer(path), this.paths.source(path));
    if (before !== NO_PATH && this.paths.attributes(before) === this.paths.attributes(path)) {
      steps.keep(list, path, list, {
        best: bestBefore,
        replaces: true,
        merges: false,
        several: false,
      });
      return;
    }
    const best = before !== bestBefore && preference.better(path, bestBefore);
    const result =
      before === NO_PATH ? this.insert(list, path, best) : this.replace(list, path, before, best);
    const bestAfter = this.first(result);
    steps.keep(list, path, result, {
      best: bestAfter,
      replaces: before !== NO_PATH,
      merges: this.merges(bestBefore, bestAfter, before, path),
      several: this.several(result),
    });
  }

  private replace(list: number, path: number, before: number, best: boolean): number {
    const all = this.all(list);
    const at = all.indexOf(before);
    all.splice(at, 1);
    all.splice(best || at === 0 ? 0 : 1, 0, path);
    if (at === 0) this.elect(all);
    return this.list(all);
  }

  /** A list with a path more: in front, or behind the best. */
  private insert(list: number, path: number, best: boolean): number {
    const { cells } = this;
    const chain = list < 0 ? -1 - list : cells.intern(list - 1, -1, 0, 0);
    if (best) return -1 - cells.intern(path, chain, 0, 0);
    const rest = cells.intern(path, cells.field(chain, 1), 0, 0);
    return -1 - cells.intern(cells.field(chain, 0), rest, 0, 0);
  }

  /** A list without the path of a peer and source; the same if there is none. See {@link change}. */
  remove(list: number, peer: number, source: number): number {
    const { change, removals } = this;
    const before = this.told(list, peer, source);
    if (before === NO_PATH) return list;
    if (!removals.find(list, before)) this.workOutRemoval(list, before);
    change.before = before;
    change.after = NO_PATH;
    change.bestBefore = this.first(list);
    change.bestAfter = removals.best;
    change.merges = removals.merges;
    change.several = removals.several;
    return removals.result;
  }

  private workOutRemoval(list: number, before: number): void {
    const all = this.all(list);
    const at = all.indexOf(before);
    const bestBefore = all[0]!;
    all.splice(at, 1);
    if (at === 0) this.elect(all);
    const best = all[0] ?? NO_PATH;
    const merges = this.merges(bestBefore, best, before, NO_PATH);
    const after = this.list(all);
    const several = merges && this.several(after);
    this.removals.keep(list, before, after, { best, replaces: true, merges, several });
  }

  /** Whether the best path of a list and those that are merged with it lead over several next hops. */
  several(list: number): boolean {
    if (list >= 0) return false;
    const { cells, preference } = this;
    const best = this.first(list);
    const nextHop = preference.nextHop(best);
    for (let cell = cells.field(-1 - list, 1); cell >= 0; cell = cells.field(cell, 1)) {
      const path = cells.field(cell, 0);
      if (preference.nextHop(path) !== nextHop && preference.mergable(best, path)) return true;
    }
    return false;
  }

  /** Sources of the paths in a list that come from a peer. */
  sources(list: number, peer: number): number[] {
    return this.all(list)
      .filter((path) => this.paths.peer(path) === peer)
      .map((path) => this.paths.source(path));
  }

  /** What somebody is preferred for changed: nothing that was worked out holds any more. */
  forget(): void {
    this.steps.clear();
    this.removals.clear();
  }

  /** Drops the cells that no table needs any more, if they may be many. Nobody may hold a list meanwhile. */
  tidy(): void {
    if (this.cells.count < this.tidyAt) return;
    const old = this.cells;
    const moved = new Int32Array(old.count).fill(-1);
    this.cells = new IntTuples();
    const chain: number[] = [];
    const move = (list: number): number => {
      if (list >= 0) return list;
      let cell = -1 - list;
      for (; cell >= 0 && moved[cell] === -1; cell = old.field(cell, 1)) chain.push(cell);
      let next = cell < 0 ? -1 : moved[cell]!;
      for (let from = chain.pop(); from !== undefined; from = chain.pop())
        moved[from] = next = this.cells.intern(old.field(from, 0), next, 0, 0);
      return -1 - next;
    };
    for (const holder of this.holders) holder.replaceLists(move);
    this.forget();
    this.tidyAt = Math.max(this.limits.cells, 2 * this.cells.count);
  }

  /** Whether the kernel's route is written anew with `merge paths` (bird: nest/rt-table.c, rt_notify_merged). */
  private merges(bestBefore: number, best: number, before: number, after: number): boolean {
    if (bestBefore !== best || best === NO_PATH) return true;
    const { preference } = this;
    return (
      (before !== NO_PATH && preference.mergable(best, before)) ||
      (after !== NO_PATH && preference.mergable(best, after))
    );
  }

  /** The path of a list that a peer told with a source, or {@link NO_PATH}. */
  private told(list: number, peer: number, source: number): number {
    const { cells, paths } = this;
    if (list >= 0) return list !== EMPTY && paths.isOf(list - 1, peer, source) ? list - 1 : NO_PATH;
    for (let cell = -1 - list; cell >= 0; cell = cells.field(cell, 1)) {
      const path = cells.field(cell, 0);
      if (paths.isOf(path, peer, source)) return path;
    }
    return NO_PATH;
  }

  /** Moves the best path to the front. */
  private elect(all: number[]): void {
    let best = 0;
    for (let i = 1; i < all.length; i++) if (this.preference.better(all[i]!, all[best]!)) best = i;
    if (best > 0) all.unshift(...all.splice(best, 1));
  }

  private list(all: readonly number[]): number {
    if (all.length < 2) return all.length === 0 ? EMPTY : all[0]! + 1;
    let next = -1;
    for (let i = all.length - 1; i >= 0; i--) next = this.cells.intern(all[i]!, next, 0, 0);
    return -1 - next;
  }
}
