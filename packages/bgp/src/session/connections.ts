import type { Micros } from "@calico-sim/core";

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
} as const;

/**
 * TCP connections between BIRD daemons, as struct of arrays.
 *
 * Connection `c` has two sides: `2c` is the opener's, `2c + 1` the acceptor's; `side ^ 1` is the other.
 */
export class Connections {
  count = 0;
  /** Session end that opened; index: connection. */
  opener: Int32Array = new Int32Array(256);
  /** Session end that accepted, −1 before it did; index: connection. */
  acceptor: Int32Array = new Int32Array(256);
  /** Node that the SYN came from; index: connection. */
  source: Int32Array = new Int32Array(256);
  /** Node that the SYN went to; index: connection. */
  target: Int32Array = new Int32Array(256);
  /** 1 once the SYN was answered; index: connection. */
  answered: Uint8Array = new Uint8Array(256);
  /** How often the slot was used, so that a SYN of an earlier use is told apart; index: connection. */
  generation: Int32Array = new Int32Array(256);
  private readonly vacant: number[] = [];
  /** One of {@link SIDE}; index: side. */
  state: Uint8Array = new Uint8Array(512);
  /** Whether the other end's OPEN carried the restart flag (RFC 4724 §3); index: side. */
  peerRestarting: Uint8Array = new Uint8Array(512);
  /** When this side entered Established; index: side. */
  since: Float64Array = new Float64Array(512);
  /** When this side's last segment left; index: side. */
  lastSent: Float64Array = new Float64Array(512);
  /** When the last segment reached this side; index: side. */
  lastHeard: Float64Array = new Float64Array(512);
  /** Until when a segment of this side is taken to be unacknowledged; index: side. */
  unackedUntil: Float64Array = new Float64Array(512);
  /** Arrival of the last segment that is on its way to this side as an event; index: side. */
  inFlight: Float64Array = new Float64Array(512);
  /** When held segments go; index: side. */
  releaseAt: Float64Array = new Float64Array(512);
  /** 1 while the path is cut, with a hold deadline pending; index: side. */
  silent: Uint8Array = new Uint8Array(512);
  /** When the hold time of a silent side is over; index: side. */
  holdUntil: Float64Array = new Float64Array(512);
  /** First segment that waits for an acknowledgement (RFC 896) or for a cut to heal, −1 = none; index: side. */
  held: Int32Array = new Int32Array(512);
  /** Further ones, in order; key: side. */
  readonly heldMore: Map<number, number[]> = new Map();

  /** A new connection of the session end `opener` of node `source` towards `target`. */
  open(opener: number, source: number, target: number): number {
    const c = this.vacant.pop() ?? this.count++;
    if (c === this.opener.length) this.grow();
    this.generation[c]!++;
    this.answered[c] = 0;
    this.opener[c] = opener;
    this.acceptor[c] = -1;
    this.source[c] = source;
    this.target[c] = target;
    for (let side = 2 * c; side <= 2 * c + 1; side++) {
      this.state[side] = SIDE.none;
      this.peerRestarting[side] = 0;
      this.lastSent[side] = -1;
      this.lastHeard[side] = -1;
      this.unackedUntil[side] = -1;
      this.inFlight[side] = -1;
      this.releaseAt[side] = -1;
      this.silent[side] = 0;
      this.held[side] = -1;
    }
    this.state[2 * c] = SIDE.connect;
    return c;
  }

  /** Gives the slot of an attempt back that came to nothing: refused, or given up without an answer. */
  vacate(c: number): void {
    this.vacant.push(c);
  }

  /** Session end on a side; −1 for an acceptor that has not accepted. */
  end(side: number): number {
    return side & 1 ? this.acceptor[side >> 1]! : this.opener[side >> 1]!;
  }

  /** Closes a side; what it held is lost. True if the process had a socket there. */
  close(side: number): boolean {
    const before = this.state[side]!;
    this.state[side] = SIDE.closed;
    this.silent[side] = 0;
    this.held[side] = -1;
    if (this.heldMore.size > 0) this.heldMore.delete(side);
    return before !== SIDE.closed && before !== SIDE.none;
  }

  /** Holds a segment back behind those that are held already. */
  hold(side: number, what: number): void {
    if (this.held[side] === -1) {
      this.held[side] = what;
      return;
    }
    const more = this.heldMore.get(side);
    if (more === undefined) this.heldMore.set(side, [what]);
    else more.push(what);
  }

  /** Removes and returns the segments held after the first. */
  takeMore(side: number): readonly number[] {
    if (this.heldMore.size === 0) return NOTHING;
    const more = this.heldMore.get(side);
    if (more === undefined) return NOTHING;
    this.heldMore.delete(side);
    return more;
  }

  /** When this side last gave or took data. */
  activity(side: number): Micros {
    return Math.max(this.lastSent[side]!, this.lastHeard[side]!);
  }

  private grow(): void {
    const n = this.opener.length * 2;
    this.opener = widened(this.opener, n);
    this.acceptor = widened(this.acceptor, n);
    this.source = widened(this.source, n);
    this.target = widened(this.target, n);
    this.answered = widened(this.answered, n);
    this.generation = widened(this.generation, n);
    this.state = widened(this.state, 2 * n);
    this.peerRestarting = widened(this.peerRestarting, 2 * n);
    this.since = widened(this.since, 2 * n);
    this.lastSent = widened(this.lastSent, 2 * n);
    this.lastHeard = widened(this.lastHeard, 2 * n);
    this.unackedUntil = widened(this.unackedUntil, 2 * n);
    this.inFlight = widened(this.inFlight, 2 * n);
    this.releaseAt = widened(this.releaseAt, 2 * n);
    this.silent = widened(this.silent, 2 * n);
    this.holdUntil = widened(this.holdUntil, 2 * n);
    this.held = widened(this.held, 2 * n);
  }
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
