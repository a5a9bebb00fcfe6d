import type { Micros } from "@calico-sim/core";
import { CONNECTIONS_MAX, SessionLimitError } from "./capacity.js";

/** What one side of a TCP connection is in. The names are those of RFC 4271 §8.2.2, with the socket states around them. */
export const SIDE = {
  /** No socket, or one that the process has not accepted. */
  none: 0,
  /** SYN sent, no answer yet. */
  connect: 1,
  openSent: 2,
  openConfirm: 3,
  established: 4,
  /** The socket is gone on this side; the other may not know. */
  closed: 5,
  /** Read no more; it closes when queued work is carried out, behind a NOTIFICATION if there is one (bird: BS_CLOSE). */
  closing: 6,
} as const;

// A side's record: what every segment touches lies in one cache line, since a storm of messages reaches the
// sides of a large mesh in no order that a cache could follow. Times first (doubles), then integers.
const DOUBLES = 8;
const LAST_SENT = 0;
const LAST_HEARD = 1;
const UNACKED_UNTIL = 2;
const TOOK = 3;
const INTS = 16;
const NODE = 8;
const END = 9;
const HELD = 10;
const LAST_MESSAGE = 11;
const ANSWERS_SINCE = 12;
const AGE = 13;
const TO_SEND = 14;
const STATE = 15;

/**
 * As the time of an acknowledgement: there is none, since a cut path lost what was sent. It goes again when its time-out is
 * over, with everything behind it; neither more to send nor the peer's data hurries it (RFC 6298 §5.4).
 */
export const LOST: Micros = Number.POSITIVE_INFINITY;

/**
 * TCP connections between BIRD daemons: one record a side for what TCP touches, and columns for the rest.
 *
 * Connection `c` has two sides: `2c` is the opener's, `2c + 1` the acceptor's; `side ^ 1` is the other.
 */
export class Connections {
  count = 0;
  /** 1 once the SYN was answered; index: connection. */
  answered: Uint8Array = new Uint8Array(256);
  /** How often the slot was used, so that a SYN of an earlier use is told apart; index: connection. */
  generation: Int32Array = new Int32Array(256);
  private readonly vacant: number[] = [];
  /** Sockets opened so far. */
  private sockets = 0;
  /** Whether the other end's OPEN carried the restart flag (RFC 4724 §3); index: side. */
  peerRestarting: Uint8Array = new Uint8Array(512);
  /** When this side entered Established; index: side. */
  since: Float64Array = new Float64Array(512);
  /** 1 while the path is cut, with a hold deadline pending; index: side. */
  silent: Uint8Array = new Uint8Array(512);
  /** When the hold time of a side is over that hears nothing, or too seldom; key: side. */
  private readonly holdEnds: Map<number, Micros> = new Map();
  /** When what a cut path lost goes again; key: side. */
  private readonly retransmitAt: Map<number, Micros> = new Map();
  /** Segments held behind the first one, in order; key: side. */
  private readonly heldMore: Map<number, number[]> = new Map();
  private doubles: Float64Array = new Float64Array(512 * DOUBLES);
  /** The same records as integers. */
  private ints: Int32Array = new Int32Array(this.doubles.buffer);
  private readonly most: number;

  /** @param most At how many connections it ends with an error; a power of two. */
  constructor(most: number = CONNECTIONS_MAX) {
    this.most = most;
  }

