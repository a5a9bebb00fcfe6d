import { compareCidrs, type Micros, SECOND } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { RUNNING } from "../fleet/daemon.js";
import { type Exporter, REJECTED } from "../rib/exporter.js";
import { KERNEL, KERNEL_PATH, NO_PATH } from "../rib/paths.js";
import { podPrefixes } from "../rib/pod-routes.js";
import { holdTime } from "../session/agreed-times.js";
import { SIDE } from "../session/connections.js";
import type { Keepalives } from "../session/keepalives.js";
import { MESH_POLICY } from "../session/policies.js";
import { PROTOCOL_STATE } from "../session/protocols.js";
import { holdsLock } from "../session/recovery.js";
import { waitsForNeighbour } from "../session/session-guards.js";
import type {
  BgpStateName,
  DaemonView,
  ProtocolStateName,
  SessionDetail,
  SessionView,
  TimerView,
} from "./daemon-view.js";
import { errorText } from "./error-text.js";
import { RouteLog } from "./route-log.js";
import type { PathView, RouteView } from "./route-view.js";

/** Names of {@link SIDE} for sides that have a socket. */
const CONNECTED: Readonly<Record<number, BgpStateName>> = {
  [SIDE.connect]: "Connect",
  [SIDE.openSent]: "OpenSent",
  [SIDE.openConfirm]: "OpenConfirm",
  [SIDE.established]: "Established",
};

/** From the least to the most advanced; BIRD shows the more advanced of a peer's two connections (bird: proto/bgp/bgp.c, bgp_state_dsc). */
const ORDER: readonly BgpStateName[] = [
  "Idle",
  "Connect",
  "Active",
  "OpenSent",
  "OpenConfirm",
  "Established",
];

/** Looks at daemons. Nothing is changed by it, and nothing is kept. */
export class Look {
  private readonly x: FleetContext;
  private readonly keepalives: Keepalives;
  private readonly exporter: Exporter;
  /** By node; empty unless it was asked for. */
  private readonly logs: RouteLog[] = [];

  constructor(context: FleetContext, keepalives: Keepalives, exporter: Exporter) {
    this.x = context;
    this.keepalives = keepalives;
    this.exporter = exporter;
  }

  /** Keeps a log of a daemon's routes from now on. */
  logRoutes(node: number): void {
    const log = new RouteLog(this.x);
    this.logs[node] = log;
    this.x.daemons[node]!.rib.listen(log);
  }

  /** The table of a daemon, by destination; empty when it does not run. */
  routes(node: number): readonly RouteView[] {
    const { x } = this;
    if (x.state[node] !== RUNNING) return [];
    const { rib } = x.daemons[node]!;
    const learnt = podPrefixes(x.kernels, node, x.family).filter(
      (prefix) => rib.count(prefix) === 0,
    );
    return [...rib.prefixes(), ...learnt]
      .sort((a, b) => compareCidrs(x.prefixes.cidr(a), x.prefixes.cidr(b)))
      .map((prefix) => {
        const change = this.logs[node]?.lastChange(prefix);
        // A pod's route in an own block is told to nobody, so the table need not hold it: the kernel does.
        const held = rib.all(prefix);
        const paths = held.length > 0 ? held : [KERNEL_PATH];
        return Object.freeze({
          prefix,
          paths: paths.map((path) => this.path(node, prefix, path)),
          replaced:
            change === undefined || change.before === NO_PATH
              ? undefined
              : { path: this.path(node, prefix, change.before), at: change.at },
        });
      });
  }

  private path(node: number, prefix: number, path: number): PathView {
    const { x } = this;
    const own = x.paths.isLocal(path);
    const peer = x.paths.peer(path);
    const { booted } = x.daemons[node]!;
    const second = own ? booted : x.protocols.sinceOf(x.ends.find(node, peer));
    const logged = this.logs[node]?.since(prefix, path);
    const nextHop = own ? node : x.decision.nextHop(path);
    return Object.freeze({
      peer: own ? undefined : peer,
      nextHop,
      device: x.filter.podDevice?.(node, nextHop),
      attributes: x.attributes.get(x.paths.attributes(path)),
      kernel: peer === KERNEL ? this.kernelRoute(node, prefix) : undefined,
      preference: x.decision.preference(path),
      since: this.shown(node, logged === undefined ? second : x.clock(node, logged)),
    });
  }

