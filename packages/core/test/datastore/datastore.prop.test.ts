import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { Datastore, WatcherSyncers } from "../../src/datastore/index.js";
import { Engine, fork, SECOND } from "../../src/engine/index.js";
import type { Resource } from "../../src/resources/index.js";
import { Mirror, pod, pool, Requester, revisions, TestPath, Watcher } from "./support.js";

const names = fc.constantFrom("a", "b", "c", "d", "e", "f");
const times = fc.oneof(
  fc.integer({ min: 0, max: 20_000 }),
  fc.integer({ min: 0, max: 3 * SECOND }),
  fc.integer({ min: 0, max: 400 * SECOND }),
);
const client = fc.integer({ min: 0, max: 2 });

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("pod" as const),
      at: times,
      name: names,
      ip: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pool" as const), at: times, name: names }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("remove" as const), at: times, name: names }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("flood" as const), at: times, name: names }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("drop" as const),
      at: times,
      of: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("outage" as const), at: times, for: times }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("cut" as const), at: times, for: times, client }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("restart" as const), at: times, for: times, client }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface World {
  engine: Engine;
  path: TestPath;
  datastore: Datastore;
  mirror: Mirror;
  syncers: WatcherSyncers;
}

function world(flavour: "kubernetes" | "etcd"): World {
  const engine = new Engine();
  const path = new TestPath(0, 700, 20_000);
  const datastore = new Datastore(engine, { flavour, path });
  const mirror = new Mirror(engine, 3);
  const syncers = new WatcherSyncers(engine, datastore, {
    type: "felix",
    client: "felix",
    nodeOf: [0, 1, 2],
    sink: mirror,
  });
  datastore.seed([pod("a", "10.0.0.1"), pod("z", "10.0.0.9"), pool("p", "10.0.0.0/16")]);
  return { engine, path, datastore, mirror, syncers };
}

function apply({ engine, path, datastore, mirror, syncers }: World, s: Step, serial: number): void {
  switch (s.do) {
    case "pod":
      datastore.put(pod(s.name, s.ip ? `10.0.${serial >> 8}.${serial & 255}` : undefined));
      return;
    case "pool":
      datastore.put(pool(s.name, `10.${serial & 255}.0.0/16`));
      return;
    case "remove":
      datastore.remove("Pod", s.name, "default");
      return;
    case "flood":
      for (let i = 0; i < 130; i++) datastore.put(pod(s.name, `10.9.${serial & 255}.${i}`));
      return;
    case "drop":
      datastore.dropWatches(Array.from({ length: 400 }, (_, i) => i * s.of));
      return;
    case "outage":
      datastore.setUp(false);
      engine.call(engine.now + s.for, () => datastore.setUp(true));
      return;
    case "cut":
      path.delays[s.client] = Number.POSITIVE_INFINITY;
      engine.call(engine.now + s.for, () => {
        path.delays[s.client] = 500;
      });
      return;
    case "restart":
      syncers.disconnect(s.client);
      mirror.content[s.client]!.clear();
      engine.call(engine.now + s.for, () => syncers.connect(s.client));
  }
}

const wanted = (datastore: Datastore): Record<string, string> => {
  const pods: readonly Resource[] = datastore
    .list("Pod")
    .filter((p) => p.status?.podIP !== undefined);
  return revisions([...pods, ...datastore.list("IPPool")]);
};

describe("list and watch", () => {
  test.prop([
    fc.array(step, { maxLength: 25 }),
    fc.constantFrom("kubernetes" as const, "etcd" as const),
  ])(
    "after quiet every client holds exactly the store's content, whatever happened",
    (steps, flavour) => {
      const w = world(flavour);
      for (let c = 0; c < 3; c++) w.syncers.connect(c);
      for (const [serial, s] of steps.entries()) {
        w.engine.call(s.at, () => apply(w, s, serial));
      }
      w.engine.run();
      expect(w.mirror.problems).toEqual([]);
      for (let c = 0; c < 3; c++) {
        expect(w.syncers.statusOf(c)).toBe("in-sync");
        expect(w.mirror.view(c)).toEqual(wanted(w.datastore));
      }
      expect(w.datastore.meter.snapshot().watchesNow).toBe(3 * w.syncers.streams);
      expect(w.datastore.pendingRequests).toBe(0);
    },
  );

  test.prop([fc.array(step, { maxLength: 12 }), fc.integer({ min: 0, max: 5 * SECOND })])(
    "a fork at any time has the future of the original",
    (steps, at) => {
      const w = world("kubernetes");
      for (let c = 0; c < 3; c++) w.syncers.connect(c);
      const early = steps.filter((s) => s.do !== "outage" && s.do !== "cut" && s.do !== "restart");
      early.forEach((s, serial) => {
        w.engine.run({ until: Math.max(w.engine.now, Math.min(s.at, at)) });
        apply(w, s, serial);
      });
      const copy = fork(w);
      for (const each of [w, copy]) {
        each.datastore.put(pod("late", "10.3.0.1"));
        each.datastore.dropWatches([1, 5, 6, 7]);
        each.engine.run();
      }
      expect(copy.engine.digest()).toBe(w.engine.digest());
      expect(copy.mirror.view(2)).toEqual(w.mirror.view(2));
      expect(copy.datastore.meter.snapshot()).toEqual(w.datastore.meter.snapshot());
    },
  );

  test.prop([
    fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 5000 }),
        kind: fc.constantFrom("Pod", "IPPool"),
        name: names,
        remove: fc.boolean(),
      }),
      { maxLength: 60 },
    ),
    fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 5000 }), back: fc.integer({ min: 0, max: 20 }) }),
      { maxLength: 6 },
    ),
  ])("no watch loses, repeats or reorders an event", (writes, opens) => {
    const engine = new Engine();
    const datastore = new Datastore(engine, { flavour: "kubernetes", path: new TestPath() });
    const watcher = new Watcher();
    const truth: number[] = [];
    const watches: { id: number; from: number }[] = [];
    for (const [i, write] of writes.entries()) {
      engine.call(write.at, () => {
        const before = datastore.revision;
        if (write.remove) datastore.remove(write.kind, write.name, "default");
        else if (write.kind === "Pod") datastore.put(pod(write.name, `10.0.0.${i}`));
        else datastore.put(pool(write.name, `10.${i}.0.0/16`));
        const after = datastore.revision;
        expect(after).toBeLessThanOrEqual(before + 1);
        if (after > before && write.kind === "Pod") truth.push(after);
      });
    }
    for (const open of opens) {
      engine.call(open.at, () => {
        const from = Math.max(0, datastore.revision - open.back);
        watches.push({ id: datastore.watch("Pod", "felix", -1, from, watcher), from });
      });
    }
    engine.run();
    for (const { id, from } of watches) {
      expect(watcher.revisions(id)).toEqual(truth.filter((r) => r > from));
    }
    for (let i = 1; i < watcher.calls.length; i++) {
      expect(watcher.calls[i]!.sentAt).toBeGreaterThanOrEqual(watcher.calls[i - 1]!.sentAt);
    }
  });
});

