import { describe, expect, it } from "vitest";
import { parseSelector, SelectorError, selects } from "../../src/index.js";

const labels = { rack: "a", "kubernetes.io/hostname": "n1", tier: "gold", empty: "" };

describe("a selector", () => {
  it.each([
    ["", true],
    ["all()", true],
    ["global()", true],
    ["has(rack)", true],
    ["has(zone)", false],
    ["!has(zone)", true],
    ["has(empty)", true],
    ["rack == 'a'", true],
    ['rack == "b"', false],
    ["rack != 'b'", true],
    ["zone != 'b'", true],
    ["rack in {'a', 'b'}", true],
    ["rack in {}", false],
    ["rack not in {'a'}", false],
    ["zone not in {'a'}", true],
    ["tier contains 'ol'", true],
    ["tier starts with 'g'", true],
    ["tier ends with 'g'", false],
    ["kubernetes.io/hostname == 'n1'", true],
    ["rack == 'b' || tier == 'gold' && has(rack)", true],
    ["(rack == 'b' || tier == 'gold') && !has(rack)", false],
    ["!(rack == 'a')", false],
    ["! all()", false],
    ["  rack=='a'  ", true],
  ])("%j", (text, wanted) => {
    expect(selects(text, labels)).toBe(wanted);
  });

  it.each([
    "rack",
    "rack = 'a'",
    "rack == a",
    "has()",
    "some(rack)",
    "(all()",
    "all() all()",
    "rack in {'a'",
    "&&",
    "rack == 'a' &&",
  ])("%j is refused, with the place", (text) => {
    expect(() => parseSelector(text)).toThrow(SelectorError);
    expect(() => parseSelector(text)).toThrow(/at character \d+/);
  });
});
