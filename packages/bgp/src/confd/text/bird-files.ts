import type { BirdConfiguration } from "../render/model.js";
import { aggrText } from "./aggr-text.js";
import { birdText } from "./bird-text.js";
import { ipamText } from "./ipam-text.js";

/** A file that confd writes: its name in /etc/calico/confd/config, and its text. */
export interface BirdFile {
  readonly name: string;
  readonly text: string;
}

/**
 * The three files that a configuration stands for, the one that includes the others first: `bird.cfg`,
 * `bird_aggr.cfg`, `bird_ipam.cfg`, with `bird6` for IPv6. They say what confd's templates say; layout and order of
 * statements within a protocol are this project's. `krt_tunnel`, which sends a route through a tunnel, is known to
 * Calico's BIRD alone; all else is BIRD 1.6.
 *
 * @throws RangeError for a name or password that BIRD's texts cannot hold: they have no escapes.
 */
export function birdFiles(config: BirdConfiguration): readonly BirdFile[] {
  const suffix = config.family === 4 ? "" : "6";
  return [
    { name: `bird${suffix}.cfg`, text: birdText(config, suffix) },
    { name: `bird${suffix}_aggr.cfg`, text: aggrText(config) },
    { name: `bird${suffix}_ipam.cfg`, text: ipamText(config) },
  ];
}
