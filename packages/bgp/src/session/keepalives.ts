import { hash32, type Micros, SECOND } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { SIDE } from "./connections.js";

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
  private readonly x: FleetContext;

  constructor(context: FleetContext) {
    this.x = context;
  }

  /** Sent by all sessions, ended ones included, until a time. */
  total(until: Micros): number {
    const { conns } = this.x;
    if (this.x.idle !== undefined) return 0;
    let sent = this.ended;
    for (let side = 0; side < 2 * conns.count; side++)
      if (conns.state(side) === SIDE.established) sent += this.sent(side, until);
    return sent;
  }

  /** Sent by a side since it was established. */
  sent(side: number, until: Micros): number {
    const since = this.x.conns.since[side]!;
    const keepalive = this.time(side);
    if (until - since < (keepalive - Math.floor(keepalive / 4)) * SECOND) return 0;
    const hash = this.hash(side);
    let sent = 0;
    for (let at = since; ; sent++) {
      at += drawn(hash, keepalive, sent);
      if (at > until) return sent;
    }
  }

  /** First keepalive of a side at or after a time. */
  next(side: number, from: Micros): Micros {
    let at = this.x.conns.since[side]! + this.interval(side, 0);
    for (let k = 1; at < from; k++) at += this.interval(side, k);
    return at;
  }

  /** Last keepalive of a side before a time; its Established if there was none. */
  last(side: number, before: Micros): Micros {
    let last = this.x.conns.since[side]!;
    for (let k = 0; ; k++) {
      const at = last + this.interval(side, k);
      if (at >= before) return last;
      last = at;
    }
  }

  /** Hold time that a side drew when it last heard something; jittered like every timer of BIRD's BGP (law 8 c). */
  holdTime(side: number, heard: Micros): Micros {
    const { hold } = this.x.timing;
    const range = Math.floor(hold / 4);
    const draw = hash32(this.hash(side), HOLD, Math.round(heard / SECOND)) % (range + 1);
    return (hold - draw) * SECOND;
  }

  /** Nothing reaches a side any more: at a time its hold time is over. */
  limit(side: number, until: Micros): void {
    const { conns, engine, kinds } = this.x;
    conns.silent[side] = 1;
    conns.holdUntil[side] = until;
    engine.schedule(until, kinds.hold, side);
    this.limits++;
  }

  /** Those of {@link limits} that will find their session over, or heard from again: they come to nothing. */
  get idleLimits(): number {
    const { conns, engine } = this.x;
    let binding = 0;
    for (let side = 0; side < 2 * conns.count; side++) {
      const state = conns.state(side);
      if (conns.silent[side] === 0 || conns.holdUntil[side]! < engine.now) continue;
      if (state >= SIDE.openSent && state !== SIDE.closed) binding++;
    }
    return this.limits - binding;
  }

  /** Length of a side's k-th interval. */
  interval(side: number, k: number): Micros {
    return drawn(this.hash(side), this.time(side), k);
  }

  /** Keepalive time of a side, seconds. */
  time(side: number): number {
    const e = this.x.conns.end(side);
    return (e < 0 ? 0 : this.x.policy(e).keepalive) || this.x.timing.keepalive;
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
