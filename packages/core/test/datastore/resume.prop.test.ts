import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { Datastore, type WatchEvent, type WatchReceiver } from "../../src/datastore/index.js";
import { Engine, MINUTE, SECOND } from "../../src/engine/index.js";
import type { Resource } from "../../src/resources/index.js";
import { pod, revisions, TestPath } from "./support.js";

/** Clients that watch blocks and, whenever a watch ends, go on at once from where it was. */
class Resumer implements WatchReceiver {
  readonly seen: number[][] = [];
  readonly content: Map<string, Resource>[] = [];
  readonly problems: string[] = [];
  readonly watches: number[] = [];
  private readonly datastore: Datastore;
  constructor(datastore: Datastore) {
    this.datastore = datastore;
  }
  start(from: number): void {
    const who = this.watches.length;
    this.seen.push([]);
    const items = this.datastore.listAt("IPAMBlock", from) ?? [];
    this.content.push(new Map(items.map((r) => [r.metadata.name, r])));
    this.watches.push(-1);
    this.resume(who, from);
  }
  onWatchEvent(event: WatchEvent, watches: Int32Array): void {
    for (const watch of watches) {
      const who = this.watches.indexOf(watch);
      this.seen[who]!.push(event.revision);
      const { name } = event.resource.metadata;
      if (event.type === "deleted") this.content[who]!.delete(name);
      else this.content[who]!.set(name, event.resource);
    }
  }
  onWatchClosed(watches: Int32Array, reason: string): void {
    for (const watch of watches) {
      const who = this.watches.indexOf(watch);
      const from = this.datastore.watchRevision(watch);
      const held = revisions(this.content[who]!.values());
      const known = this.datastore.listAt("IPAMBlock", from);
      if (known === undefined) this.problems.push(`history of ${from} is lost`);
      else if (JSON.stringify(revisions(known)) !== JSON.stringify(held)) {
        this.problems.push(`at ${from} the store had other content`);
      }
      if (reason === "closed") this.resume(who, from);
    }
  }
  private resume(who: number, from: number): void {
    this.watches[who] = this.datastore.watch("IPAMBlock", "felix", -1, from, this);
  }
}

/** A block; those with many addresses take longer to send. */
function block(name: string, addresses: number): Resource {
  const allocations = Array.from({ length: 64 }, (_, i) => (i < addresses ? i : null));
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "IPAMBlock",
    metadata: { name },
    spec: { cidr: "10.0.0.0/26", allocations, unallocated: [], attributes: [] },
  };
}

const moment = fc.oneof(
  fc.integer({ min: 0, max: 4000 }),
  // Around the first bookmark, which comes a minute after the first watch was accepted.
  fc.integer({ min: MINUTE + 500, max: MINUTE + 1500 }),
);
const write = fc.record({
  at: moment,
  name: fc.constantFrom("a", "b", "c"),
  addresses: fc.integer({ min: 0, max: 64 }),
  remove: fc.boolean(),
});

describe("a watch that ends at any moment", () => {
  test.prop([
    fc.array(write, { maxLength: 40 }),
    fc.array(fc.record({ at: moment, back: fc.integer({ min: 0, max: 6 }) }), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.array(fc.record({ at: moment, of: fc.integer({ min: 1, max: 3 }) }), { maxLength: 8 }),
    fc.constantFrom("kubernetes" as const, "etcd" as const),
    fc.boolean(),
  ])(
    "resumes with nothing lost, repeated or out of order",
    (writes, starts, drops, flavour, outage) => {
      const engine = new Engine();
      const datastore = new Datastore(engine, { flavour, path: new TestPath() });
      const resumer = new Resumer(datastore);
      datastore.seed([block("a", 3), block("z", 1)]);
      const truth: number[] = [];
      const from: number[] = [];
      for (const [i, w] of writes.entries()) {
        engine.call(w.at, () => {
          const before = datastore.revision;
          if (w.remove) datastore.remove("IPAMBlock", w.name);
          else datastore.put(block(w.name, w.addresses));
          if (datastore.revision > before) truth.push(datastore.revision);
          // Another kind moves the revision too.
          datastore.put(pod("p", `10.0.0.${i}`));
        });
      }
      for (const start of starts) {
        engine.call(start.at, () => {
          const revision = Math.max(2, datastore.revision - start.back);
          from.push(revision);
          resumer.start(revision);
        });
      }
      for (const drop of drops) {
        engine.call(drop.at, () => {
          // Etcd keeps its history through an outage.
          if (outage && flavour === "etcd") {
            datastore.setUp(false);
            datastore.setUp(true);
          } else {
            datastore.dropWatches(resumer.watches.filter((_, i) => i % drop.of === 0));
          }
        });
      }
      engine.run({ until: MINUTE + 10 * SECOND });
      expect(resumer.problems).toEqual([]);
      for (const [who, seen] of resumer.seen.entries()) {
        expect(seen).toEqual(truth.filter((revision) => revision > from[who]!));
        expect(revisions(resumer.content[who]!.values())).toEqual(
          revisions(datastore.list("IPAMBlock")),
        );
      }
    },
  );

  test.prop([fc.array(fc.integer({ min: 0, max: 64 }), { minLength: 2, maxLength: 30 })])(
    "one watch of many sees changes in order of arrival, however large the one before was",
    (sizes) => {
      const engine = new Engine();
      const datastore = new Datastore(engine, { flavour: "kubernetes", path: new TestPath() });
      const arrivals: number[][] = Array.from({ length: 40 }, () => []);
      const order: number[][] = Array.from({ length: 40 }, () => []);
      const receiver: WatchReceiver = {
        onWatchEvent(event, watches, sentAt, perWatch) {
          for (const [i, watch] of watches.entries()) {
            arrivals[watch]!.push(sentAt + i * perWatch);
            order[watch]!.push(event.revision);
          }
        },
        onWatchClosed() {},
      };
      for (let i = 0; i < 40; i++) datastore.watch("IPAMBlock", "felix", -1, 0, receiver);
      engine.run();
      for (const [i, addresses] of sizes.entries()) datastore.put(block(`b${i % 3}`, addresses));
      engine.run();
      for (const [watch, times] of arrivals.entries()) {
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(order[watch]).toEqual([...order[watch]!].sort((a, b) => a - b));
      }
    },
  );
});
