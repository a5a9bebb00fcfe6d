import { hash32, type Micros } from "@calico-sim/core";
import type { FleetContext, PathWatch } from "../fleet/context.js";
import { RUNNING } from "../fleet/daemon.js";
import type { BfdOptions } from "../types.js";
import type { Sessions } from "./sessions.js";

const LAST_PACKET = 0x62666464;

/**
 * Bidirectional forwarding detection, in closed form: packets of undisturbed sessions are no events. When they
 * stop, because the path is cut or the process that sent them is gone, the detection time runs from the last
 * one; then the protocol stops (bird: proto/bgp/bgp.c, bgp_bfd_notify), **without graceful restart**: the two
 * work against each other.
 */
export class Bfd implements PathWatch {
  private readonly x: FleetContext;
  private readonly sessions: Sessions;
  private readonly options: BfdOptions;
  /** When the detection time of a session end is over; key: session end. */
  private readonly due: Map<number, Micros> = new Map();

  constructor(context: FleetContext, sessions: Sessions, options: BfdOptions) {
    this.x = context;
    this.sessions = sessions;
    this.options = options;
  }

  /** See {@link PathWatch}. */
  lost(e: number): void {
    const { engine, ends, kinds, nameHash } = this.x;
    if (this.due.has(e)) return;
    const { interval, multiplier } = this.options;
    // Packets leave at 75 to 100 % of the interval (RFC 5880 §6.8.7); the last one came within that time.
    const hash = hash32(nameHash[ends.node[e]!]!, nameHash[ends.peer[e]!]!, LAST_PACKET);
    const age = hash32(hash, ends.sessions[e]!, engine.now) % Math.ceil(interval * 0.875);
    const at = engine.now + Math.round(interval * multiplier) - age;
    this.due.set(e, at);
    engine.schedule(at, kinds.bfd, e);
  }

  /** See {@link PathWatch}. */
  found(e: number): void {
    this.due.delete(e);
  }

  /** See {@link PathWatch}. */
  onDue(e: number): void {
    const { ends, engine, loop, state } = this.x;
    if (this.due.get(e) !== engine.now) return;
    this.due.delete(e);
    const node = ends.node[e]!;
    if (state[node] !== RUNNING) return;
    this.x.t = engine.now;
    this.x.second[node] = this.x.clock(node, engine.now);
    this.sessions.onBfdDown(node, e);
    loop.wake(node);
  }
}
