import { describe, expect, test } from "vitest";
import { Peered } from "./support.js";

/** Milliseconds from when the first of four connects to the last, which is busy with its three hundred blocks. */
const LATER = [0, 1, 2, 3, 5, 8];

/** The first of four daemons starts anew, and so long after it connected. */
function connecting(later: number): Peered {
  const lab = new Peered(4, { blocks: 300 });
  for (let a = 0; a < 4; a++) for (let b = a + 1; b < 4; b++) lab.peer(a, b, {}, { passive: true });
  lab.start().run(1.507);
  lab.bird.kill(0);
  lab.run(0.5);
  return lab.start([0]).run((3 + later) / 1_000);
}

describe("a daemon that is killed before it accepts a connection", () => {
  test.each(LATER)("has it reset by its host: %i ms after they connected", (later) => {
    const lab = connecting(later);
    lab.bird.kill(3);
    lab.run(0.5).start([3]).run(30);
    expect(lab.bird.establishedEnds).toBe(12);
    expect(lab.complete()).toBe(true);
  });
});

describe("a host that goes before its daemon accepts a connection", () => {
  test.each(LATER)(
    "leaves the opener to its hold time, and all have their sessions in the end: %i ms after they connected",
    (later) => {
      const lab = connecting(later);
      lab.bird.crash(3);
      lab.run(5);
      lab.bird.reboot(3);
      lab.start([3]).run(480);
      expect(lab.bird.establishedEnds).toBe(12);
    },
  );
});
