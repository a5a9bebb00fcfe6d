import { describe, expect, it } from "vitest";
import {
  Datastore,
  type DatastoreRequest,
  ETCD_PROFILE,
  KUBERNETES_PROFILE,
} from "../../src/datastore/index.js";
import { Engine, MINUTE, SECOND } from "../../src/engine/index.js";
import { affinity, node, pod, pool, Requester, TestPath, Watcher } from "./support.js";

function set(flavour: "kubernetes" | "etcd" = "kubernetes", ...delays: number[]) {
  const engine = new Engine();
  const path = new TestPath(...delays);
  const datastore = new Datastore(engine, { flavour, path });
  const requester = new Requester(engine, datastore);
  const watcher = new Watcher();
  const send = (request: Partial<DatastoreRequest>, a = 0): number =>
    datastore.request(
      { verb: "get", kind: "Pod", client: "cni", node: -1, ...request },
      requester.kind,
      a,
    );
  const ask = (request: Partial<DatastoreRequest>) => {
    send(request);
    engine.run();
    return requester.answers.at(-1)!.outcome;
  };
  return { engine, path, datastore, requester, watcher, send, ask };
}

describe("direct access", () => {
  it("lists in key order whatever the order of writing, and shares the array until a change", () => {
    const { datastore } = set();
    datastore.seed([pod("c"), pod("a")]);
    datastore.put(pod("b"));
    const list = datastore.list("Pod");
    expect(list.map((p) => p.metadata.name)).toEqual(["a", "b", "c"]);
    expect(datastore.list("Pod")).toBe(list);
    datastore.remove("Pod", "b", "default");
    expect(datastore.list("Pod").map((p) => p.metadata.name)).toEqual(["a", "c"]);
    expect(list).toHaveLength(3);
  });

  it("stamps each write with the next revision on a new frozen object", () => {
    const { datastore } = set();
    const first = datastore.put(pod("a"));
    const second = datastore.edit("Pod", "a", "default", (p) => {
      p.metadata.labels = { app: "web" };
    });
    expect([first, second].map((p) => p?.metadata.resourceVersion)).toEqual(["1", "2"]);
    expect(Object.isFrozen(second?.metadata)).toBe(true);
    expect(first.metadata.labels).toBeUndefined();
    expect(datastore.revision).toBe(2);
  });

  it("an apiserver gives no revision to a write that changes nothing, etcd does", () => {
    const kubernetes = set().datastore;
    const etcd = set("etcd").datastore;
    for (const store of [kubernetes, etcd]) {
      store.put(pool("p", "10.0.0.0/16"));
      store.put(pool("p", "10.0.0.0/16"));
    }
    expect([kubernetes.revision, etcd.revision]).toEqual([1, 2]);
  });

  it("knows the content of an earlier revision while history reaches back", () => {
    const { datastore } = set();
    datastore.seed([pod("a"), pod("c")]);
    datastore.put(pod("b"));
    datastore.put(pod("a", "10.0.0.1"));
    datastore.remove("Pod", "c", "default");
    const names = (revision: number) =>
      datastore
        .listAt("Pod", revision)
        ?.map((p) => `${p.metadata.name}@${p.metadata.resourceVersion}`);
    expect(names(2)).toEqual(["a@1", "c@2"]);
    expect(names(3)).toEqual(["a@1", "b@3", "c@2"]);
    expect(names(5)).toEqual(["a@4", "b@3"]);
    expect(names(1)).toBeUndefined();
  });
});

