import { median, timed } from "./scenario.js";

/** What {@link ribLoop} is, as the yardstick of a result. */
export const RIB_LOOP =
  "plain loop that writes one 16-byte entry per RIB-in entry in sender order: ours / it";

/**
 * The physical limit of a mesh: milliseconds for writing 16 bytes for each (receiver, prefix), sender by
 * sender, which is the order in which deliveries happen. Warm: the memory is there.
 */
export function ribLoop(nodes: number, blocks: number): number {
  const entries = new Int32Array(nodes * blocks * 4);
  const pass = (stamp: number): void => {
    for (let block = 0; block < blocks; block++) {
      const sender = block % nodes;
      for (let receiver = 0; receiver < nodes; receiver++) {
        if (receiver === sender) continue;
        const at = (receiver * blocks + block) << 2;
        entries[at] = block;
        entries[at + 1] = sender;
        entries[at + 2] = stamp;
        entries[at + 3] = 1;
      }
    }
  };
  pass(0);
  return median(Array.from({ length: 9 }, (_, i) => timed(() => pass(i + 1))));
}
