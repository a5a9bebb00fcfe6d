import { BatchMemory, type UpdateBatch } from "@calico-sim/core";
import { describe, expect, it } from "vitest";

function batch(snapshot: boolean): UpdateBatch {
  return { updates: [], snapshot, kvs: 0, bytes: 0, status: "in-sync" };
}

describe("BatchMemory", () => {
  it("tells batches apart by identity, equal as they may be", () => {
    const memory = new BatchMemory<string>();
    const [one, other] = [batch(false), batch(false)];
    memory.set(one, "one");
    memory.set(other, "other");
    expect([memory.get(one), memory.get(other), memory.get(batch(false))]).toEqual([
      "one",
      "other",
      undefined,
    ]);
  });

  it("forgets the oldest delta, and no snapshot for it", () => {
    const memory = new BatchMemory<number>();
    const snapshot = batch(true);
    memory.set(snapshot, -1);
    const deltas = Array.from({ length: 100 }, () => batch(false));
    deltas.forEach((delta, i) => {
      memory.set(delta, i);
    });
    const known = deltas.map((delta) => memory.get(delta));
    const first = known.findIndex((meaning) => meaning !== undefined);
    expect(first).toBeGreaterThan(0);
    expect(known.slice(first)).toEqual(deltas.map((_, i) => i).slice(first));
    expect(memory.get(snapshot)).toBe(-1);
  });
});
