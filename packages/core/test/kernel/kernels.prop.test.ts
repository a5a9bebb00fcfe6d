import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { fork } from "../../src/engine/index.js";
import { Kernels, PROTOCOL, type Route, type RouteListener } from "../../src/kernel/index.js";
import {
  type Address,
  cidrContains,
  formatCidr,
  PrefixTable,
  parseAddress,
  parseCidr,
} from "../../src/net/index.js";

const PREFIXES = [
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.244.0.0/16",
  "10.244.0.0/26",
  "10.244.0.64/26",
  "10.244.0.0/24",
  "10.244.0.5/32",
  "10.244.0.70/32",
  "192.168.0.0/16",
  "fd00::/8",
  "fd00::/122",
  "fd00::5/128",
];
const ADDRESSES = [
  "10.244.0.5",
  "10.244.0.70",
  "10.244.9.1",
  "10.9.9.9",
  "192.168.3.3",
  "8.8.8.8",
  "fd00::5",
  "fd00::6",
  "fd01::1",
  "::1",
];
const address = (text: string): Address => parseAddress(text)!;

interface Entry {
  readonly prefix: number;
  readonly route: Route;
}

/** One node's table as a list: by metric, older first among equals; the key is (prefix, metric, protocol). */
class ListTable {
  entries: Entry[] = [];
  changes = 0;
  all(prefix: number): Route[] {
    return this.entries.filter((e) => e.prefix === prefix).map((e) => e.route);
  }
  replace(prefix: number, route: Route): void {
    const same = (e: Entry): boolean =>
      e.prefix === prefix && e.route.metric === route.metric && e.route.protocol === route.protocol;
    const at = this.entries.findIndex(same);
    if (at >= 0) {
      if (JSON.stringify(this.entries[at]!.route) === JSON.stringify(route)) return;
      this.entries[at] = { prefix, route };
    } else this.entries.push({ prefix, route });
    this.entries = this.entries
      .map((e, i) => ({ e, i }))
      .sort((x, y) => x.e.route.metric - y.e.route.metric || x.i - y.i)
      .map(({ e }) => e);
    this.changes++;
  }
  remove(prefix: number, metric: number, protocol: number): boolean {
    const before = this.entries.length;
    this.entries = this.entries.filter(
      (e) => e.prefix !== prefix || e.route.metric !== metric || e.route.protocol !== protocol,
    );
    if (this.entries.length === before) return false;
    this.changes++;
    return true;
  }
  lookup(table: PrefixTable, to: Address): Entry | undefined {
    let found: Entry | undefined;
    for (const each of this.entries) {
      const cidr = table.cidr(each.prefix);
      if (!cidrContains(cidr, { ...to, length: to.family === 4 ? 32 : 128 })) continue;
      if (found === undefined || cidr.length > table.cidr(found.prefix).length) found = each;
    }
    return found;
  }
}

const route = fc.record<Route>(
  {
    type: fc.constantFrom("unicast", "blackhole"),
    device: fc.constantFrom("eth0", "tunl0"),
    gateway: fc.integer({ min: -1, max: 1 }),
    onlink: fc.boolean(),
    metric: fc.constantFrom(0, 32, 1024),
    protocol: fc.constantFrom(PROTOCOL.bird, PROTOCOL.felix, PROTOCOL.static),
  },
  { noNullPrototype: true },
);
const step = fc.record({
  node: fc.integer({ min: 0, max: 2 }),
  prefix: fc.integer({ min: 0, max: PREFIXES.length - 1 }),
  what: fc.constantFrom("replace", "replace", "remove", "rewrite"),
  route,
});

/** Rebuilds the best routes from what it is told. */
class Follower implements RouteListener {
  readonly best: Map<string, number> = new Map();
  readonly problems: string[] = [];
  onRouteChange(node: number, prefix: number, before: number, after: number, at?: number): void {
    const key = `${String(node)}/${String(prefix)}`;
    if ((this.best.get(key) ?? 0) !== before || before === after || at !== 7)
      this.problems.push(key);
    if (after === 0) this.best.delete(key);
    else this.best.set(key, after);
  }
}

/** The same, told of deletions and additions in one breath as one. */
class Rewriter extends Follower {
  onRewrite(node: number, prefix: number, before: number, after: number): void {
    const key = `${String(node)}/${String(prefix)}`;
    if (this.best.get(key) !== before || after === 0) this.problems.push(`${key} rewritten`);
    this.best.set(key, after);
  }
}

