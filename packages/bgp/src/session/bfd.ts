import { HOUR, hash32, type Micros } from "@calico-sim/core";
import type { FleetContext, PathWatch } from "../fleet/context.js";
import { RUNNING } from "../fleet/daemon.js";
import type { BfdOptions } from "../types.js";
import type { Sessions } from "./sessions.js";

const LAST_PACKET = 0x62666464;
const LOST_IN_A_ROW = 0x6c6f7374;

/** Packets leave at 75 to 100 % of the interval (RFC 5880 §6.8.7). */
const SPACING = 0.875;

/** Later than any run ends: a hundred years. */
const NEVER: Micros = 100 * 365 * 24 * HOUR;

/**
 * Bidirectional forwarding detection, in closed form: packets of undisturbed sessions are no events. When they
 * stop, because the path is cut or the process that sent them is gone, the detection time runs from the last
 * one; then the protocol stops (bird: proto/bgp/bgp.c, bgp_bfd_notify), **without graceful restart**: the two
 * work against each other.
 *
 * Over a lossy path as many packets as the multiplier says are now and then lost in a row, which is taken for a cut. When is
 * drawn once, from the exponential distribution with the mean of the first such run; it forgets, so a change of the
 * path draws anew.
 */
export class Bfd implements PathWatch {
  private readonly x: FleetContext;
  private readonly sessions: Sessions;
  private readonly options: BfdOptions;
  /** When the detection time of a session end is over; key: session end. */
  private readonly due: Map<number, Micros> = new Map();
  /** When too many packets in a row are lost; key: session end. */
  private readonly falseAlarm: Map<number, Micros> = new Map();

  constructor(context: FleetContext, sessions: Sessions, options: BfdOptions) {
    this.x = context;
    this.sessions = sessions;
    this.options = options;
  }

  /** See {@link PathWatch}. */
  lost(e: number): void {
    const { engine, ends, kinds, nameHash } = this.x;
    this.falseAlarm.delete(e);
    if (this.due.has(e)) return;
    const { interval, multiplier } = this.options;
    // The last one came within the time between two.
    const hash = hash32(nameHash[ends.node[e]!]!, nameHash[ends.peer[e]!]!, LAST_PACKET);
    const age = hash32(hash, ends.sessions[e]!, engine.now) % Math.ceil(interval * SPACING);
    const at = engine.now + Math.round(interval * multiplier) - age;
    this.due.set(e, at);
    engine.schedule(at, kinds.bfd, e);
  }

  /** See {@link PathWatch}. */
  found(e: number): void {
    this.due.delete(e);
    this.pathChanged(e);
  }

  /** See {@link PathWatch}. */
  pathChanged(e: number): void {
    this.falseAlarm.delete(e);
    const { engine, ends, kinds, nameHash, path } = this.x;
    const [node, peer] = [ends.node[e]!, ends.peer[e]!];
    const loss = path.quality?.(peer, node)?.loss ?? 0;
    if (loss === 0) return;
    const { interval, multiplier } = this.options;
    const all = loss ** multiplier;
    const packets = (1 - all) / ((1 - loss) * all);
    const hash = hash32(nameHash[node]!, nameHash[peer]!, LOST_IN_A_ROW);
    const share = hash32(hash, ends.sessions[e]!, engine.now) / 2 ** 32;
    const wait = -Math.log(1 - share) * packets * interval * SPACING;
    const at = engine.now + Math.round(Math.max(interval * multiplier, wait));
    if (at > NEVER) return;
    this.falseAlarm.set(e, at);
    engine.schedule(at, kinds.bfd, e);
  }

  /** See {@link PathWatch}. */
  onDue(e: number): void {
    const { ends, engine, loop, state } = this.x;
    const missed = this.falseAlarm.get(e) === engine.now && ends.established[e]! >= 0;
    if (this.due.get(e) !== engine.now && !missed) return;
    this.due.delete(e);
    this.falseAlarm.delete(e);
    const node = ends.node[e]!;
    if (state[node] !== RUNNING) return;
    this.x.t = engine.now;
    this.x.second[node] = this.x.clock(node, engine.now);
    this.sessions.onBfdDown(node, e);
    loop.wake(node);
  }
}
