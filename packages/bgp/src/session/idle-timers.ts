import { hash32, hashText, type Micros, SECOND } from "@calico-sim/core";
import type { FleetContext, IdleSessions } from "../fleet/context.js";
import { TIMER_IDLE, WORK_KEEPALIVE } from "../fleet/daemon.js";
import { COUNT } from "../messages/counters.js";
import { KEEPALIVE_BYTES } from "../messages/sizes.js";
import { holdTime, keepaliveTime } from "./agreed-times.js";
import { widened } from "./connections.js";
import { KEEPALIVE } from "./segments.js";
import type { Transport } from "./transport.js";

/**
 * Keepalives and hold times as BIRD has them: every keepalive is a message that wakes its receiver, every
 * hold time a timer of the daemon that each message sets anew. The naive form of `Keepalives` and `Silence`,
 * for validation and small clusters (`eventPerKeepalive`).
 *
 * The timers draw from one sequence a daemon, which begins with the second of the start: daemons started in
 * one second draw the same numbers (law 1).
 */
export class IdleTimers implements IdleSessions {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  /** Second at which an end sends its next keepalive, −1 = none; index: session end. */
  private keepaliveDue: Int32Array = new Int32Array(0);
  /** Second at which an end gives its peer up, −1 = none; index: session end. */
  private holdDue: Int32Array = new Int32Array(0);
  private readonly draws: { readonly seed: number; count: number }[] = [];
  private readonly seed: number;

  constructor(context: FleetContext, transport: Transport) {
    this.x = context;
    this.transport = transport;
    this.seed = hashText(`${context.engine.random.seed}/bird/random`);
  }

  /** A process starts, and with it its sequence of draws. */
  onStart(node: number, at: Micros): void {
    const second = Math.floor((at + (this.seed % SECOND)) / SECOND);
    this.draws[node] = { seed: hash32(this.seed, second, 0), count: 0 };
  }

  /** V − ⌊V/4⌋ plus a uniform integer up to ⌊V/4⌋ (bird: proto/bgp/bgp.c, bgp_start_timer). */
  jittered(node: number, value: number): number {
    const range = Math.floor(value / 4);
    const draws = this.draws[node]!;
    return value - range + (hash32(draws.seed, draws.count++, 0) % (range + 1));
  }

  /** An end sent a KEEPALIVE: the next one is due (bird: proto/bgp/packets.c, bgp_fire_tx). */
  spoke(node: number, e: number): void {
    this.makeRoom(e);
    this.keepaliveDue[e] = this.arm(node, e, keepaliveTime(this.x, e));
  }

  /** An end got a KEEPALIVE or an UPDATE: its hold time begins anew (bird: proto/bgp/packets.c). */
  heard(node: number, e: number): void {
    this.makeRoom(e);
    this.holdDue[e] = this.arm(node, e, holdTime(this.x, e));
  }

  /** A session is over. */
  stop(e: number): void {
    this.makeRoom(e);
    this.keepaliveDue[e] = -1;
    this.holdDue[e] = -1;
  }

  /** A timer of an end came up. True if its hold time is over; a keepalive that is due is queued. */
  onTimer(node: number, e: number, now: number): boolean {
    const { ends } = this.x;
    if (ends.established[e]! < 0) return false;
    if (this.holdDue[e]! >= 0 && this.holdDue[e]! <= now) return true;
    if (this.keepaliveDue[e]! >= 0 && this.keepaliveDue[e]! <= now) {
      this.keepaliveDue[e] = -1;
      this.x.queueWork(node, WORK_KEEPALIVE, e);
    }
    return false;
  }

  /** Sends a keepalive that a timer queued. */
  send(node: number, e: number): void {
    const { x } = this;
    const side = x.ends.established[e]!;
    if (side < 0) return;
    x.spend(node, x.costs.message);
    x.counters.count(COUNT.keepalive, KEEPALIVE_BYTES);
    this.transport.send(side, KEEPALIVE);
    this.spoke(node, e);
  }

  /** See {@link IdleSessions}. */
  due(e: number): { readonly hold: number; readonly keepalive: number } {
    return { hold: this.holdDue[e]!, keepalive: this.keepaliveDue[e]! };
  }

  /** Starts a timer; its second. A time of 0 starts none. */
  private arm(node: number, e: number, seconds: number): number {
    if (seconds === 0) return -1;
    const due = this.x.second[node]! + this.jittered(node, seconds);
    this.x.timers.add(node, due, e * 4 + TIMER_IDLE);
    return due;
  }

  private makeRoom(e: number): void {
    const before = this.holdDue.length;
    if (e < before) return;
    const n = Math.max(256, 2 * before, e + 1);
    this.keepaliveDue = widened(this.keepaliveDue, n).fill(-1, before);
    this.holdDue = widened(this.holdDue, n).fill(-1, before);
  }
}
