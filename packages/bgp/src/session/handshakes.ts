import { hash32, type Micros, SECOND } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import type { SegmentKind } from "../types.js";
import { SIDE } from "./connections.js";
import { ACCEPT_QUEUE_MAX, RESOLUTION_GIVES_UP, SYN_RETRY, SYN_RETRY_LATE } from "./constants.js";
import type { RoughPaths } from "./rough-paths.js";
import { ACCEPT, CONNECT_FAILED, CONNECTED } from "./segments.js";
import { synFate } from "./session-guards.js";
import type { Transport } from "./transport.js";

/** How TCP connections between the daemons' hosts are made: SYNs and their repetition, accept queues, refusals. */
export class Handshakes {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  /** Asked only where a link has, or had, jitter, loss or a limited bandwidth. */
  private readonly rough: RoughPaths;

  constructor(context: FleetContext, transport: Transport, rough: RoughPaths) {
    this.x = context;
    this.transport = transport;
    this.rough = rough;
  }

  /** Begins a connection: its SYN leaves, if the next hop is known. */
  connect(c: number, at: Micros): void {
    this.x.conns.sent(2 * c, at, -1);
    this.sendSyn(c, at, "syn");
  }

  private sendSyn(c: number, at: Micros, what: SegmentKind): void {
    const { x } = this;
    const from = x.conns.node(2 * c);
    const to = x.conns.node(2 * c + 1);
    const delay = x.wayFrom(2 * c);
    if (delay === Number.POSITIVE_INFINITY && x.path.unresolved?.(from, to) === true) {
      // Nothing leaves but address resolution, which gives up after a while (linux: net/core/neighbour.c).
      if (at - x.conns.lastSent(2 * c) < RESOLUTION_GIVES_UP) this.repeatSyn(c, at);
      else this.transport.deliver(2 * c, CONNECT_FAILED, at);
      return;
    }
    x.counters.synSegments++;
    this.transport.capture(2 * c, what, at);
    if (delay === Number.POSITIVE_INFINITY || this.losesHandshake(2 * c, at)) this.repeatSyn(c, at);
    else {
      const arrival = at + delay + this.handshakeJitter(2 * c, at);
      x.engine.schedule(arrival, x.kinds.syn, c, x.conns.generation[c]! * 2);
    }
  }

  private losesHandshake(side: number, at: Micros): boolean {
    return this.x.path.impaired === true && this.rough.losesHandshake(side, at);
  }

  private handshakeJitter(side: number, at: Micros): Micros {
    return this.x.path.impaired === true ? this.rough.handshakeJitter(side, at) : 0;
  }

  private repeatSyn(c: number, at: Micros): void {
    const { x } = this;
    const { conns, nameHash } = x;
    const late = hash32(
      nameHash[conns.node(2 * c)]!,
      nameHash[conns.node(2 * c + 1)]!,
      at % SECOND,
    );
    const due = at + SYN_RETRY + (late % SYN_RETRY_LATE);
    x.engine.schedule(due, x.kinds.syn, c, conns.generation[c]! * 2 + 1);
  }

  /** A SYN reaches its host, or is repeated for want of an answer when the low bit of `tag` is set. */
  onSyn(c: number, tag: number): void {
    const { x } = this;
    const side = 2 * c;
    if (x.conns.state(side) !== SIDE.connect || tag >> 1 !== x.conns.generation[c]) return;
    const { now } = x.engine;
    if ((tag & 1) === 1) {
      this.sendSyn(c, now, "syn-again");
      return;
    }
    const target = x.conns.node(side + 1);
    const opener = x.conns.node(side);
    const back = x.path.delay(target, opener);
    const fate = synFate(x, c);
    if (
      x.hostDown[target] === 1 ||
      back === Number.POSITIVE_INFINITY ||
      fate === "dropped" ||
      (fate === "accepted" && x.acceptQueue[target]! >= ACCEPT_QUEUE_MAX) ||
      this.losesHandshake(side + 1, now)
    ) {
      this.repeatSyn(c, now);
      return;
    }
    x.conns.answered[c] = 1;
    const answered = now + back + this.handshakeJitter(side + 1, now);
    if (fate === "refused") {
      x.counters.refused++;
      this.transport.deliver(side, CONNECT_FAILED, answered);
      return;
    }
    x.acceptQueue[target]!++;
    x.counters.accepted++;
    this.transport.deliver(side, CONNECTED, answered);
    // The handshake's third segment takes the same way as the first. Where it is lost the OPEN right behind it does its work.
    const made = answered + x.path.delay(opener, target) + this.handshakeJitter(side, answered);
    this.transport.deliver(side + 1, ACCEPT, made);
    if (x.path.impaired === true) this.rough.completes(side, made);
  }
}
