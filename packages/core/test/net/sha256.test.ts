import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha256 } from "../../src/net/sha256.js";

test("sha256 agrees with the platform's, at every padding", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const text = "é".repeat(length);
    const expected = createHash("sha256").update(text).digest("hex");
    expect(Buffer.from(sha256(text)).toString("hex")).toBe(expected);
  }
});
