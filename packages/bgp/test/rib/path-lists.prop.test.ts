import { Rows } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { PathLists, type Preference } from "../../src/rib/path-lists.js";
import { NO_PATH, OWN, PathTable } from "../../src/rib/paths.js";
import { Rib } from "../../src/rib/rib.js";

/** Prefers low attribute numbers, with ties; merges those of one parity, which lead to one of three nodes. */
class ByAttributes implements Preference {
  private readonly paths: PathTable;

  constructor(paths: PathTable) {
    this.paths = paths;
  }

  better(path: number, than: number): boolean {
    return this.paths.attributes(path) >> 1 < this.paths.attributes(than) >> 1;
  }

  mergable(best: number, path: number): boolean {
    return (this.paths.attributes(best) & 1) === (this.paths.attributes(path) & 1);
  }

  nextHop(path: number): number {
    return this.paths.attributes(path) % 3;
  }
}

/** BIRD's list of one prefix (bird: nest/rt-table.c, rte_recalculate), told step by step. */
class PlainList {
  all: number[] = [];
  private readonly paths: PathTable;
  private readonly preference: Preference;

  constructor(paths: PathTable, preference: Preference) {
    this.paths = paths;
    this.preference = preference;
  }

  /** What became of the best path, and which path went; undefined for no change. */
  update(peer: number, source: number, path: number | undefined): number[] | undefined {
    const { paths } = this;
    const [best = NO_PATH] = this.all;
    const old = this.all.find((p) => paths.peer(p) === peer && paths.source(p) === source);
    if (path === undefined && old === undefined) return undefined;
    if (path !== undefined && old !== undefined && paths.attributes(path) === paths.attributes(old))
      return undefined;
    this.all = this.all.filter((p) => p !== old);
    const first = this.all.length === 0 || old === best;
    if (path !== undefined) {
      if (first || this.preference.better(path, best)) this.all.unshift(path);
      else this.all.splice(1, 0, path);
    }
    if (old === best) this.elect();
    return [old ?? NO_PATH, best, this.all[0] ?? NO_PATH];
  }

  private elect(): void {
    let best = this.all[0];
    for (const path of this.all)
      if (best !== undefined && this.preference.better(path, best)) best = path;
    if (best !== undefined) this.all = [best, ...this.all.filter((path) => path !== best)];
  }
}

const step = fc.record({
  table: fc.nat(2),
  prefix: fc.constantFrom(0, 2 ** 30),
  peer: fc.nat(2),
  source: fc.constantFrom(OWN, 0),
  attributes: fc.option(fc.nat(5), { nil: undefined, freq: 4 }),
});

const limits = fc.record({
  cells: fc.integer({ min: 1, max: 12 }),
  steps: fc.integer({ min: 1, max: 40 }),
});

describe("tables that share their lists of paths", () => {
  test.prop([fc.array(step, { minLength: 60, maxLength: 200 }), limits])(
    "hold what each would alone, however much is forgotten on the way",
    (steps, few) => {
      const paths = new PathTable();
      const preference = new ByAttributes(paths);
      const lists = new PathLists(paths, preference, few);
      const tables = [0, 1, 2].map(() => {
        const rib = new Rib(lists, new Rows(4, 1), 0);
        // Whoever is told of changes is told what was there before.
        rib.marks.push({ changed: 0 });
        return { rib, plain: new Map<number, PlainList>() };
      });
      for (const { table, prefix, peer, source, attributes } of steps) {
        lists.tidy();
        const { rib, plain } = tables[table]!;
        const list = plain.get(prefix) ?? new PlainList(paths, preference);
        plain.set(prefix, list);
        const path =
          attributes === undefined ? undefined : paths.intern(peer, 1, attributes, source);
        const expected = list.update(peer, source, path);
        const change =
          path === undefined ? rib.remove(prefix, peer, source) : rib.add(prefix, path);
        expect(change && [change.before, change.bestBefore, change.bestAfter]).toEqual(expected);
        expect(rib.all(prefix)).toEqual(list.all);
      }
      for (const { rib, plain } of tables) {
        const held = [...plain].filter(([, { all }]) => all.length > 0);
        expect(rib.prefixes()).toEqual(held.map(([prefix]) => prefix).sort((x, y) => x - y));
        for (const [prefix, { all }] of held) {
          expect(rib.all(prefix)).toEqual(all);
          expect(rib.best(prefix)).toBe(all[0]);
          expect(rib.count(prefix)).toBe(all.length);
        }
        expect(rib.paths).toBe(held.reduce((sum, [, { all }]) => sum + all.length, 0));
        expect(rib.size).toBe(held.length);
      }
    },
  );

  test.prop([fc.array(step, { minLength: 40, maxLength: 80 })])(
    "write a kernel's route anew when the best path changed or one that is merged with it, over every next hop of these",
    (steps) => {
      const paths = new PathTable();
      const preference = new ByAttributes(paths);
      const rib = new Rib(new PathLists(paths, preference), new Rows(4, 1), 0);
      rib.marks.push({ changed: 0 });
      for (const { prefix, peer, source, attributes } of steps) {
        const change =
          attributes === undefined
            ? rib.remove(prefix, peer, source)
            : rib.add(prefix, paths.intern(peer, 1, attributes, source));
        if (change === undefined) continue;
        const { before, after, bestBefore, bestAfter, merges, several } = change;
        const merged = [before, after].some(
          (path) =>
            path !== NO_PATH && bestAfter !== NO_PATH && preference.mergable(bestAfter, path),
        );
        expect(merges).toBe(bestBefore !== bestAfter || merged);
        const hops = rib
          .all(prefix)
          .filter((path) => path === bestAfter || preference.mergable(bestAfter, path))
          .map((path) => preference.nextHop(path));
        if (merges) expect(several).toBe(new Set(hops).size > 1);
      }
    },
  );
});
