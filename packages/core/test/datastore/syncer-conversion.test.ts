import { describe, expect, it } from "vitest";
import {
  allocationCount,
  changedPairs,
  convert,
  DEFAULT_SIZES,
  deepEqual,
  equalValue,
  hasEndpoint,
  mergePatch,
  objectBytes,
  POD_ANNOTATIONS,
  type WatchEvent,
} from "../../src/datastore/index.js";
import { keyOf, NODE_ANNOTATIONS, type Pod, type Resource } from "../../src/resources/index.js";
import { node, pod } from "./support.js";

const change = (previous: Resource | undefined, resource: Resource): WatchEvent => ({
  type: previous === undefined ? "added" : "modified",
  kind: resource.kind,
  key: keyOf(resource),
  resource,
  previous,
  revision: 7,
  bytes: 0,
});

function block(allocated: number): Resource {
  const allocations = Array.from({ length: 64 }, (_, i) => (i < allocated ? i : null));
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "IPAMBlock",
    metadata: { name: "10-0-0-0-26" },
    spec: { cidr: "10.0.0.0/26", allocations, unallocated: [], attributes: [] },
  };
}

describe("which pods have an endpoint", () => {
  const annotated = (ip: string, more: object = {}): Resource => ({
    ...pod("a"),
    metadata: {
      name: "a",
      namespace: "default",
      annotations: { [POD_ANNOTATIONS.podIP]: ip },
      ...more,
    },
  });
  it.each<[string, Resource, boolean]>([
    ["no address yet", pod("a"), false],
    ["status address", pod("a", "10.0.0.1"), true],
    ["the CNI plugin's annotation, before the kubelet's status", annotated("10.0.0.1/32"), true],
    ["terminating, not torn down", annotated("10.0.0.1/32", { deletionTimestamp: "t" }), true],
    [
      "terminating, torn down, though the status still has the address",
      {
        ...annotated("", { deletionTimestamp: "t" }),
        status: { phase: "Running", podIP: "10.0.0.1" },
      },
      false,
    ],
    [
      "host network",
      { ...pod("a", "10.0.0.1"), spec: { nodeName: "n", hostNetwork: true } },
      false,
    ],
    ["not scheduled", { ...pod("a", "10.0.0.1"), spec: {} }, false],
    [
      "finished",
      { ...pod("a", "10.0.0.1"), status: { phase: "Failed", podIP: "10.0.0.1" } },
      false,
    ],
  ])("%s", (_, resource, expected) => {
    expect(hasEndpoint(resource as Pod)).toBe(expected);
  });
});

describe("conversion", () => {
  it("a pod that loses its endpoint is a deletion, one that never had any is nothing", () => {
    const running = pod("a", "10.0.0.1");
    expect(convert(change(undefined, pod("a")))).toBeUndefined();
    expect(convert(change(pod("a"), running))).toMatchObject({
      key: "Pod/default/a",
      resource: running,
      previous: undefined,
      revision: 7,
      kvs: 1,
      bytes: 530,
    });
    expect(convert(change(running, pod("a")))).toMatchObject({
      resource: undefined,
      previous: running,
    });
    const deleted = { ...change(running, running), type: "deleted" as const };
    expect(convert(deleted)?.resource).toBeUndefined();
  });

  it("a Node makes one pair and one more for each tunnel field it has", () => {
    const plain = node("n", { [NODE_ANNOTATIONS.ipv4Address]: "10.0.0.1/24" });
    const tunnelled = node("n", {
      [NODE_ANNOTATIONS.ipv4Address]: "10.0.0.1/24",
      [NODE_ANNOTATIONS.ipv4VXLANTunnelAddr]: "10.1.0.1",
      [NODE_ANNOTATIONS.vxlanTunnelMACAddr]: "66:00:00:00:00:01",
    });
    expect(convert(change(undefined, plain))?.kvs).toBe(1);
    expect(convert(change(undefined, tunnelled))?.kvs).toBe(3);
    expect(convert(change(undefined, plain), "tunnel-ip-allocation")?.kvs).toBe(1);
    // De-duplicated: the two that are new, and the v3 form that carries their annotations.
    expect(changedPairs(plain, tunnelled).kvs).toBe(3);
    const moved = node("n", {
      ...tunnelled.metadata.annotations,
      [NODE_ANNOTATIONS.vxlanTunnelMACAddr]: "66:00:00:00:00:02",
    });
    expect(changedPairs(tunnelled, moved).kvs).toBe(2);
    expect(changedPairs(tunnelled, undefined).kvs).toBe(3);
  });

  it("a namespace makes three pairs; new labels change two", () => {
    const of = (labels: Record<string, string>): Resource => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "default", labels },
    });
    expect(convert(change(undefined, of({})))?.kvs).toBe(3);
    expect(changedPairs(of({}), of({ a: "b" })).kvs).toBe(2);
  });
});

