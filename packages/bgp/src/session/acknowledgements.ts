import { type Micros, SECOND } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { momentOf, SIDE } from "./connections.js";
import { DELAYED_ACK, TICK } from "./constants.js";
import type { Keepalives } from "./keepalives.js";

/** When hosts acknowledge the data that reaches them: Linux's delayed acknowledgements, which make small segments wait (law 7). */
export class Acknowledgements {
  private readonly x: FleetContext;
  private readonly keepalives: Keepalives;

  constructor(context: FleetContext, keepalives: Keepalives) {
    this.x = context;
    this.keepalives = keepalives;
  }

  /**
   * A side sends data. One that does so soon after data came answers, and delays acknowledgements from now on, since its next
   * answer may bring them; until one of them had to go without (linux: net/ipv4/tcp_output.c, tcp_event_data_sent;
   * net/ipv4/tcp_timer.c, tcp_delack_timer_handler; measured on BIRD 1.6.8, docs/model/fidelity.md).
   */
  answered(side: number, at: Micros): void {
    const { conns, engine } = this.x;
    const took = conns.took(side);
    const answers = conns.answersSince(side) !== 0;
    if (took >= 0 && at - took < DELAYED_ACK) {
      if (!answers) conns.setAnswersSince(side, momentOf(engine.now));
    } else if (answers && (conns.lastSent(side) < took || this.heardKeepalive(side ^ 1, at)))
      conns.setAnswersSince(side, 0);
  }

  /**
   * When the other side acknowledges what reaches it: at once, or it waits for something to send. What it does in this very
   * microsecond does not count, so that it does not matter who acts first.
   *
   * @param delay - of the way back.
   */
  due(side: number, at: Micros, soonest: Micros, delay: Micros): Micros {
    const { conns, engine } = this.x;
    const other = side ^ 1;
    const since = conns.answersSince(other);
    if (since === 0 || since === momentOf(engine.now)) return soonest;
    const heard = conns.lastHeard(other);
    const missed = conns.lastSent(other) < heard && at - heard >= DELAYED_ACK;
    if (missed || this.heardKeepalive(side, at)) {
      conns.setAnswersSince(other, 0);
      return soonest;
    }
    return this.nextTick(conns.node(other), soonest - delay + DELAYED_ACK) + delay;
  }

  /**
   * The first tick of a host not before a time. Ticks are multiples of {@link TICK} of its monotonic clock (linux:
   * kernel/time/tick-common.c, tick_setup_device, since 6.4; measured on 6.18, docs/model/fidelity.md).
   */
  private nextTick(node: number, at: Micros): Micros {
    const phase = this.x.sharedTick ? 0 : this.x.phase[node]!;
    return Math.ceil((at + phase) / TICK) * TICK - phase;
  }

  /** Whether a side has sent a keepalive in closed form since there was data, which its peer acknowledged late. */
  private heardKeepalive(side: number, before: Micros): boolean {
    const { conns, idle } = this.x;
    if (idle !== undefined || conns.state(side) !== SIDE.established) return false;
    const since = Math.max(conns.activity(side), conns.activity(side ^ 1));
    if (before - since < SECOND) return false;
    return this.keepalives.next(side, since) + DELAYED_ACK < before;
  }
}
