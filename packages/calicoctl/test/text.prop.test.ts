import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { joinAndTruncate, readProtocolRow } from "../src/index.js";
import { fiveDigits, wholePercent } from "../src/ipam/quantity.js";

const octet = fc.integer({ min: 0, max: 255 });
const word = fc.stringMatching(/^[A-Za-z:]{1,12}$/);

describe("texts of calicoctl", () => {
  test.prop([fc.maxSafeNat()])("five digits are within half a unit of the fifth", (count) => {
    const text = fiveDigits(count);
    expect(text.replace(/e.*|\./g, "").length).toBeLessThanOrEqual(5);
    const unit = 10 ** Math.max(0, String(count).length - 5);
    expect(Math.abs(Number(text) - count)).toBeLessThanOrEqual(unit / 2);
  });

  test.prop([fc.bigInt({ min: 1n, max: 1n << 128n })])(
    "huge counts have the form of an exponent",
    (count) => {
      expect(fiveDigits(count)).toMatch(/^\d{1,5}$|^\d(\.\d{0,3}[1-9])?e\+\d\d$/);
    },
  );

  test.prop([fc.nat(1 << 20), fc.nat(1 << 20)])("per cent are within a half", (part, rest) => {
    fc.pre(part + rest > 0);
    const percent = (100 * part) / (part + rest);
    expect(Math.abs(parseInt(wholePercent(part, part + rest), 10) - percent)).toBeLessThanOrEqual(
      0.5,
    );
  });

  test.prop([fc.array(word), fc.nat(20)])(
    "a joined list is never longer than asked, but for the dots",
    (items, max) => {
      const text = joinAndTruncate(items, ",", max);
      if (max === 0) expect(text).toBe(items.join(","));
      else expect(text.length).toBeLessThanOrEqual(Math.max(3, max));
    },
  );

  test.prop([
    fc.tuple(octet, octet, octet, octet),
    fc.constantFrom("Mesh", "Node", "Global"),
    word,
    fc.array(word),
  ])(
    "a peer comes out of its row of show protocols as it went in",
    (octets, origin, bgpState, info) => {
      const session = `${origin}_${octets.join("_")}`;
      const cells = [session.padEnd(8), "BGP".padEnd(8), "master  ", "start"];
      const line = `${cells.join(" ")}  16:17:26    ${bgpState.padEnd(14)}${info.join(" ")}`;
      expect(readProtocolRow(line)).toEqual({
        session,
        origin,
        peerIP: octets.join("."),
        state: "start",
        since: "16:17:26",
        bgpState,
        info: info.join(" "),
      });
    },
  );
});
