import { expect, test } from "vitest";
import { Peered } from "./support.js";

/** Four nodes in a full mesh, of which the last has another AS and no add-path. */
function mixed(eventPerMessage: boolean): Peered {
  const lab = new Peered(4, { seed: 548_882, eventPerMessage });
  const as = (node: number): number => (node === 3 ? 65_001 : 64_512);
  for (const node of lab.all()) {
    lab.bird.configure(node, {
      blocks: lab.blocks(node),
      speaker: { asNumber: as(node) },
      add: lab.others(node).map((peer) => {
        const remoteAS = as(node) === as(peer) ? 0 : as(peer);
        return { peer, passive: node < peer, options: { remoteAS, addPath: node !== 3 } };
      }),
    });
  }
  return lab.start().run(5);
}

// Both ends of a session held a segment until their delayed acknowledgements, due in one tick: whoever sent first kept the
// other's back by the way between them, and who that was hung on the order of two timers.
test("two ends whose acknowledgements come in one tick both send in it, however messages are carried", () => {
  const [plain, fine] = [mixed(false), mixed(true)];
  expect(plain.bird.wire()).toEqual(fine.bird.wire());
});
