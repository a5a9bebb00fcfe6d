import { hash32, isLost, jitterOf, type Micros, tcpPassage } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { widened } from "./connections.js";
import { messageBytes } from "./message-bytes.js";

// What the draws of a segment are for.
const SYN = 0x73796e;
const SYN_ACK = 0x73796e61;
const HANDSHAKE = 0x61636b33;
const DATA = 0x64617461;

/**
 * Segments over links with jitter, a limited bandwidth or loss. TCP keeps the order of a connection: what is late or lost
 * holds up what was sent behind it.
 *
 * A segment draws by the names of its two hosts, by who of them opened the connection, and by when it leaves; so what
 * leaves in one segment shares its fate. A connection has the narrowest link for itself.
 */
export class RoughPaths {
  private readonly x: FleetContext;
  /** When the last message of a side arrives; index: side. */
  private arrived: Float64Array = new Float64Array(0);
  /** When the narrowest link has sent everything of a side; index: side. */
  private linkFree: Float64Array = new Float64Array(0);
  /** When what a side sent last is acknowledged; index: side. */
  private acked: Float64Array = new Float64Array(0);

  constructor(context: FleetContext) {
    this.x = context;
  }

  /** Whether the SYN of an opener is lost, or the answer to one that came. */
  losesHandshake(side: number, at: Micros): boolean {
    const what = (side & 1) === 0 ? SYN : SYN_ACK;
    return isLost(this.quality(side), this.draw(side, at, what));
  }

  /** What queues add to the delay of a segment of a handshake. */
  handshakeJitter(side: number, at: Micros): Micros {
    return jitterOf(this.quality(side), this.draw(side, at, HANDSHAKE));
  }

  /** A side's next message may not arrive before its handshake is complete. */
  completes(side: number, at: Micros): void {
    this.makeRoom(side);
    this.arrived[side] = at;
    this.linkFree[side] = 0;
  }

  /** When a message reaches the other side that leaves a socket at a time; the delay is that of the links alone. */
  arrival(side: number, what: number, at: Micros, delay: Micros): Micros {
    this.makeRoom(side);
    const { x } = this;
    const there = this.quality(side);
    const back = this.quality(side ^ 1);
    const begin = Math.max(at, this.linkFree[side]!);
    const message = tcpPassage(
      { latency: delay, latencyBack: delay, there, back },
      begin,
      messageBytes(x, side, what),
      this.draw(side, at, DATA),
    );
    this.linkFree[side] = message.sent;
    this.arrived[side] = Math.max(this.arrived[side]!, message.arrival);
    this.acked[side] = Math.max(this.arrived[side] + delay, message.acknowledged);
    return this.arrived[side];
  }

  /** When the last message of a side arrives at the other, as far as loss and jitter make it late. */
  lastArrival(side: number): Micros {
    return this.arrived[side] ?? 0;
  }

  /** When the last message of a side is acknowledged, if the other side does not delay that. */
  acknowledgement(side: number): Micros {
    return this.acked[side] ?? 0;
  }

  private quality(side: number): ReturnType<NonNullable<FleetContext["path"]["quality"]>> {
    const { conns, path } = this.x;
    return path.quality?.(conns.node(side), conns.node(side ^ 1));
  }

  private draw(side: number, at: Micros, what: number): number {
    const { conns, nameHash } = this.x;
    const hosts = hash32(
      nameHash[conns.node(side)]!,
      nameHash[conns.node(side ^ 1)]!,
      what + (side & 1),
    );
    return hash32(hosts, at % 2 ** 32, Math.floor(at / 2 ** 32));
  }

  private makeRoom(side: number): void {
    if (side < this.arrived.length) return;
    const n = Math.max(512, 2 * this.arrived.length, side + 1);
    this.arrived = widened(this.arrived, n);
    this.linkFree = widened(this.linkFree, n);
    this.acked = widened(this.acked, n);
  }
}