  private kernelRoute(node: number, prefix: number): PathView["kernel"] {
    const { device, protocol, metric } = this.x.kernels.route(this.x.kernels.best(node, prefix));
    return { device, protocol, metric };
  }

  /** A daemon as it is now; undefined when it does not run. */
  daemon(node: number): DaemonView | undefined {
    const { x } = this;
    if (x.state[node] !== RUNNING) return undefined;
    const daemon = x.daemons[node]!;
    const second = this.second(node);
    const { gracefulRestartWait } = x.timing;
    return Object.freeze({
      node,
      now: x.engine.now,
      booted: this.shown(node, daemon.booted),
      reconfigured: this.shown(node, daemon.configured),
      ownRoutes: daemon.blocks.length,
      routes:
        daemon.rib.size +
        podPrefixes(x.kernels, node, x.family).filter((prefix) => daemon.rib.count(prefix) === 0)
          .length,
      kernelExports: x.kernelReady[node] === 1,
      recovery:
        x.recovering[node] === 0
          ? undefined
          : {
              waiting: x.locks[node]!,
              timer: timer(daemon.booted + gracefulRestartWait - second, gracefulRestartWait),
            },
      sessions: x.ends
        .of(node)
        .filter((e) => x.ends.configured[e] === 1)
        .map((e) => this.session(node, e)),
    });
  }

  /** The end of a node towards a peer in full; undefined when the daemon does not run or has no such peer. */
  detail(node: number, peer: number): SessionDetail | undefined {
    const { ends } = this.x;
    const e = ends.find(node, peer);
    if (this.x.state[node] !== RUNNING || e < 0 || ends.configured[e] === 0) return undefined;
    const second = this.second(node);
    const established = ends.established[e]!;
    const errorWait = this.x.errorWaitLeft(e, second);
    const view = this.session(node, e);
    return Object.freeze({
      ...view,
      ...this.count(node, e),
      exported: this.x.stats?.exported(e) ?? this.exported(node, e),
      changes: this.x.stats?.changes(e),
      reflects: this.x.policy(e).clusterId >= 0,
      multihop: !this.x.policy(e).onLink,
      importsAll: this.x.daemons[node]!.router && this.x.policy(e).importFilters.length === 0,
      peerOffers: this.peerOffers(e),
      addsPaths: this.x.addsPaths(e),
      recovery:
        this.x.recovering[node] === 0
          ? undefined
          : { pending: holdsLock(ends.locked[e]!), waiting: ends.deferred[e] === 1 },
      restartLeft: ends.restarting[e] === 1 ? Math.max(0, ends.restartDue[e]! - second) : undefined,
      errorWait: errorWait > 0 ? timer(errorWait, ends.errorWait[e]!) : undefined,
      connectDelay:
        view.bgpState === "Active"
          ? timer(ends.connectDue[e]! - second, this.x.connectDelay(e))
          : undefined,
      ...(established >= 0 ? this.sessionTimers(established) : NO_TIMERS),
    });
  }

  private peerOffers(e: number): SessionDetail["peerOffers"] {
    const { ends } = this.x;
    const other = ends.find(ends.peer[e]!, ends.node[e]!);
    const { addPath, keepsForwarding } = this.x.policies.get(
      other < 0 ? MESH_POLICY : ends.policy[other]!,
    );
    return { addPath: this.x.addPath && addPath, keepsForwarding };
  }

  private session(node: number, e: number): SessionView {
    const { ends, protocols } = this.x;
    return Object.freeze({
      peer: ends.peer[e]!,
      state: this.protocolState(e),
      bgpState: this.bgpState(e, this.x.errorWaitLeft(e, this.second(node)) > 0),
      lastError: errorText(protocols.errorOf(e)),
      since: this.shown(node, protocols.sinceOf(e)),
    });
  }

  private protocolState(e: number): ProtocolStateName {
    const { ends, protocols } = this.x;
    switch (protocols.stateOf(e)) {
      case PROTOCOL_STATE.start:
        return "start";
      case PROTOCOL_STATE.stop:
        return "stop";
      case PROTOCOL_STATE.flush:
        return "flush";
      case PROTOCOL_STATE.up:
        if (ends.deferred[e] === 1) return "wait";
        return ends.exporting[e] === 1 ? "up" : "feed";
      default:
        return "down";
    }
  }

