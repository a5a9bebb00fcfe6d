import type { Rows } from "@calico-sim/core";
import type { Batch } from "../rib/batches.js";
import type { PathLists } from "../rib/path-lists.js";
import type { PeerGroup } from "../rib/peer-group.js";
import type { RefeedPlace } from "../rib/refeed.js";
import { Rib } from "../rib/rib.js";
import type { ExportRules, Reconfiguration } from "../types.js";

/** States of a process. */
export const OFF = 0;
/** Reads its configuration; its sockets are not open yet. */
export const STARTING = 1;
/** In its main loop. */
export const RUNNING = 2;

// Entries of a daemon's whole-second timers, in the low two bits; above them the session end.
/** The connect delay or connect retry time of an end is over. */
export const TIMER_CONNECT = 0;
/** The restart time of a peer is over. */
export const TIMER_PEER_RESTART = 1;
/** Graceful restart recovery of the daemon itself is over. */
export const TIMER_RECOVERY = 2;
/** The keepalive or the hold time of an end; only where they are events. */
export const TIMER_IDLE = 3;

// Work that a daemon queues for a later turn of its loop (bird: lib/event.c), below the session end.
/** Announce everything to a peer. */
export const WORK_FEED = 0;
/** Give the table to the kernel protocol. */
export const WORK_KERNEL = 1;
/** Stop a protocol whose peer did not come back. */
export const WORK_STOP_STALE = 2;
/** Drop the routes of a stopped protocol. */
export const WORK_FLUSH = 3;
/** Send a keepalive; only where they are events. */
export const WORK_KEEPALIVE = 4;
/** Announce everything again to a peer that asked for it. */
export const WORK_REFEED = 5;
/** Take in routes of pods that came to the kernel, or went. */
export const WORK_LEARN = 6;
/** Write what a connection has to send; the rest is a side. */
export const WORK_TRANSMIT = 7;
/** Look whether to connect. */
export const WORK_DECIDE = 8;
/** Start a protocol again once its connections are closed. */
export const WORK_RESTART = 9;
/** Go on with a table that is told again. */
export const WORK_REFEED_STEP = 10;
/** A kind of work lies in so many low bits of an item, the session end (or side) above: see SESSION_ENDS_MAX. */
export const WORK_BITS = 4;
/** Mask of the kind. */
export const WORK_KINDS: number = 2 ** WORK_BITS - 1;

/** What one process knows, apart from the dense columns of the fleet. */
export interface Daemon {
  /** Peers configured now. */
  peers: number;
  /** Peers that were fed, to whom every change is offered. */
  exporting: number;
  /** An ordinary router, without the filters that Calico renders. */
  router: boolean;
  /** Its kernel gets equally good paths as one route (`merge paths`). */
  mergesPaths: boolean;
  rules: ExportRules | undefined;
  /** Every peer is as in the mesh, so that what one says is told to no other. */
  meshOnly: boolean;
  /** Fed peers by what they are told; kept while not `meshOnly`. */
  readonly groups: PeerGroup[];
  readonly rib: Rib;
  readonly blocks: number[];
  /** Pods' routes in the kernel. */
  podRoutes: number;
  /** Those of them that are not covered by an own block, as host prefixes. */
  readonly foreign: Set<number>;
  /** Of these, what the process has not taken in yet. */
  kernelNews: number[];
  /** UPDATEs that announce `blocks` to a mesh peer, each on its own; undefined after a change. */
  feed: readonly Batch[] | undefined;
  /** By session end: where its feed goes on, and on which side of a connection: a step to mesh peers, else a prefix. */
  readonly feeding: Map<number, { readonly side: number; readonly next: number }>;
  /** By session end: how far the table is that it is told again. */
  readonly refeeding: Map<number, RefeedPlace>;
  reconfigure: Reconfiguration[];
  /** By peer: `PeerConfig.session`, where it was given. */
  readonly sessions: Map<number, string>;
  /** Second of the process's clock in which it read its configuration first. */
  booted: number;
  /** The same, of the last time. */
  configured: number;
  /** By session end: what a restarting peer has not announced again, as prefix → sources. */
  readonly stale: Map<number, Map<number, number[]>>;
}

/** A process that was never started. */
export function newDaemon(lists: PathLists, rows: Rows, node: number): Daemon {
  return {
    peers: 0,
    exporting: 0,
    router: false,
    mergesPaths: true,
    rules: undefined,
    meshOnly: true,
    groups: [],
    rib: new Rib(lists, rows, node),
    blocks: [],
    podRoutes: 0,
    foreign: new Set(),
    kernelNews: [],
    feed: undefined,
    feeding: new Map(),
    refeeding: new Map(),
    reconfigure: [],
    sessions: new Map(),
    booted: 0,
    configured: 0,
    stale: new Map(),
  };
}
