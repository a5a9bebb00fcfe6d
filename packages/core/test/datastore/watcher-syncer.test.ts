import { describe, expect, it } from "vitest";
import {
  Datastore,
  type SyncerType,
  streamCount,
  WATCHER_SYNCER,
  WatcherSyncers,
} from "../../src/datastore/index.js";
import { Engine, fork, SECOND } from "../../src/engine/index.js";
import { Mirror, node, pod, pool, revisions, TestPath } from "./support.js";

function fleet(
  clients: number,
  options: { type?: SyncerType; flavour?: "kubernetes" | "etcd"; delays?: number[] } = {},
) {
  const engine = new Engine();
  const path = new TestPath(...(options.delays ?? []));
  const datastore = new Datastore(engine, { flavour: options.flavour ?? "kubernetes", path });
  const mirror = new Mirror(engine, clients);
  const nodeOf = Int32Array.from({ length: clients }, (_, i) => i);
  const type = options.type ?? "felix";
  const syncers = new WatcherSyncers(engine, datastore, {
    type,
    client: "felix",
    nodeOf,
    sink: mirror,
  });
  const connectAll = (): void => {
    for (let c = 0; c < clients; c++) syncers.connect(c);
  };
  return { engine, path, datastore, mirror, syncers, connectAll };
}

const endpoints = (datastore: Datastore) =>
  revisions(
    (["Pod", "IPPool", "Node"] as const).flatMap((kind) =>
      datastore
        .list(kind)
        .filter((r) => kind !== "Pod" || r.status?.["podIP" as never] !== undefined),
    ),
  );

describe("connections", () => {
  it.each([
    ["kubernetes", [24, 6, 2, 1], 33],
    ["etcd", [19, 6, 2, 1], 28],
  ] as const)("%s: streams per syncer are %j, %i in all", (flavour, expected, total) => {
    const types: SyncerType[] = ["felix", "bgp", "tunnel-ip-allocation", "node-status"];
    expect(types.map((type) => streamCount(flavour, type))).toEqual(expected);
    const opened = types.map((type) => {
      const { engine, datastore, connectAll } = fleet(2, { type, flavour });
      connectAll();
      engine.run();
      return datastore.meter.snapshot().watchesNow / 2;
    });
    expect(opened).toEqual(expected);
    expect(opened.reduce((a, b) => a + b)).toBe(total);
  });

  it("each stream costs one list and one watch", () => {
    const { engine, datastore, connectAll } = fleet(3);
    connectAll();
    engine.run();
    const rows = datastore.meter.snapshot().byClientAndKind;
    const sum = (verb: "list" | "watch") => rows.reduce((n, r) => n + r.requests[verb], 0);
    expect([sum("list"), sum("watch")]).toEqual([72, 72]);
    expect(rows.find((r) => r.kind === "Pod")?.requests).toMatchObject({ list: 3, watch: 3 });
  });

  it("disconnecting closes every watch", () => {
    const { engine, datastore, syncers, connectAll } = fleet(2);
    connectAll();
    engine.run();
    syncers.disconnect(0);
    expect(datastore.meter.snapshot()).toMatchObject({ watchesNow: 24, watchesPeak: 48 });
    syncers.disconnect(1);
    expect(datastore.meter.snapshot().watchesNow).toBe(0);
    expect(syncers.statusOf(0)).toBe("wait-for-ready");
  });
});

describe("content", () => {
  it("one snapshot object for all clients whose lists are the same", () => {
    const { engine, datastore, mirror, connectAll } = fleet(5);
    datastore.seed([pool("p", "10.0.0.0/16"), pod("a", "10.0.0.1"), pod("pending"), node("n")]);
    connectAll();
    engine.run();
    expect(new Set(mirror.batches.map((b) => b.batch)).size).toBe(1);
    expect(mirror.batches.flatMap((b) => b.clients)).toEqual([0, 1, 2, 3, 4]);
    expect(mirror.batches[0]?.batch).toMatchObject({ snapshot: true, status: "in-sync", kvs: 3 });
    expect(mirror.statuses[0]).toEqual(["resync", "in-sync"]);
    expect(mirror.view(4)).toEqual(endpoints(datastore));
  });

  it("a change reaches all clients in one call, each at its own time", () => {
    const { engine, datastore, mirror, connectAll } = fleet(3, { delays: [1000, 2000, 3000] });
    connectAll();
    engine.run();
    datastore.put(pod("a", "10.0.0.1"));
    engine.run();
    const last = mirror.batches.at(-1)!;
    expect(last.clients).toEqual([0, 1, 2]);
    const perWatch = (10 + 5044 * 0.001) / 8;
    const sentAt = last.arrivals[0]! - 1000;
    expect(last.arrivals).toEqual(
      [0, 1, 2].map((i) => Math.round(sentAt + i * perWatch + (i + 1) * 1000)),
    );
  });

  it("pod churn: nothing until there is an address, everything after, and one deletion", () => {
    const { engine, datastore, mirror, connectAll } = fleet(1);
    connectAll();
    engine.run();
    const steps = [
      () => datastore.put(pod("a")),
      () => datastore.put(pod("a", "10.0.0.1")),
      // Without Typha nobody compares values: a heartbeat goes through.
      () =>
        datastore.edit(
          "Pod",
          "a",
          "default",
          (p) => void (p.status = { ...p.status, hostIP: "x" }),
        ),
      () =>
        datastore.edit(
          "Pod",
          "a",
          "default",
          (p) => void (p.status = { ...p.status, phase: "Succeeded" }),
        ),
      () => datastore.remove("Pod", "a", "default"),
    ];
    const seen = steps.map((step) => {
      const before = mirror.batches.length;
      step();
      engine.run();
      return mirror.batches.slice(before).map((b) => b.batch.updates[0]?.resource !== undefined);
    });
    expect(seen).toEqual([[], [true], [true], [false], []]);
    expect(datastore.meter.snapshot().watchEventsTotal).toBe(5);
  });

  it("what happens while a client still lists is told after its snapshot", () => {
    const { engine, datastore, mirror, connectAll } = fleet(2, { delays: [0, 50_000] });
    datastore.seed(
      Array.from({ length: 2000 }, (_, i) => pod(`p${i}`, `10.1.${i >> 8}.${i & 255}`)),
    );
    connectAll();
    for (let t = 1; t < 300; t++) {
      engine.call(t * 1000, () => {
        if (t % 3 === 0) datastore.remove("Pod", `p${t}`, "default");
        else datastore.put(pool(`pool-${t % 7}`, `10.${t % 200}.0.0/16`));
      });
    }
    engine.run();
    expect(mirror.problems).toEqual([]);
    for (const client of [0, 1]) expect(mirror.view(client)).toEqual(endpoints(datastore));
  });
});

