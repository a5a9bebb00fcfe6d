import type { Micros } from "@calico-sim/core";
import type { FamilyWork } from "./confd-cache.js";
import type { NodeFiles } from "./family-files.js";
import type { LocalWorkload } from "./render/peerings.js";

/** What one batch means to confd; computed once for all receivers. */
export interface Work {
  readonly snapshot: boolean;
  /** Pools or BGPConfiguration changed, or services. */
  readonly global: boolean;
  /** It concerns every node. */
  readonly forAll: boolean;
  /** Nodes whose blocks changed, in whatever family. */
  readonly blocks: { has(node: number): boolean };
  /** By family, in the order of the fleet's. */
  readonly parts: readonly FamilyWork[];
}

/** What confd's own watches bring: that all services are known now; or, as {@link SERVICES_CHANGED}, that some changed. */
export const SERVICES_KNOWN: Work = Object.freeze({
  snapshot: false,
  global: true,
  forAll: true,
  blocks: new Set<number>(),
  parts: [],
});
/** See {@link SERVICES_KNOWN}. */
export const SERVICES_CHANGED: Work = Object.freeze({ ...SERVICES_KNOWN });

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
  rendering: boolean;
  dirty: boolean;
  rendered: boolean;
  /** By family, in the order of the fleet's. */
  readonly files: NodeFiles[];
  /** Its own watches of Services and EndpointSlices. */
  services: "unwatched" | "listing" | "known";
  /** When the process started. */
  started: Micros;
  /** Local pods that ask to be peers, as of its last look at Felix's files. */
  workloads: readonly LocalWorkload[];
  /** A look is due. */
  looks: boolean;
  renders: number;
  reloads: number;
}

/** A process that was never started. */
export function newConfd(files: NodeFiles[]): Confd {
  return {
    running: false,
    life: 0,
    inSync: false,
    inputs: [],
    changed: new Set(),
    all: false,
    rendering: false,
    dirty: false,
    rendered: false,
    files,
    services: "unwatched",
    started: 0,
    workloads: [],
    looks: false,
    renders: 0,
    reloads: 0,
  };
}