describe("requests", () => {
  it("answers as an apiserver does", () => {
    const { ask } = set();
    expect(ask({ name: "a", namespace: "default" }).status).toBe("not-found");
    expect(ask({ verb: "create", resource: pod("a") }).status).toBe("ok");
    expect(ask({ verb: "create", resource: pod("a") }).status).toBe("already-exists");
    const read = ask({ name: "a", namespace: "default" });
    expect(read.resource?.metadata.resourceVersion).toBe("1");
    expect(ask({ verb: "update", resource: pod("x") }).status).toBe("not-found");
    expect(ask({ verb: "delete", name: "a", namespace: "default" }).status).toBe("ok");
    expect(ask({ verb: "delete", name: "a", namespace: "default" }).status).toBe("not-found");
    expect(ask({ verb: "list" })).toMatchObject({ status: "ok", items: [], revision: 2 });
  });

  it("an update with an old revision conflicts and writes nothing", () => {
    const { ask, datastore } = set();
    const old = datastore.put(pod("a"));
    datastore.put(pod("a", "10.0.0.1"));
    const outcome = ask({ verb: "update", resource: { ...old, spec: { nodeName: "other" } } });
    expect(outcome.status).toBe("conflict");
    expect(outcome.resource?.metadata.resourceVersion).toBe("2");
    expect(datastore.revision).toBe(2);
  });

  it("a merge patch is applied to the object as it stands when it is served", () => {
    const { ask, datastore } = set();
    datastore.put(pod("a", "10.0.0.1"));
    const merge = { metadata: { annotations: { k: "v" } }, status: { podIP: null } };
    const patched = ask({ verb: "patch", name: "a", namespace: "default", merge }).resource;
    expect(patched?.metadata.annotations).toEqual({ k: "v" });
    expect(patched?.status).toEqual({ phase: "Running" });
  });

  it("lists the affinities of one node, and counts only their bytes", () => {
    const { ask, datastore } = set();
    datastore.seed([affinity("n1", "10.0.0.0/26"), affinity("n2", "10.0.0.64/26")]);
    datastore.put(affinity("n1", "10.0.0.128/26"));
    const outcome = ask({ verb: "list", kind: "BlockAffinity", ofNode: "n1" });
    expect(outcome.items?.map((i) => i.metadata.name)).toEqual(
      ["n1-10-0-0-0-26", "n1-10-0-0-128-26"].sort(),
    );
    expect(datastore.meter.snapshot().listBytesTotal).toBe(300 + 2 * 430);
  });

  it("takes the way there, the server's time and the way back", () => {
    const { engine, requester, send } = set("kubernetes", 1000);
    send({ node: 0, name: "a", namespace: "default" });
    engine.run();
    const { requestMicros, protobufMicrosPerByte, bytesPerMicro } = KUBERNETES_PROFILE;
    const served = 1000 + requestMicros.value + 5000 * protobufMicrosPerByte.value;
    expect(requester.answers[0]?.outcome.servedAt).toBe(served);
    expect(requester.answers[0]?.at).toBe(Math.ceil(served + 1000 + 300 / bytesPerMicro.value));
  });

  it("requests beyond the cores wait for one another", () => {
    const { engine, datastore, requester, send } = set();
    datastore.seed(Array.from({ length: 1000 }, (_, i) => pod(`p${i}`)));
    for (let i = 0; i < 16; i++) send({ verb: "list" }, i);
    engine.run();
    const work = 1000 + (300 + 1000 * 5000) * 0.025;
    const served = requester.answers.map((x) => x.outcome.servedAt);
    expect(served[0]).toBe(Math.ceil(work));
    expect(served[15]).toBe(Math.ceil(work + (15 * work) / 8));
    expect(datastore.load().busyMicros).toBeCloseTo(16 * work);
  });

  it("an unreachable server costs the request timeout, a refusing one only the way", () => {
    const { engine, path, datastore, requester, send } = set("kubernetes", 500);
    path.delays[0] = Number.POSITIVE_INFINITY;
    send({ node: 0, name: "a" });
    engine.run();
    expect(requester.answers[0]).toMatchObject({
      at: 30 * SECOND,
      outcome: { status: "unavailable" },
    });
    path.delays[0] = 500;
    datastore.setUp(false);
    send({ node: 0, name: "a" });
    engine.run();
    expect(requester.answers[1]).toMatchObject({
      at: 30 * SECOND + 1000,
      outcome: { status: "unavailable" },
    });
    datastore.setUp(true);
    send({ node: 0, name: "a" });
    engine.run();
    expect(requester.answers[2]?.outcome.status).toBe("not-found");
  });

  it("an outage loses what is queued: nothing is written", () => {
    const { engine, datastore, requester, send } = set();
    send({ verb: "create", resource: pod("a") });
    engine.run({ until: 100 });
    datastore.setUp(false);
    datastore.setUp(true);
    engine.run();
    expect(requester.answers[0]?.outcome.status).toBe("unavailable");
    expect(datastore.count("Pod")).toBe(0);
    expect(datastore.pendingRequests).toBe(0);
  });

  it("deletes cost several calls in KDD, one in etcd", () => {
    const kubernetes = set().datastore;
    const calls = (["IPAMBlock", "IPPool", "Pod"] as const).map((k) => kubernetes.deleteCalls(k));
    expect(calls).toEqual([3, 2, 1]);
    expect(set("etcd").datastore.deleteCalls("IPAMBlock")).toBe(1);
  });
});

