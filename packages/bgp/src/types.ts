import type {
  AddressFamily,
  Engine,
  Kernels,
  Micros,
  NodeDirectory,
  PathQuality,
  PrefixTable,
} from "@calico-sim/core";
import type { CommunityRule, ExportStep, FilterFunction } from "./confd/render/model.js";
import type { BirdCosts } from "./cost-profile.js";
import type { AttributeSet } from "./rib/attributes.js";
import type { SessionTimers } from "./session/constants.js";
import type { SharedCores } from "./shared-cores.js";

/** One-way delay between two nodes; infinity while the path is cut. */
export interface NodeDelay {
  /** In microseconds. */
  delay(from: number, to: number): Micros;
  /**
   * Whether a cut path ends at the next hop, which answers no address resolution: connecting then fails with
   * "No route to host" after three seconds. Absent, or false: what is sent is lost further on, in silence.
   */
  unresolved?(from: number, to: number): boolean;
  /**
   * Whether a packet filter drops what `from` sends to a TCP port of `to`. The answers from that port pass, so
   * only connections that `from` opens suffer. Absent: nothing is dropped.
   */
  drops?(from: number, to: number, port: number): boolean;
  /** Routers on the way, each of which takes one from a packet's TTL. Absent: none. */
  routersBetween?(from: number, to: number): number;
  /** Whether `quality` says, or ever said, anything about some pair of nodes. Absent: no. */
  readonly impaired?: boolean;
  /** What the links on the way do besides delaying: jitter, a limited bandwidth, loss. Absent, or undefined: nothing. */
  quality?(from: number, to: number): PathQuality | undefined;
}

/** Told what the daemons do. Every method is optional in effect: an empty body costs nothing. */
export interface BirdListener {
  /** An end entered Established (`up`), or lost it. */
  onSession(node: number, peer: number, up: boolean, at: Micros): void;
  /** Graceful restart recovery of a daemon ended: its kernel protocol may export. */
  onRecoveryDone(node: number, at: Micros): void;
  /** A daemon tries to connect to a peer. */
  onConnecting?(node: number, peer: number, at: Micros): void;
  /** A segment leaves a host, as a capture on its link shows it; keepalives of undisturbed sessions are none. */
  onSegment?(from: number, to: number, what: SegmentKind, at: Micros): void;
  /** A daemon takes a peer to restart, or no longer. */
  onPeerRestart?(node: number, peer: number, phase: RestartPhase, at: Micros): void;
}

/** What a captured segment carries; `syn-again` repeats a SYN that had no answer. */
export type SegmentKind =
  | "syn"
  | "syn-again"
  | "open"
  | "keepalive"
  | "update"
  | "end-of-rib"
  | "route-refresh"
  | "notification";

/**
 * Graceful restart of a peer as its neighbour sees it (RFC 4724 §4.2): the session was lost and the routes are
 * kept, the restart time is over, or the peer is back and has told everything.
 */
export type RestartPhase = "detected" | "expired" | "done";

/** Which routes a daemon writes to its kernel, and how: the kernel filter of bird_ipam.cfg. */
export interface KernelFilter {
  /**
   * Route id for a prefix whose BGP next hop is `nextHop`, or for an own block when `nextHop` is −1; 0 = not
   * exported to the kernel (calico: confd/pkg/backends/calico/bgp_processor.go).
   *
   * @param metric - 2147483647 − LOCAL_PREF: 1024 for ordinary routes.
   */
  kernelRoute(node: number, prefix: number, nextHop: number, metric: number): number;
  /** Whether a prefix is the node's own subnet, of which the protocol `direct` has the best route. Absent: none is. */
  isConnected?(node: number, prefix: number): boolean;
  /**
   * Interface that leads to a next hop which is a pod; empty on other nodes than its own, where the address resolves over nothing
   * but a route of BGP, which BIRD does not take. Undefined for a host. Absent: no next hop is a pod.
   */
  podDevice?(node: number, nextHop: number): string | undefined;
}