  /**
   * A new connection of the session end `opener` of node `source` towards `target`.
   *
   * @throws SessionLimitError at more than {@link CONNECTIONS_MAX} connections.
   */
  open(opener: number, source: number, target: number): number {
    const c = this.vacant.pop() ?? this.count++;
    if (c === this.answered.length) this.grow();
    this.generation[c]!++;
    this.answered[c] = 0;
    for (let side = 2 * c; side <= 2 * c + 1; side++) {
      this.peerRestarting[side] = 0;
      this.silent[side] = 0;
      // A loop: TypedArray.fill is a call into the runtime, dearer than what it saves here.
      const { doubles, ints } = this;
      for (let i = side * DOUBLES + LAST_SENT; i <= side * DOUBLES + TOOK; i++) doubles[i] = -1;
      for (let i = side * INTS + NODE; i <= side * INTS + LAST_MESSAGE; i++) ints[i] = -1;
      ints[side * INTS + ANSWERS_SINCE] = 0;
      ints[side * INTS + STATE] = SIDE.none;
    }
    this.ints[2 * c * INTS + NODE] = source;
    this.ints[2 * c * INTS + END] = opener;
    this.ints[(2 * c + 1) * INTS + NODE] = target;
    this.setToSend(2 * c, 0);
    this.setToSend(2 * c + 1, 0);
    this.ints[2 * c * INTS + AGE] = ++this.sockets;
    this.setState(2 * c, SIDE.connect);
    return c;
  }

  /** Gives the slot of an attempt back that came to nothing: refused, or given up without an answer. */
  vacate(c: number): void {
    this.vacant.push(c);
  }

  /** What a side is in: one of {@link SIDE}. */
  state(side: number): number {
    return this.ints[side * INTS + STATE]!;
  }

  /** A side enters a state. */
  setState(side: number, state: number): void {
    this.ints[side * INTS + STATE] = state;
  }

  /** Node that a side belongs to. */
  node(side: number): number {
    return this.ints[side * INTS + NODE]!;
  }

  /** Session end on a side; −1 for an acceptor that has not accepted. */
  end(side: number): number {
    return this.ints[side * INTS + END]!;
  }

  /** When a side's socket was opened, among all: it rises from socket to socket. */
  age(side: number): number {
    return this.ints[side * INTS + AGE]!;
  }

  /** A session end takes the accepting side. */
  accept(side: number, e: number): void {
    this.ints[side * INTS + AGE] = ++this.sockets;
    this.ints[side * INTS + END] = e;
  }

  /** When this side's last segment left, or leaves; −1 = none. */
  lastSent(side: number): Micros {
    return this.doubles[side * DOUBLES + LAST_SENT]!;
  }

  /** A segment of this side leaves, and counts as unacknowledged until a time. */
  sent(side: number, at: Micros, unackedUntil: Micros): void {
    this.doubles[side * DOUBLES + LAST_SENT] = at;
    this.doubles[side * DOUBLES + UNACKED_UNTIL] = unackedUntil;
  }

  /** When the last segment with data reached this side, or reaches it: it may be on its way; −1 = none. */
  lastHeard(side: number): Micros {
    return this.doubles[side * DOUBLES + LAST_HEARD]!;
  }

  /** A segment with data reaches this side. */
  heard(side: number, at: Micros): void {
    this.doubles[side * DOUBLES + LAST_HEARD] = at;
  }

  /** Until when the last segment of this side is taken to be unacknowledged. */
  unackedUntil(side: number): Micros {
    return this.doubles[side * DOUBLES + UNACKED_UNTIL]!;
  }

  /** While this side holds something: when that goes, with the acknowledgement of what went before or as a retransmission. */
  releaseAt(side: number): Micros {
    const unacked = this.unackedUntil(side);
    return unacked === LOST ? (this.retransmitAt.get(side) ?? LOST) : unacked;
  }

  /** Sets when what this side holds goes; unless that was lost, what was sent before counts as unacknowledged until then. */
  release(side: number, at: Micros): void {
    if (this.unackedUntil(side) === LOST) this.retransmitAt.set(side, at);
    else this.doubles[side * DOUBLES + UNACKED_UNTIL] = at;
  }

  /** When the last data arrived that the process has found in the socket; −1 = none. */
  took(side: number): Micros {
    return this.doubles[side * DOUBLES + TOOK]!;
  }

  /** The process has found data in the socket that arrived at a time. */
  setTook(side: number, at: Micros): void {
    this.doubles[side * DOUBLES + TOOK] = at;
  }

  /**
   * Since when this side delays its acknowledgements, as it answered at once what came last (linux: net/ipv4/tcp_output.c,
   * tcp_event_data_sent, "pingpong"), as {@link momentOf}; 0 where it does not.
   */
  answersSince(side: number): number {
    return this.ints[side * INTS + ANSWERS_SINCE]!;
  }

