import { hash32, type Micros, SECOND } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { holdTime, keepaliveTime } from "./agreed-times.js";
import { SIDE, widened } from "./connections.js";

const KEEP = 0x6b656570;
const HOLD = 0x686f6c64;

/**
 * Keepalives of undisturbed sessions, in closed form.
 *
 * The k-th interval of a side is uniform in {K − ⌊K/4⌋ .. K} whole seconds (law 13; bird: proto/bgp/bgp.c,
 * bgp_start_timer). It is drawn by name and index, so that an idle session needs no event and no other
 * session's draws move.
 */
export class Keepalives {
  /** Sent on sessions that have ended since. */
  ended = 0;
  /** Events pending that end a side whose hold time is over; see {@link idleLimits}. */
  limits = 0;
  /** How often {@link total} was asked. */
  private asked = 0;
  /** What it counted last, by side: keepalives, and when the last of them was sent, or the session began. */
  private counted: Int32Array = new Int32Array(0);
  private countedAt: Float64Array = new Float64Array(0);
  private reached: Micros = 0;
  private readonly x: FleetContext;

  constructor(context: FleetContext) {
    this.x = context;
  }

  /** Sent by all sessions, ended ones included, until a time. */
  total(until: Micros): number {
    const { conns } = this.x;
    if (this.x.idle !== undefined) return 0;
    const sides = 2 * conns.count;
    // Who asks once need not pay for what was counted.
    const goesOn = this.asked++ > 0;
    if (goesOn && sides > this.countedAt.length) {
      this.countedAt = widened(this.countedAt, sides);
      this.counted = widened(this.counted, sides);
    }
    let sent = this.ended;
    for (let side = 0; side < sides; side++)
      if (conns.state(side) === SIDE.established)
        sent += goesOn ? this.sentSinceAsked(side, until) : this.sent(side, until);
    return sent;
  }

  /** As {@link sent}, going on from where the last call came to. */
  private sentSinceAsked(side: number, until: Micros): number {
    const since = this.x.conns.since[side]!;
    const at = this.countedAt[side]!;
    // Not if it is another session, or an earlier time.
    const sent =
      at < since || at > until
        ? this.count(side, until, since, 0)
        : this.count(side, until, at, this.counted[side]!);
    this.countedAt[side] = this.reached;
    this.counted[side] = sent;
    return sent;
  }

  /** Sent by a side since it was established. */
  sent(side: number, until: Micros): number {
    return this.count(side, until, this.x.conns.since[side]!, 0);
  }

  /** Sent by a side until a time, of which so many were until another; {@link reached} is when the last of them was. */
  private count(side: number, until: Micros, from: Micros, before: number): number {
    this.reached = from;
    const keepalive = this.time(side);
    if (keepalive === 0) return before;
    if (until - from < (keepalive - Math.floor(keepalive / 4)) * SECOND) return before;
    const hash = this.hash(side);
    for (let sent = before; ; sent++) {
      const next = this.reached + drawn(hash, keepalive, sent);
      if (next > until) return sent;
      this.reached = next;
    }
  }

  /** First keepalive of a side at or after a time; infinity for none. */
  next(side: number, from: Micros): Micros {
    if (this.time(side) === 0) return Number.POSITIVE_INFINITY;
    let at = this.x.conns.since[side]! + this.interval(side, 0);
    for (let k = 1; at < from; k++) at += this.interval(side, k);
    return at;
  }

  /** Last keepalive of a side before a time; its Established if there was none. */
  last(side: number, before: Micros): Micros {
    let last = this.x.conns.since[side]!;
    if (this.time(side) === 0) return last;
    for (let k = 0; ; k++) {
      const at = last + this.interval(side, k);
      if (at >= before) return last;
      last = at;
    }
  }

  /**
   * Hold time that a side drew when it last heard something; jittered like every timer of BIRD's BGP (law 8 c). Infinity
   * for none.
   */
  holdTime(side: number, heard: Micros): Micros {
    const hold = holdTime(this.x, this.x.conns.end(side));
    return hold === 0 ? Number.POSITIVE_INFINITY : this.drawHold(side, hold, heard);
  }

  /**
   * An opening that began at a time, and that gets no further, ends with its hold time: `startup hold time` has the default of
   * the other (bird: proto/bgp/config.Y).
   */
  limitOpening(side: number, from: Micros): void {
    const until = from + this.drawHold(side, this.x.timing.hold, from);
    this.limit(side, Math.max(this.x.engine.now, until));
  }

  /** Whether the other end of a session may send its keepalives too late for a side, having a keepalive time of its own. */
  starves(side: number): boolean {
    const hold = holdTime(this.x, this.x.conns.end(side));
    return hold > 0 && this.time(side ^ 1) > hold - Math.floor(hold / 4);
  }

  private drawHold(side: number, hold: number, heard: Micros): Micros {
    const range = Math.floor(hold / 4);
    const draw = hash32(this.hash(side), HOLD, Math.round(heard / SECOND)) % (range + 1);
    return (hold - draw) * SECOND;
  }

  /** Nothing reaches a side any more: at a time its hold time is over. Infinity for never. */
  limit(side: number, until: Micros): void {
    this.x.conns.silent[side] = 1;
    this.expire(side, until);
  }

  /** At a time the hold time of a side is over, unless something is heard until then. Infinity for never. */
  expire(side: number, until: Micros): void {
    const { conns, engine, kinds } = this.x;
    conns.setHoldUntil(side, until);
    if (until === Number.POSITIVE_INFINITY) return;
    engine.schedule(until, kinds.hold, side);
    this.limits++;
  }

  /** Those of {@link limits} that will find their session over, or heard from again: they come to nothing. */
  get idleLimits(): number {
    const { conns } = this.x;
    let binding = 0;
    for (let side = 0; side < 2 * conns.count; side++) if (this.binds(side)) binding++;
    return this.limits - binding;
  }

  /** Whether the hold time of a side has an event to come that may end the session. */
  private binds(side: number): boolean {
    const { conns, engine, idle } = this.x;
    const state = conns.state(side);
    const until = conns.holdUntil(side);
    if (until < engine.now || until === Number.POSITIVE_INFINITY) return false;
    if (conns.silent[side] === 1) return state >= SIDE.openSent && state !== SIDE.closed;
    return state === SIDE.established && idle === undefined && this.starves(side);
  }

  /** Length of a side's k-th interval. */
  interval(side: number, k: number): Micros {
    return drawn(this.hash(side), this.time(side), k);
  }

  /** Keepalive time of a side, seconds; 0 = it sends none. */
  time(side: number): number {
    return keepaliveTime(this.x, this.x.conns.end(side));
  }

  private hash(side: number): number {
    const { x } = this;
    const own = x.nameHash[x.conns.node(side)]!;
    const peer = x.nameHash[x.conns.node(side ^ 1)]!;
    return hash32(own, peer, x.ends.sessions[x.conns.end(side)]!);
  }
}

/** The k-th interval of a side with a hash and a keepalive time, jittered like every timer of BIRD's BGP (law 8 c). */
function drawn(hash: number, keepalive: number, k: number): Micros {
  return (keepalive - (hash32(hash, KEEP, k) % (Math.floor(keepalive / 4) + 1))) * SECOND;
}