/** How a daemon treats a peer, with every default filled in. */
export interface PeerPolicy {
  /** AS shown to the peer; 0 = the daemon's own. */
  readonly localAS: number;
  /** AS that the peer must show; 0 = the same as the one shown to it, {@link ANY_AS} = whatever it shows. */
  readonly remoteAS: number;
  /** Cluster id (RFC 4456 §7) if the peer is a client of this reflector, else −1. */
  readonly clusterId: number;
  readonly nextHop: "auto" | "self" | "keep";
  /**
   * The peer must be on the link: an external one is told next hops on that link as they are, and one that is
   * elsewhere is waited for and never connected to (bird: proto/bgp/bgp.c, `direct`). False: `multihop`.
   */
  readonly onLink: boolean;
  readonly allowLocalAS: number;
  readonly addPath: boolean;
  /** Restart time advertised, seconds; −1 = that of the fleet. */
  readonly gracefulRestart: number;
  /**
   * The OPEN says that this end keeps forwarding while it restarts (RFC 4724 §3). False: it only helps others,
   * as a BIRD that is told nothing does (`graceful restart aware`), so that its own routes go with its session.
   */
  readonly keepsForwarding: boolean;
  /** TCP MD5 key (RFC 2385); empty = none. */
  readonly password: string;
  /** Routers within which the peer must be, plus one (RFC 5082); 0 = no TTL security. */
  readonly ttlSecurity: number;
  /** TCP port of the peer. */
  readonly port: number;
  /** Address that connections come from, as an unsigned integer; 0 = the one that the daemon is known by. */
  readonly sourceAddress: number;
  /** Keepalive time, seconds; 0 = that of the fleet. */
  readonly keepalive: number;
  /** Hold time that the OPEN offers, seconds (RFC 4271 §4.2); 0 = none, −1 = that of the fleet. */
  readonly hold: number;
  /** Connect delay time, seconds; 0 = that of the fleet. */
  readonly connectDelay: number;
  /** Connect retry time, seconds; 0 = that of the fleet. */
  readonly connectRetry: number;
  readonly importFilters: readonly PeerFilter[];
  readonly exportFilters: readonly PeerFilter[];
}

/** As {@link PeerPolicy.remoteAS}: the peer may show any AS, as a router's dynamic neighbours may. */
export const ANY_AS = -1;

/** A BGPFilter as one peer uses it. */
export interface PeerFilter {
  readonly filter: FilterFunction;
  /** What the rules that ask for it are told of the peer. */
  readonly internal: boolean;
}

/**
 * What sets a peering apart from the mesh. Every field is optional; absent ones are as in the mesh: an
 * internal peer, no client of a reflector, any number of hops, next hop left to BIRD, add-path, no filters.
 */
export type PeerOptions = Partial<PeerPolicy>;

/** A peer in a daemon's configuration. */
export interface PeerConfig {
  readonly peer: number;
  /** This end never opens. */
  readonly passive: boolean;
  /** Absent: as in the node-to-node mesh. */
  readonly options?: PeerOptions;
  /**
   * The rest of what the configuration says of the peer (name of the protocol, source address), as any text: nothing but a
   * change of it matters, which starts the session anew. Absent: unknown, no change.
   */
  readonly session?: string;
}

/** What a daemon says of itself. */
export interface SpeakerConfig {
  /** @defaultValue 64512 (calico: confd/pkg/backends/calico/client.go:63) */
  readonly asNumber?: number;
  /** BGP identifier as an unsigned 32-bit integer. @defaultValue the address */
  readonly routerId?: number;
  /** Address as an unsigned integer, see `addressNumber`. @defaultValue the node's id + 1 */
  readonly address?: number;
  /** An ordinary router: it has none of the filters that Calico renders. @defaultValue false */
  readonly router?: boolean;
  /**
   * The kernel gets equally good paths as one route over all their next hops: `merge paths` of the kernel protocol.
   * @defaultValue true (calico: bird.cfg.template); for an ordinary router false, as BIRD has it
   */
  readonly mergePaths?: boolean;
  /** TCP port that the daemon listens on from its next start. @defaultValue 179 */
  readonly listenPort?: number;
}

/** What Calico's export filter looks at beside the peer (node-behaviour §1.6). */
export interface ExportRules {
  readonly steps: readonly ExportStep[];
  readonly communities: readonly CommunityRule[];
  /** Blocks that are advertised as one, as prefix ids. @defaultValue all that the node originates */
  readonly ownBlocks?: readonly number[];
}