describe("what Typha holds back", () => {
  it("Node heartbeats", () => {
    expect(equalValue(node("n", {}, "True"), node("n", {}, "False"))).toBe(true);
    expect(equalValue(node("n", { other: "1" }), node("n", { other: "2" }))).toBe(true);
    const addressed = node("n", { [NODE_ANNOTATIONS.ipv4Address]: "10.0.0.1/24" });
    expect(equalValue(node("n"), addressed)).toBe(false);
    expect(changedPairs(node("n", {}, "True"), node("n", {}, "False"))).toEqual({
      kvs: 0,
      bytes: 0,
    });
  });

  it("pod status churn, but not a new label or address", () => {
    const running = pod("a", "10.0.0.1");
    const ready = { ...running, status: { ...running.status, conditions: [{ type: "Ready" }] } };
    expect(equalValue(running, ready)).toBe(true);
    expect(equalValue(running, pod("a", "10.0.0.1", { labels: { app: "x" } }))).toBe(false);
    expect(equalValue(running, pod("a", "10.0.0.2"))).toBe(false);
    expect(equalValue(pod("a"), undefined)).toBe(true);
    expect(equalValue(running, pod("a"))).toBe(false);
  });

  it("a revision alone, of any kind", () => {
    const of = (resourceVersion: string) => ({
      ...block(3),
      metadata: { name: "b", resourceVersion },
    });
    expect(equalValue(of("1"), of("2"))).toBe(true);
    expect(equalValue(block(3), block(4))).toBe(false);
  });
});

describe("sizes", () => {
  it.each([
    [0, 700],
    [1, 950],
    [10, 3200],
    [30, 8200],
    [64, 16_700],
  ])(
    "a block with %i addresses has %i bytes of value (control-plane-behaviour §1.11)",
    (n, bytes) => {
      expect(allocationCount(block(n))).toBe(n);
      expect(objectBytes(block(n), "etcd", DEFAULT_SIZES)).toBe(bytes);
      expect(objectBytes(block(n), "kubernetes", DEFAULT_SIZES)).toBe(bytes + 300);
      expect(convert(change(undefined, block(n)))?.bytes).toBe(bytes + 60);
    },
  );
});

describe("plain data", () => {
  it("absent and undefined are the same", () => {
    expect(deepEqual({ a: undefined, b: [1, { c: 2 }] }, { b: [1, { c: 2 }] })).toBe(true);
    expect(deepEqual({ a: 1 }, { a: 1, b: undefined })).toBe(true);
    expect(deepEqual({ a: null }, {})).toBe(false);
    expect(deepEqual([1], { 0: 1 })).toBe(false);
  });

  it("merges as RFC 7386 says", () => {
    const target = { a: "b", c: { d: "e", f: "g" }, l: [1] };
    expect(mergePatch(target, { a: "z", c: { f: null }, l: [2] })).toEqual({
      a: "z",
      c: { d: "e" },
      l: [2],
    });
    expect(target.c).toEqual({ d: "e", f: "g" });
    expect(mergePatch("text", { a: { b: null } })).toEqual({ a: {} });
  });

  it("keeps what a patch does not change, and freezes what it makes", () => {
    const target = Object.freeze({ a: Object.freeze({ b: 1 }), l: Object.freeze([{ c: 1 }]) });
    expect(mergePatch(target, { a: { b: 1 }, l: [{ c: 1 }], x: null })).toBe(target);
    const merged = mergePatch(target, { a: { d: [1] } }) as { a: { d: number[] }; l: unknown };
    expect(merged.l).toBe(target.l);
    expect([merged, merged.a, merged.a.d].every((part) => Object.isFrozen(part))).toBe(true);
  });
});