describe("trouble", () => {
  it("a watch that ends resumes from where it was, half a second after its start", () => {
    const { engine, datastore, mirror, connectAll } = fleet(1);
    datastore.seed([pod("a", "10.0.0.1")]);
    connectAll();
    engine.run();
    const requests = () =>
      datastore.meter.snapshot().byClientAndKind.find((r) => r.kind === "Pod")!.requests;
    const resumed = engine.now;
    // Watch ids are given in order of the lists' completion.
    datastore.dropWatches(Array.from({ length: 24 }, (_, i) => i));
    datastore.put(pod("b", "10.0.0.2"));
    engine.run();
    expect(requests()).toMatchObject({ list: 1, watch: 2 });
    expect(engine.now - resumed).toBeLessThan(WATCHER_SYNCER.resyncInterval + 100_000);
    expect(engine.now).toBeGreaterThan(WATCHER_SYNCER.resyncInterval);
    expect(mirror.view(0)).toEqual(endpoints(datastore));
    expect(mirror.problems).toEqual([]);
  });

  it("after an outage every stream lists again, and only differences are told", () => {
    const { engine, datastore, mirror, connectAll } = fleet(3);
    datastore.seed([pod("a", "10.0.0.1"), pod("b", "10.0.0.2"), pool("p", "10.0.0.0/16")]);
    connectAll();
    engine.run();
    const batches = mirror.batches.length;
    datastore.setUp(false);
    engine.call(engine.now + 10 * SECOND, () => {
      datastore.put(pod("c", "10.0.0.3"));
      datastore.remove("Pod", "a", "default");
      datastore.setUp(true);
    });
    engine.run();
    for (const client of [0, 1, 2]) expect(mirror.view(client)).toEqual(endpoints(datastore));
    const after = mirror.batches.slice(batches);
    expect(after).toHaveLength(3);
    expect(new Set(after.map((b) => b.batch.updates.map((u) => u.key).join()))).toEqual(
      new Set(["Pod/default/a,Pod/default/c"]),
    );
    expect(after.every((b) => !b.batch.snapshot)).toBe(true);
    const rows = datastore.meter.snapshot().byClientAndKind;
    expect(rows.reduce((n, r) => n + r.requests.list, 0)).toBe(2 * 3 * 24);
    expect(datastore.meter.snapshot().watchesNow).toBe(72);
    expect(mirror.problems).toEqual([]);
  });

  it("a node that is cut off misses nothing once it is back", () => {
    const { engine, path, datastore, mirror, connectAll } = fleet(2, { delays: [100, 100] });
    connectAll();
    engine.run();
    path.delays[1] = Number.POSITIVE_INFINITY;
    const cutAt = engine.now;
    datastore.put(pod("a", "10.0.0.1"));
    engine.run({ until: cutAt + 5 * SECOND });
    expect(Object.keys(mirror.view(0))).toEqual(["Pod/default/a"]);
    expect(mirror.view(1)).toEqual({});
    datastore.put(pod("b", "10.0.0.2"));
    engine.call(cutAt + 60 * SECOND, () => {
      path.delays[1] = 100;
    });
    engine.run();
    expect(mirror.view(1)).toEqual(endpoints(datastore));
    expect(mirror.problems).toEqual([]);
    expect(datastore.meter.snapshot().watchesNow).toBe(48);
  });

  it("a fork in the middle ends as the original does", () => {
    const { engine, datastore, mirror, syncers, connectAll } = fleet(4, { delays: [0, 300, 600] });
    datastore.seed(Array.from({ length: 300 }, (_, i) => pod(`p${i}`, `10.1.0.${i & 255}`)));
    connectAll();
    engine.run({ until: 9_000 });
    datastore.put(pod("new", "10.2.0.1"));
    const copy = fork({ engine, datastore, mirror, syncers });
    for (const run of [{ engine, datastore, mirror }, copy]) {
      run.datastore.put(pod("later", "10.2.0.2"));
      run.datastore.remove("Pod", "p7", "default");
      run.engine.run();
    }
    expect(copy.engine.digest()).toBe(engine.digest());
    expect(copy.mirror.view(3)).toEqual(mirror.view(3));
    expect(copy.datastore.meter.snapshot()).toEqual(datastore.meter.snapshot());
    expect(copy.datastore.get("Pod", "p1", "default")).toBe(datastore.get("Pod", "p1", "default"));
    copy.datastore.put(pod("only-there"));
    expect(datastore.get("Pod", "only-there", "default")).toBeUndefined();
  });
});
