import type { ExportRules } from "../types.js";
import type { Work } from "./confd-cache.js";
import type { NodeRoutes } from "./rendered-peers.js";

/** One confd process, and the files that it or an earlier one wrote. */
export interface Confd {
  running: boolean;
  /** Number of the process: replies to an earlier one are void. */
  life: number;
  inSync: boolean;
  /** What is being decoded, oldest first; an event waits for each. */
  readonly inputs: Work[];
  /** Nodes whose keys changed since the last render. */
  changed: Set<number>;
  /** Everything is to be rendered anew, not only what changed. */
  all: boolean;
  readonly own: Set<number>;
  rendering: boolean;
  dirty: boolean;
  rendered: boolean;
  /** Blocks, peers, own settings and export rules as rendered last, for comparison. */
  blocksText: string;
  peersText: string;
  speakerText: string;
  rules: ExportRules | undefined;
  /** Its own watches of Services and EndpointSlices. */
  services: "unwatched" | "listing" | "known";
  /** What the files say of its own routes; undefined until the first are written. */
  routes: NodeRoutes | undefined;
  /** Peers as rendered last that are no nodes, by address. */
  external: readonly string[];
  renders: number;
  reloads: number;
}

/** A process that was never started. */
export function newConfd(): Confd {
  return {
    running: false,
    life: 0,
    inSync: false,
    inputs: [],
    changed: new Set(),
    all: false,
    own: new Set(),
    rendering: false,
    dirty: false,
    rendered: false,
    blocksText: "",
    peersText: "",
    speakerText: "",
    rules: undefined,
    services: "unwatched",
    routes: undefined,
    external: [],
    renders: 0,
    reloads: 0,
  };
}
