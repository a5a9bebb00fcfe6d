import { hash32 } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { TIMER_CONNECT } from "../fleet/daemon.js";
import { connectRetry } from "./agreed-times.js";
import { SIDE } from "./connections.js";
import type { Handshakes } from "./handshakes.js";
import type { Recovery } from "./recovery.js";
import { waitsForNeighbour } from "./session-guards.js";
import type { Transport } from "./transport.js";

/** When an end opens a connection, and when it gives an attempt up: connect delay, connect retry, error wait (RFC 4271 §8.1.3, §10). */
export class Connector {
  private readonly x: FleetContext;
  private readonly handshakes: Handshakes;
  private readonly transport: Transport;
  private readonly recovery: Recovery;

  constructor(
    context: FleetContext,
    handshakes: Handshakes,
    transport: Transport,
    recovery: Recovery,
  ) {
    this.x = context;
    this.handshakes = handshakes;
    this.transport = transport;
    this.recovery = recovery;
  }

  /** A configured peer begins: the opener waits its connect delay (bird: proto/bgp/bgp.c, bgp_active). */
  begin(node: number, e: number): void {
    this.x.protocols.begin(e, this.x.second[node]!);
    if (waitsForNeighbour(this.x, e)) this.x.ends.stopped[e] = 1;
    else this.later(node, e);
  }

  /** A configured peer that is idle begins anew: the opener waits its connect delay. */
  later(node: number, e: number): void {
    if (this.x.ends.passive[e] === 1) return;
    const delay = this.x.connectDelay(e);
    // Below 4 s there is nothing to draw: the template's 2 s are exact.
    this.wait(node, e, delay < 4 ? delay : this.jittered(delay, node, e, this.x.second[node]!));
  }

  /** After an error nothing is opened or accepted for a while (bird: proto/bgp/bgp.c, bgp_update_startup_delay, bgp_initiate). */
  beginAfterError(node: number, e: number): void {
    const { ends, timing } = this.x;
    if (ends.configured[e] === 0) return;
    const last = ends.errorWait[e]!;
    const errorWait = last === 0 ? timing.errorWaitMin : Math.min(timing.errorWaitMax, 2 * last);
    ends.errorWait[e] = errorWait;
    this.recovery.leave(node, e);
    const delay = this.x.connectDelay(e);
    this.wait(node, e, this.jittered(errorWait, node, e, errorWait) + delay);
  }

  /**
   * The connect retry timer of an end fired: the connect delay is over, or an attempt had no answer and is
   * made anew (bird: proto/bgp/bgp.c, bgp_connect_timeout).
   */
  onTimer(node: number, e: number, now: number): void {
    const { conns, ends } = this.x;
    if (ends.connectDue[e]! < 0 || ends.connectDue[e]! > now) return;
    ends.connectDue[e] = -1;
    if (ends.configured[e] === 0 || ends.passive[e] === 1) return;
    if (ends.established[e]! >= 0) return;
    this.giveUp(e);
    const c = conns.open(e, node, ends.peer[e]!);
    this.x.sockets[node]!++;
    ends.outgoing[e] = c;
    this.x.counters.connects++;
    const at = Math.round(this.x.t);
    this.x.listener?.onConnecting?.(node, ends.peer[e]!, at);
    this.handshakes.connect(c, at);
    this.x.spend(node, this.x.costs.connect);
    const retry = connectRetry(this.x, e);
    this.wait(node, e, this.jittered(retry, node, e, this.x.second[node]!));
  }

  /** Ends the attempt to connect, if one is under way. */
  giveUp(e: number): void {
    const { conns, ends } = this.x;
    const c = ends.outgoing[e]!;
    if (c < 0) return;
    ends.outgoing[e] = -1;
    this.x.close(2 * c);
    if (conns.answered[c] === 0) conns.vacate(c);
    else this.transport.hangUp(2 * c, Math.round(this.x.t));
  }

  private wait(node: number, e: number, seconds: number): void {
    const due = this.x.second[node]! + seconds;
    this.x.ends.connectDue[e] = due;
    this.x.timers.add(node, due, e * 4 + TIMER_CONNECT);
  }

  /**
   * A connection ended, or an attempt: unless another is well under way, the opener waits its connect delay
   * again (bird: proto/bgp/bgp.c, bgp_decision). Queued work: what the turn still reads comes before.
   */
  decide(node: number, e: number): void {
    const { conns, ends } = this.x;
    if (ends.configured[e] === 0 || ends.stopped[e] === 1 || ends.established[e]! >= 0) return;
    if (ends.outgoing[e]! >= 0 || ends.connectDue[e]! >= 0) return;
    const incoming = ends.incoming[e]!;
    if (incoming >= 0 && conns.state(2 * incoming + 1) === SIDE.openConfirm) return;
    this.later(node, e);
  }

  /** V − ⌊V/4⌋ plus a uniform integer up to ⌊V/4⌋ (bird: proto/bgp/bgp.c, bgp_start_timer). */
  private jittered(value: number, node: number, e: number, k: number): number {
    const { nameHash, ends, idle } = this.x;
    if (idle !== undefined) return idle.jittered(node, value);
    const draw = hash32(nameHash[node]!, nameHash[ends.peer[e]!]!, k);
    return value - (draw % (Math.floor(value / 4) + 1));
  }
}