  /** This side delays its acknowledgements from a moment on, or for 0 no longer. */
  setAnswersSince(side: number, moment: number): void {
    this.ints[side * INTS + ANSWERS_SINCE] = moment;
  }

  /** Last message that waits in this side's socket, as the inbox numbers them; −1 = none. */
  lastMessage(side: number): number {
    return this.ints[side * INTS + LAST_MESSAGE]!;
  }

  /** Sets which message waits in this side's socket as the last. */
  setLastMessage(side: number, last: number): void {
    this.ints[side * INTS + LAST_MESSAGE] = last;
  }

  /** What this side has to send apart from routes, as the transmitter packs it; 0 = nothing. */
  toSend(side: number): number {
    return this.ints[side * INTS + TO_SEND]!;
  }

  /** Sets what this side has to send. */
  setToSend(side: number, what: number): void {
    this.ints[side * INTS + TO_SEND] = what;
  }

  /** Closes a side; what it held is lost. True if the process had a socket there. */
  close(side: number): boolean {
    const before = this.state(side);
    this.setState(side, SIDE.closed);
    this.silent[side] = 0;
    this.setToSend(side, 0);
    this.ints[side * INTS + HELD] = -1;
    if (this.heldMore.size > 0) this.heldMore.delete(side);
    return before !== SIDE.closed && before !== SIDE.none;
  }

  /** Whether segments of this side wait for an acknowledgement (RFC 896) or for a cut to heal. */
  holds(side: number): boolean {
    return this.ints[side * INTS + HELD] !== -1;
  }

  /** Holds a segment back behind those that are held already. */
  hold(side: number, what: number): void {
    if (!this.holds(side)) {
      this.ints[side * INTS + HELD] = what;
      return;
    }
    const more = this.heldMore.get(side);
    if (more === undefined) this.heldMore.set(side, [what]);
    else more.push(what);
  }

  /** Removes and returns the first segment held. */
  takeHeld(side: number): number {
    const what = this.ints[side * INTS + HELD]!;
    this.ints[side * INTS + HELD] = -1;
    return what;
  }

  /** Removes and returns the segments held after the first. */
  takeMore(side: number): readonly number[] {
    if (this.heldMore.size === 0) return NOTHING;
    const more = this.heldMore.get(side);
    if (more === undefined) return NOTHING;
    this.heldMore.delete(side);
    return more;
  }

  /** When the hold time of a side is over, if that was ever an event; else 0. */
  holdUntil(side: number): Micros {
    return this.holdEnds.get(side) ?? 0;
  }

  /** The hold time of a side is over at a time. */
  setHoldUntil(side: number, until: Micros): void {
    this.holdEnds.set(side, until);
  }

  /** When this side last gave or took data. */
  activity(side: number): Micros {
    return Math.max(this.lastSent(side), this.lastHeard(side));
  }

  private grow(): void {
    const n = this.answered.length * 2;
    if (n > this.most)
      throw new SessionLimitError(
        this.most,
        "BGP connections in one run",
        "a shorter run needs fewer",
      );
    this.answered = widened(this.answered, n);
    this.generation = widened(this.generation, n);
    this.peerRestarting = widened(this.peerRestarting, 2 * n);
    this.since = widened(this.since, 2 * n);
    this.silent = widened(this.silent, 2 * n);
    this.doubles = widened(this.doubles, 2 * n * DOUBLES);
    this.ints = new Int32Array(this.doubles.buffer);
  }
}

/** A time as a small integer that is not 0, to be told from others within 17 minutes. */
export function momentOf(at: Micros): number {
  return 1 + (at % 2 ** 30);
}

const NOTHING: readonly number[] = Object.freeze([]);

/** A longer copy of a typed array, zero-filled at the end. */
export function widened<T extends Float64Array | Int32Array | Uint16Array | Uint8Array>(
  from: T,
  length: number,
): T {
  const to = new (from.constructor as new (length: number) => T)(length);
  to.set(from);
  return to;
}
