import type { Micros } from "@calico-sim/core";

/** What one side of a TCP connection is in. The names are those of RFC 4271 §8.2.2, with the socket states around them. */
export const SIDE = {
  /** No socket. */
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
  /** Node that the SYN went to; index: connection. */
  target: Int32Array = new Int32Array(256);
  /** SYN segments sent; index: connection. */
  attempts: Uint8Array = new Uint8Array(256);
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
  /** 1 while the path is cut, with a hold deadline pending; index: side. */
  silent: Uint8Array = new Uint8Array(512);
  /** Segments that wait for an acknowledgement (RFC 896) or for a cut to heal, in order; key: side. */
  readonly held: Map<number, number[]> = new Map();

  /** A new connection of `opener` towards `target`. */
  open(opener: number, target: number): number {
    const c = this.count++;
    if (c === this.opener.length) this.grow();
    this.opener[c] = opener;
    this.acceptor[c] = -1;
    this.target[c] = target;
    this.attempts[c] = 0;
    for (const side of [2 * c, 2 * c + 1]) {
      this.state[side] = SIDE.none;
      this.peerRestarting[side] = 0;
      this.lastSent[side] = -1;
      this.lastHeard[side] = -1;
      this.unackedUntil[side] = -1;
      this.silent[side] = 0;
    }
    this.state[2 * c] = SIDE.connect;
    return c;
  }

  /** Session end on a side; −1 for an acceptor that has not accepted. */
  end(side: number): number {
    return side & 1 ? this.acceptor[side >> 1]! : this.opener[side >> 1]!;
  }

  /** Closes a side; what it held is lost. */
  close(side: number): void {
    this.state[side] = SIDE.closed;
    this.silent[side] = 0;
    if (this.held.size > 0) this.held.delete(side);
  }

  /** When this side last gave or took data; for views. */
  activity(side: number): Micros {
    return Math.max(this.lastSent[side]!, this.lastHeard[side]!);
  }

  private grow(): void {
    const n = this.opener.length * 2;
    this.opener = widened(this.opener, n);
    this.acceptor = widened(this.acceptor, n);
    this.target = widened(this.target, n);
    this.attempts = widened(this.attempts, n);
    this.state = widened(this.state, 2 * n);
    this.peerRestarting = widened(this.peerRestarting, 2 * n);
    this.since = widened(this.since, 2 * n);
    this.lastSent = widened(this.lastSent, 2 * n);
    this.lastHeard = widened(this.lastHeard, 2 * n);
    this.unackedUntil = widened(this.unackedUntil, 2 * n);
    this.silent = widened(this.silent, 2 * n);
  }
}

/** A longer copy of a typed array, zero-filled at the end. */
export function widened<T extends Float64Array | Int32Array | Uint8Array>(
  from: T,
  length: number,
): T {
  const to = new (from.constructor as new (length: number) => T)(length);
  to.set(from);
  return to;
}
