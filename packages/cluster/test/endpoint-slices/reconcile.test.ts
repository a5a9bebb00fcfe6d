import { describe, expect, test } from "vitest";
import { type SliceRow, sliceWrites } from "../../src/endpoint-slices/reconcile.js";
import type { Endpoint } from "../../src/endpoint-slices/slice-objects.js";

function endpointMap(pods: readonly string[], ready = true): Map<string, Endpoint> {
  return new Map(pods.map((pod) => [pod, { addresses: [pod], conditions: { ready } }]));
}

/** Names of so many pods. */
function pods(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${String(i)}`);
}

function slice(name: string, held: readonly string[], ready = true): SliceRow {
  return { name, family: 4, endpoints: endpointMap(held, ready) };
}

/** The writes as text: which slice, and how many endpoints it has then. */
function writes(rows: readonly SliceRow[], wanted: readonly string[], room: number): string[] {
  return sliceWrites(rows, 4, endpointMap(wanted), room).map(
    ({ row, endpoints }) => `${row?.name ?? "new"} ${String(endpoints?.size ?? "gone")}`,
  );
}

describe("what the endpoint slice controller writes", () => {
  test("new endpoints fill the fullest of the slices that are written anyway first", () => {
    const rows = [slice("a", pods("a", 2), false), slice("b", pods("b", 5), false)];
    expect(writes(rows, [...pods("a", 2), ...pods("b", 5), "x", "y"], 6)).toEqual(["a 3", "b 6"]);
  });

  test("what is left fills the unchanged slice that it fills best, though others are written", () => {
    const [a, b, c] = [pods("a", 4), pods("b", 1), pods("c", 2)];
    const rows = [slice("a", a, false), slice("b", b), slice("c", c)];
    const held = [...a, ...b, ...c];
    expect(writes(rows, [...held, ...pods("x", 2)], 4)).toEqual(["a 4", "c 4"]);
    expect(writes(rows, [...held, ...pods("x", 3)], 4)).toEqual(["a 4", "b 4"]);
    expect(writes(rows, [...held, ...pods("x", 4)], 4)).toEqual(["new 4", "a 4"]);
  });

  test("a full slice of new endpoints is a new one, and the rest is placed after it", () => {
    const rows = [slice("a", pods("a", 2))];
    expect(writes(rows, [...pods("a", 2), ...pods("x", 4)], 4)).toEqual(["new 4"]);
    expect(writes(rows, [...pods("a", 2), ...pods("x", 5)], 4)).toEqual(["new 4", "a 3"]);
  });

  test("a slice that was emptied takes the endpoints of a new one", () => {
    const rows = [slice("a", pods("a", 2)), slice("b", pods("b", 2))];
    expect(writes(rows, pods("x", 5), 4)).toEqual(["a 1", "b 4"]);
    expect(writes(rows, pods("x", 1), 4)).toEqual(["a 1", "b gone"]);
    expect(writes(rows, pods("x", 9), 4)).toEqual(["new 4", "a 1", "b 4"]);
  });

  test("one empty slice is left of a service without endpoints, and is used again", () => {
    const rows = [slice("a", pods("a", 2)), slice("b", pods("b", 2))];
    expect(writes(rows, [], 4)).toEqual(["a 0", "b gone"]);
    expect(writes([slice("a", [])], [], 4)).toEqual([]);
    expect(writes([slice("a", [])], pods("x", 5), 4)).toEqual(["new 4", "a 1"]);
    expect(writes([], [], 4)).toEqual([]);
  });
});