describe("watches", () => {
  it("one call per change and receiver, spaced by the cost of a write", () => {
    const { engine, datastore, watcher } = set();
    const ids = [0, 1, 2].map(() => datastore.watch("Pod", "felix", -1, 0, watcher));
    engine.run();
    const before = engine.dispatched;
    datastore.put(pod("a"));
    engine.run();
    expect(engine.dispatched - before).toBe(1);
    const write = 10 + 5044 * 0.001;
    expect(watcher.calls).toHaveLength(1);
    expect(watcher.calls[0]).toMatchObject({ watches: ids, perWatch: write / 8 });
    expect(datastore.meter.snapshot()).toMatchObject({ watchEventsTotal: 3, watchesNow: 3 });
  });

  it("replays what was missed since a revision, then goes on", () => {
    const { engine, datastore, watcher } = set();
    for (const name of ["a", "b", "c"]) datastore.put(pod(name));
    const id = datastore.watch("Pod", "felix", -1, 1, watcher);
    engine.run();
    datastore.put(pod("d"));
    engine.run();
    expect(watcher.revisions(id)).toEqual([2, 3, 4]);
    expect(datastore.watchRevision(id)).toBe(4);
  });

  it("a revision that history has lost is too old", () => {
    const { engine, datastore, watcher } = set();
    for (let i = 0; i < 150; i++) datastore.put(pod(`p${i}`));
    engine.call(80 * SECOND, () => datastore.put(pod("late")));
    engine.run();
    const old = datastore.watch("Pod", "felix", -1, 10, watcher);
    const young = datastore.watch("Pod", "felix", -1, 60, watcher);
    engine.run();
    expect(watcher.closed).toEqual([{ watches: [old], reason: "too-old" }]);
    expect(watcher.revisions(young)).toHaveLength(91);
  });

  it("an apiserver that restarts has forgotten its history, etcd has not", () => {
    for (const [flavour, reasons] of [
      ["kubernetes", ["closed", "too-old"]],
      ["etcd", ["closed"]],
    ] as const) {
      const { engine, datastore, watcher } = set(flavour);
      datastore.watch("Pod", "felix", -1, 0, watcher);
      datastore.put(pod("a"));
      engine.run();
      datastore.setUp(false);
      datastore.put(pod("b"));
      datastore.setUp(true);
      const id = datastore.watch("Pod", "felix", -1, 1, watcher);
      engine.run();
      expect(watcher.closed.map((c) => c.reason)).toEqual(reasons);
      expect(watcher.revisions(id)).toEqual(flavour === "etcd" ? [2] : []);
    }
  });

  it("etcd compacts each ten minutes and keeps one period", () => {
    const { engine, datastore, watcher } = set("etcd");
    const interval = ETCD_PROFILE.compactionIntervalMicros.value;
    for (let minute = 1; minute < 25; minute++) {
      engine.call(minute * MINUTE, () => datastore.put(pod(`p${minute}`)));
    }
    engine.run();
    expect(engine.now).toBe(24 * MINUTE);
    expect(interval).toBe(10 * MINUTE);
    // At 20 min the history up to 10 min went: nine writes, and the tenth stayed.
    const gone = datastore.watch("Pod", "felix", -1, 8, watcher);
    const kept = datastore.watch("Pod", "felix", -1, 9, watcher);
    engine.run();
    expect(watcher.closed).toEqual([{ watches: [gone], reason: "too-old" }]);
    expect(watcher.revisions(kept)).toHaveLength(15);
  });

  it("a closed watch hears nothing, not even what was on its way", () => {
    const { engine, datastore, watcher } = set();
    const id = datastore.watch("Pod", "felix", -1, 0, watcher);
    const other = datastore.watch("Pod", "felix", -1, 0, watcher);
    engine.run();
    datastore.put(pod("a"));
    datastore.closeWatch(id);
    engine.run();
    expect(watcher.revisions(id)).toEqual([]);
    expect(watcher.revisions(other)).toEqual([1]);
    expect(datastore.watchRevision(id)).toBe(0);
    expect(watcher.closed).toEqual([]);
  });

  it("bookmarks move all watches with one event a minute, and keep nothing awake", () => {
    const { engine, datastore, watcher } = set();
    const ids = [0, 1].map(() => datastore.watch("Pod", "felix", -1, 0, watcher));
    engine.run();
    datastore.put(node("n"));
    engine.run();
    expect(datastore.watchRevision(ids[0]!)).toBe(0);
    const before = engine.dispatched;
    engine.run({ until: MINUTE + SECOND });
    expect(engine.dispatched - before).toBe(1);
    expect(ids.map((id) => datastore.watchRevision(id))).toEqual([1, 1]);
    expect(datastore.meter.snapshot()).toMatchObject({ bookmarksTotal: 2, watchEventsTotal: 0 });
    expect(watcher.calls).toEqual([]);
  });

  it("a bookmark does not overtake a change that is still on its way", () => {
    const { engine, datastore, watcher } = set();
    const id = datastore.watch("Pod", "felix", -1, 0, watcher);
    engine.run();
    const tick = engine.now + MINUTE;
    engine.call(tick - 20, () => datastore.put(pod("a")));
    engine.call(tick + 5, () => datastore.dropWatches([id]));
    engine.run();
    expect(datastore.meter.snapshot().bookmarksTotal).toBe(1);
    expect(watcher.revisions(id)).toEqual([]);
    expect(datastore.watchRevision(id)).toBe(0);
  });
});
