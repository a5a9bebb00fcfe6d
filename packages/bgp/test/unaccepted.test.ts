import { describe, expect, test } from "vitest";
import { Peered } from "./support.js";

describe("a daemon that is killed before it accepts a connection", () => {
  // At 2 s the first three connect to the last, which is busy with three hundred blocks.
  test.each([0, 1, 2, 3, 5, 8])("has it reset by its host: %i ms after they connected", (later) => {
    const lab = new Peered(4, { blocks: 300 });
    for (let a = 0; a < 4; a++)
      for (let b = a + 1; b < 4; b++) lab.peer(a, b, {}, { passive: true });
    lab.start().run(1.507);
    lab.bird.kill(0);
    lab.run(0.5);
    lab.start([0]).run((3 + later) / 1_000);
    lab.bird.kill(3);
    lab.run(0.5).start([3]).run(30);
    expect(lab.bird.establishedEnds).toBe(12);
    expect(lab.complete()).toBe(true);
  });
});

describe("a host that goes before its daemon accepts a connection", () => {
  test.each([0, 1, 2, 3, 5, 8])(
    "leaves the opener to its hold time, and all have their sessions in the end: %i ms after they connected",
    (later) => {
      const lab = new Peered(4, { blocks: 300 });
      for (let a = 0; a < 4; a++)
        for (let b = a + 1; b < 4; b++) lab.peer(a, b, {}, { passive: true });
      lab.start().run(1.507);
      lab.bird.kill(0);
      lab.run(0.5);
      lab.start([0]).run((3 + later) / 1_000);
      lab.bird.crash(3);
      lab.run(5);
      lab.bird.reboot(3);
      lab.start([3]).run(480);
      expect(lab.bird.establishedEnds).toBe(12);
    },
  );
});
