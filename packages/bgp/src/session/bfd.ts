import { type EventHandler, HOUR, hash32, type Micros } from "@calico-sim/core";
import type { FleetContext, PathWatch } from "../fleet/context.js";
import { RUNNING } from "../fleet/daemon.js";
import type { BfdOptions } from "../types.js";
import type { Sessions } from "./sessions.js";

const LAST_PACKET = 0x62666464;
const LOST_IN_A_ROW = 0x6c6f7374;

/** Packets leave at 75 to 100 % of the interval (RFC 5880 §6.8.7). */
const SPACING = 0.875;

/** Later than any run ends: a hundred years. */
const NEVER: Micros = 100 * 365 * 24 * HOUR;

/**
 * Bidirectional forwarding detection, in closed form: packets of undisturbed sessions are no events. When they
 * stop, because the path is cut or the process that sent them is gone, the detection time runs from the last
 * one; then the protocol stops (bird: proto/bgp/bgp.c, bgp_bfd_notify), **without graceful restart**: the two
 * work against each other.
 *
 * Over a lossy path as many packets as the multiplier says are now and then lost in a row, which is taken for a cut. When is
 * drawn once, from the exponential distribution with the mean of the first such run; it forgets, so a path that loses another
 * share draws anew.
 */
export class Bfd implements PathWatch, EventHandler {
  private readonly x: FleetContext;
  private readonly sessions: Sessions;
  private readonly options: BfdOptions;
  /** When the detection time of a session end is over; key: session end. */
  private readonly due: Map<number, Micros> = new Map();
  /** The share of packets lost with which an end's false alarm was drawn, unless 0; key: session end. */
  private readonly loss: Map<number, number> = new Map();
  /** The timer that comes up when too many packets in a row are lost; key: session end. */
  private readonly falseAlarm: Map<number, number> = new Map();
  private readonly kindFalseAlarm: number;

  constructor(context: FleetContext, sessions: Sessions, options: BfdOptions) {
    this.x = context;
    this.sessions = sessions;
    this.options = options;
    // A run over lossy links is never without one, and still comes to rest.
    this.kindFalseAlarm = context.engine.defineKind("bfd-alarm", this, { background: true });
  }

  /** See {@link PathWatch}. */
  lost(e: number): void {
    const { engine, ends, kinds, nameHash } = this.x;
    this.expect(e, 0);
    if (this.due.has(e)) return;
    const { interval, multiplier } = this.options;
    // The last one came within the time between two.
    const hash = hash32(nameHash[ends.node[e]!]!, nameHash[ends.peer[e]!]!, LAST_PACKET);
    const age = hash32(hash, ends.sessions[e]!, engine.now) % Math.ceil(interval * SPACING);
    const at = engine.now + Math.round(interval * multiplier) - age;
    this.due.set(e, at);
    engine.schedule(at, kinds.bfd, e);
  }

  /** See {@link PathWatch}. */
  found(e: number): void {
    this.due.delete(e);
    this.expect(e, this.lossNow(e));
  }

  /** See {@link PathWatch}. */
  pathChanged(e: number): void {
    const loss = this.lossNow(e);
    if (this.due.delete(e) || loss !== (this.loss.get(e) ?? 0)) this.expect(e, loss);
  }

  /** See {@link PathWatch}. */
  onDue(e: number): void {
    if (this.due.get(e) === this.x.engine.now) this.down(e);
  }

  /** A false alarm. */
  onEvent(_kind: number, e: number): void {
    if (this.x.ends.established[e]! >= 0) this.down(e);
  }

  private lossNow(e: number): number {
    const { ends, path } = this.x;
    return path.quality?.(ends.peer[e]!, ends.node[e]!)?.loss ?? 0;
  }

  /** Draws when the next false alarm comes, in place of what was drawn before. */
  private expect(e: number, loss: number): void {
    const { engine } = this.x;
    const timer = this.falseAlarm.get(e);
    if (loss === 0) this.loss.delete(e);
    else this.loss.set(e, loss);
    const at = loss === 0 ? Number.POSITIVE_INFINITY : this.alarmAt(e, loss);
    if (at <= NEVER) engine.setTimer(timer ?? this.newAlarm(e), at);
    else if (timer !== undefined) engine.cancelTimer(timer);
  }

  private newAlarm(e: number): number {
    const timer = this.x.engine.createTimer(this.kindFalseAlarm, e);
    this.falseAlarm.set(e, timer);
    return timer;
  }

  private alarmAt(e: number, loss: number): Micros {
    const { engine, ends, nameHash } = this.x;
    const { interval, multiplier } = this.options;
    const all = loss ** multiplier;
    const packets = (1 - all) / ((1 - loss) * all);
    const hash = hash32(nameHash[ends.node[e]!]!, nameHash[ends.peer[e]!]!, LOST_IN_A_ROW);
    const share = hash32(hash, ends.sessions[e]!, engine.now) / 2 ** 32;
    const wait = -Math.log(1 - share) * packets * interval * SPACING;
    return engine.now + Math.round(Math.max(interval * multiplier, wait));
  }

  private down(e: number): void {
    const { ends, engine, loop, state } = this.x;
    this.due.delete(e);
    this.expect(e, 0);
    const node = ends.node[e]!;
    if (state[node] !== RUNNING) return;
    this.x.t = engine.now;
    this.x.second[node] = this.x.clock(node, engine.now);
    this.sessions.onBfdDown(node, e);
    loop.wake(node);
  }
}
