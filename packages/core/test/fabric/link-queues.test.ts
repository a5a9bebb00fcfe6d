import { expect, test } from "vitest";
import { LinkQueues } from "../../src/fabric/link-queues.js";

const NARROW = { narrowest: 0, bandwidthMbps: 1, jitterUs: 0, loss: 0 };

test("what is sent behind something that left at a part of a microsecond leaves at a whole one", () => {
  const queues = new LinkQueues();
  expect(queues.occupy(NARROW, 10.25, 100)).toBe(10.25);
  const next = queues.occupy(NARROW, 11, 100);
  expect(next).toBeGreaterThan(800);
  expect(Number.isInteger(next)).toBe(true);
  expect(queues.occupy(NARROW, 20, 1)).toBeGreaterThan(next + 800);
});