  private bgpState(e: number, delayed: boolean): BgpStateName {
    const { conns, ends } = this.x;
    const outgoing = ends.outgoing[e]!;
    const incoming = ends.incoming[e]!;
    const waits = ends.connectDue[e]! >= 0 && !delayed && ends.passive[e] === 0;
    const out: BgpStateName =
      outgoing >= 0 ? (CONNECTED[conns.state(2 * outgoing)] ?? "Idle") : waits ? "Active" : "Idle";
    const into: BgpStateName =
      incoming >= 0 ? (CONNECTED[conns.state(2 * incoming + 1)] ?? "Idle") : "Idle";
    const state = ORDER.indexOf(out) >= ORDER.indexOf(into) ? out : into;
    const listens = ends.passive[e] === 1 && !delayed && !waitsForNeighbour(this.x, e);
    return state === "Idle" && listens ? "Passive" : state;
  }

  private count(
    node: number,
    e: number,
  ): { readonly imported: number; readonly preferred: number } {
    const { daemons, ends, filter, paths } = this.x;
    const { rib } = daemons[node]!;
    const peer = ends.peer[e]!;
    let imported = 0;
    let preferred = 0;
    for (const prefix of rib.prefixes()) {
      imported += rib.sources(prefix, peer).length;
      const best = paths.peer(rib.best(prefix)) === peer;
      if (best && filter.isConnected?.(node, prefix) !== true) preferred++;
    }
    return { imported, preferred };
  }

  /** Routes of the table that a peer is told: with add-path every path, but none that came from itself (bird: nest/rt-table.c, exp_routes). */
  private exported(node: number, e: number): number {
    const { daemons, ends, paths } = this.x;
    if (ends.exporting[e] === 0) return 0;
    const { rib } = daemons[node]!;
    const addPath = this.x.addsPaths(e);
    let exported = 0;
    for (const prefix of rib.prefixes()) {
      for (const path of addPath ? rib.all(prefix) : rib.all(prefix).slice(0, 1)) {
        if (paths.peer(path) === ends.peer[e]) continue;
        if (this.exporter.attributes(node, e, prefix, path) !== REJECTED) exported++;
      }
    }
    return exported;
  }

  /** Hold and keepalive timers of an established side, as a rule from their closed forms. */
  private sessionTimers(side: number): Pick<SessionDetail, "hold" | "keepalive"> {
    const { conns, engine, idle } = this.x;
    const { now } = engine;
    const agreed = holdTime(this.x, conns.end(side));
    if (idle !== undefined) {
      const due = idle.due(conns.end(side));
      const second = this.second(conns.node(side));
      return {
        hold: timer(due.hold - second, agreed),
        keepalive: timer(due.keepalive - second, this.keepalives.time(side)),
      };
    }
    const heard = Math.max(
      Math.min(conns.lastHeard(side), this.x.engine.now),
      conns.silent[side] === 1 ? 0 : this.keepalives.last(side ^ 1, now),
    );
    const until =
      conns.silent[side] === 1
        ? conns.holdUntil(side)
        : heard + this.keepalives.holdTime(side, heard);
    return {
      hold: timer(Math.floor((until - now) / SECOND), agreed),
      keepalive: timer(
        Math.floor((this.keepalives.next(side, now) - now) / SECOND),
        this.keepalives.time(side),
      ),
    };
  }

  /** The daemon's clock, which a command on its control socket makes it read. */
  private second(node: number): number {
    return this.x.clock(node, this.x.engine.now);
  }

  /** A second of the daemon's clock as it prints it: its age, counted back from the wall clock (bird: sysdep/unix/io.c, tm_format_datetime). */
  private shown(node: number, second: number): Micros {
    const wall = Math.floor(this.x.engine.now / SECOND);
    return (wall - (this.second(node) - second)) * SECOND;
  }
}

const NO_TIMERS = { hold: undefined, keepalive: undefined } as const;

function timer(left: number, of: number): TimerView {
  return { left: of === 0 ? 0 : Math.max(0, left), of };
}