/** Counters that read, add one and write with compare-and-swap, until they succeed. */
class Incrementer {
  readonly kindRead: number;
  readonly kindWritten: number;
  conflicts = 0;
  private readonly left: number[];
  private readonly datastore: Datastore;
  private readonly delays: readonly number[];
  constructor(engine: Engine, datastore: Datastore, each: number, delays: readonly number[]) {
    this.datastore = datastore;
    this.delays = delays;
    this.left = delays.map(() => each);
    this.kindRead = engine.defineKind("test.read", this);
    this.kindWritten = engine.defineKind("test.written", this);
  }
  start(): void {
    for (const who of this.delays.keys()) this.read(who);
  }
  onEvent(kind: number, who: number, requestId: number): void {
    const outcome = this.datastore.takeOutcome(requestId);
    if (kind === this.kindRead) {
      const held = outcome.resource!;
      const count = (held.spec as { count: number }).count + 1;
      this.datastore.request(
        {
          verb: "update",
          kind: "IPPool",
          resource: { ...held, spec: { count } },
          client: "cni",
          node: who,
        },
        this.kindWritten,
        who,
      );
      return;
    }
    if (outcome.status === "ok") this.left[who]!--;
    else this.conflicts++;
    if (this.left[who]! > 0) this.read(who);
  }
  private read(who: number): void {
    this.datastore.request(
      { verb: "get", kind: "IPPool", name: "counter", client: "cni", node: who },
      this.kindRead,
      who,
    );
  }
}

describe("compare and swap", () => {
  test.prop([
    fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 1, max: 8 }),
  ])("never loses an update", (delays, each) => {
    const engine = new Engine();
    const datastore = new Datastore(engine, {
      flavour: "kubernetes",
      path: new TestPath(...delays),
    });
    datastore.seed([{ ...pool("counter", "10.0.0.0/16"), spec: { count: 0 } }]);
    const incrementer = new Incrementer(engine, datastore, each, delays);
    incrementer.start();
    engine.run();
    expect(datastore.get("IPPool", "counter")?.spec).toEqual({ count: each * delays.length });
    const { requests } = datastore.meter.snapshot().byClientAndKind[0]!;
    expect(requests.update).toBe(each * delays.length + incrementer.conflicts);
  });
});

describe("load meter", () => {
  test.prop([fc.array(step, { maxLength: 15 })])(
    "what is counted by client, in all and by second is the same",
    (steps) => {
      const w = world("kubernetes");
      const requester = new Requester(w.engine, w.datastore);
      for (let c = 0; c < 3; c++) w.syncers.connect(c);
      for (const [serial, s] of steps.entries()) {
        w.engine.call(s.at, () => {
          apply(w, s, serial);
          w.datastore.request(
            { verb: "get", kind: "Pod", name: "a", namespace: "default", client: "cni", node: 1 },
            requester.kind,
            serial,
          );
        });
      }
      w.engine.run();
      const load = w.datastore.meter.snapshot();
      const bySecond = (of: "requests" | "watchEvents" | "bytes") =>
        load.series.reduce((n, s) => n + s[of], 0);
      expect(load.byClientAndKind.reduce((n, r) => n + r.requestsTotal, 0)).toBe(
        load.requestsTotal,
      );
      expect(bySecond("requests")).toBe(load.requestsTotal);
      expect(bySecond("watchEvents")).toBe(load.watchEventsTotal);
      expect(bySecond("bytes")).toBe(load.bytesSentTotal);
      for (const r of load.byClientAndKind) {
        expect(Object.values(r.requests).reduce((a, b) => a + b)).toBe(r.requestsTotal);
      }
      const most = Math.max(0, ...load.series.map((s) => s.watchEvents));
      expect(load.peakSecond.watchEvents?.watchEvents ?? 0).toBe(most);
      expect(requester.answers).toHaveLength(steps.length);
    },
  );
});