/** A change of a daemon's configuration, effective when it reads its files again (SIGHUP). */
export interface Reconfiguration {
  /**
   * Peers that are new, or treated otherwise than before: those restart. Where only filters changed the session stays, and
   * routes are told again or asked for again (bird: nest/proto.c, proto_reconfigure; proto/bgp/bgp.c, bgp_reconfigure).
   */
  readonly add?: readonly PeerConfig[];
  readonly remove?: readonly number[];
  /** The routes that this node originates from now on, as prefix ids: its blocks, and what it advertises of services. */
  readonly blocks?: readonly number[];
  /** The kernel protocol's export filter changed, so every route is offered to the kernel anew. */
  readonly kernelFilter?: boolean;
  readonly speaker?: SpeakerConfig;
  /** Calico's export filter. Absent at first: everything is accepted, as if one pool held all. */
  readonly rules?: ExportRules;
}

/** A path in a daemon's table. */
export interface RoutePath {
  /** Node that it was learnt from; the node itself for a route of its own. */
  readonly from: number;
  /** Node that its BGP next hop belongs to. */
  readonly nextHop: number;
  readonly attributes: AttributeSet;
}

/**
 * What-if: BFD on every session (RFC 5880). Calico renders none.
 */
export interface BfdOptions {
  /** Time between two control packets, before jitter. */
  readonly interval: Micros;
  /** Packets that must be missing. */
  readonly multiplier: number;
}

/** Options of `BirdFleet`. */
export interface BirdOptions {
  readonly engine: Engine;
  readonly kernels: Kernels;
  readonly prefixes: PrefixTable;
  readonly names: NodeDirectory;
  readonly path: NodeDelay;
  readonly filter: KernelFilter;
  readonly listener?: BirdListener;
  /**
   * Which BIRD: `bird`, which has IPv4 routes over IPv4 sessions, or `bird6` (BIRD 1.6 is built for one of them).
   * @defaultValue 4
   */
  readonly family?: AddressFamily;
  readonly timers?: Partial<SessionTimers>;
  readonly costs?: Partial<BirdCosts>;
  /** Cores shared by all daemons, as on a test machine. Absent: each daemon has a core of its own. */
  readonly sharedCores?: SharedCores;
  /**
   * All hosts are namespaces of one machine, as in a lab, so that their kernel's clock ticks for all of them at once and
   * delayed acknowledgements come together. @defaultValue false: each host's ticks are its own
   */
  readonly sharedTick?: boolean;
  /**
   * Makes every message an event of its own when it arrives, instead of something that a daemon finds when
   * its main loop turns. The history is the same; traces are finer and runs slower.
   * @defaultValue false
   */
  readonly eventPerMessage?: boolean;
  /** What-if: BFD on every session. Absent: none, as Calico renders it. */
  readonly bfd?: BfdOptions;
  /** Add-path capability on every session (calico: bird.cfg.template). @defaultValue true */
  readonly addPath?: boolean;
  /**
   * Every keepalive is a message and every hold time a timer, as in BIRD, instead of being computed when asked:
   * exact to the wake-up, and dear in large clusters. @defaultValue false
   */
  readonly eventPerKeepalive?: boolean;
  /**
   * Keeps when each route came and what it replaced, for those who ask afterwards; some 200 bytes a route.
   * @defaultValue false
   */
  readonly routeLog?: boolean;
  /**
   * Counts for each session what becomes of every route, as `show protocols all` prints it; 56 bytes a session end, and
   * at a reflector some time for each route and client. @defaultValue false
   */
  readonly routeStats?: boolean;
  /**
   * TTL security holds from the second message on: the OPEN slips through, as it does where it comes before the receiver
   * has set the limit on its new socket, and one end is Established while the other waits. Assumed not to.
   * @defaultValue false
   */
  readonly ttlLimitAfterOpen?: boolean;
  /** `graceful restart` on every session (calico: bird.cfg.template); without it a lost session loses its routes. @defaultValue true */
  readonly gracefulRestart?: boolean;
}

/** Options of a start. */
export interface StartOptions {
  /** `-R`: recover from graceful restart (calico: node/filesystem/etc/service/available/bird/run). @defaultValue true */
  readonly recover?: boolean;
  /** Offset of the daemon's whole-second clock, 0..999999; drawn from the node's stream when absent. */
  readonly clockPhase?: Micros;
}