describe("Kernels", () => {
  test.prop([fc.array(step, { maxLength: 80 })])(
    "hold routes by destination, metric and protocol, and look up the longest prefix, as a plain list does",
    (steps) => {
      const prefixes = new PrefixTable();
      const kernels = new Kernels(prefixes, 2);
      expect(kernels.addNode()).toBe(2);
      const ids = PREFIXES.map((text) => prefixes.intern(parseCidr(text)!));
      const follower = new Follower();
      const rewriter = new Rewriter();
      kernels.listen(follower);
      kernels.listen(rewriter);
      const lists = [new ListTable(), new ListTable(), new ListTable()];
      for (const each of steps) {
        const prefix = ids[each.prefix]!;
        const list = lists[each.node]!;
        const { metric, protocol } = each.route;
        if (each.what === "rewrite") {
          const held = kernels.ofProtocol(each.node, prefix, protocol);
          const first = list.all(prefix).find((r) => r.protocol === protocol);
          expect(held === 0 ? undefined : kernels.route(held)).toEqual(first);
          kernels.rewrite(each.node, prefix, held, kernels.intern(each.route), 7);
          if (first !== undefined) list.remove(prefix, first.metric, protocol);
          list.replace(prefix, each.route);
        } else if (each.what === "remove") {
          const removed = kernels.remove(each.node, prefix, metric, protocol, 7);
          expect(removed).toBe(list.remove(prefix, metric, protocol));
        } else {
          kernels.replace(each.node, prefix, kernels.intern(each.route), 7);
          list.replace(prefix, each.route);
        }
      }
      expect(follower.problems).toStrictEqual([]);
      expect(rewriter.problems).toStrictEqual([]);
      expect(rewriter.best).toStrictEqual(follower.best);
      const copy = fork(kernels);
      lists.forEach((list, node) => {
        expect(kernels.changes[node]).toBe(list.changes);
        for (const prefix of ids) {
          const held = kernels.all(node, prefix).map((id) => kernels.route(id));
          expect(held).toStrictEqual(list.all(prefix));
          expect(kernels.best(node, prefix)).toBe(kernels.all(node, prefix)[0] ?? 0);
          expect(follower.best.get(`${String(node)}/${String(prefix)}`) ?? 0).toBe(
            kernels.best(node, prefix),
          );
        }
        for (const text of ADDRESSES) {
          const found = kernels.lookup(node, address(text));
          const expected = list.lookup(prefixes, address(text));
          expect(
            found && { prefix: found.prefix, route: kernels.route(found.route) },
          ).toStrictEqual(expected);
        }
        const table = kernels.table(node);
        expect(table.length).toBe(list.entries.length);
        expect(table.map((r) => r.prefix)).toStrictEqual(
          table.map((r) => r.prefix).sort((x, y) => x - y),
        );
        copy.clear(node);
        expect(copy.table(node)).toStrictEqual([]);
        expect(kernels.table(node)).toStrictEqual(table);
      });
    },
  );

  test("interns equal routes once, and numbers them from 1", () => {
    const kernels = new Kernels(new PrefixTable(), 1);
    const base: Route = {
      type: "unicast",
      device: "eth0",
      gateway: 1,
      onlink: false,
      metric: 32,
      protocol: 12,
    };
    const id = kernels.intern(base);
    expect(id).toBe(1);
    expect(kernels.intern({ ...base })).toBe(id);
    const others = [
      { ...base, type: "blackhole" as const },
      { ...base, device: "tunl0" },
      { ...base, gateway: 2 },
      { ...base, onlink: true },
      { ...base, metric: 0 },
      { ...base, protocol: 80 },
    ].map((each) => kernels.intern(each));
    expect(new Set([id, ...others]).size).toBe(7);
    expect(kernels.route(id)).toStrictEqual(base);
    expect(Object.isFrozen(kernels.route(id))).toBe(true);
  });

  test("tables grow with prefixes and nodes that come later", () => {
    const prefixes = new PrefixTable();
    const kernels = new Kernels(prefixes, 0);
    const id = kernels.intern({
      type: "blackhole",
      device: "",
      gateway: -1,
      onlink: false,
      metric: 0,
      protocol: 12,
    });
    for (let i = 0; i < 40; i++) {
      expect(kernels.addNode()).toBe(i);
      const prefix = prefixes.intern(parseCidr(`10.${String(i)}.0.0/16`)!);
      for (let node = 0; node <= i; node++) kernels.replace(node, prefix, id);
    }
    expect(kernels.nodes).toBe(40);
    expect(kernels.table(0).length).toBe(40);
    expect(kernels.table(39).length).toBe(1);
    expect([kernels.changes[0], kernels.changes[39]]).toStrictEqual([40, 1]);
    expect(formatCidr(prefixes.cidr(kernels.table(39)[0]!.prefix))).toBe("10.39.0.0/16");
  });
});
