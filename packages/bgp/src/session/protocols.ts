import { widened } from "./connections.js";
import { NO_ERROR } from "./last-error.js";

/** States of a protocol, which are not those of its connections (bird: nest/protocol.h, PS_* and FS_*). */
export const PROTOCOL_STATE = {
  /** Not configured, or no process. */
  down: 0,
  /** Anything from the configuration to Established. */
  start: 1,
  up: 2,
  /** It gives up; its connections are being closed. */
  stop: 3,
  /** It is down, and its routes are being dropped. */
  flush: 4,
} as const;

/**
 * What a daemon remembers of each protocol for those who look at it: its state, since when, and its last
 * error. Written when a session changes, and read by nothing in the simulation itself.
 */
export class Protocols {
  /** One of {@link PROTOCOL_STATE}; index: session end. */
  private state: Uint8Array = new Uint8Array(256);
  /** See last-error.ts; index: session end. */
  private error: Uint16Array = new Uint16Array(256);
  /** The daemon's clock in whole seconds when the state was entered; index: session end. */
  private since: Int32Array = new Int32Array(256);

  /** A protocol enters a state (bird: nest/proto.c, proto_notify_state). The clock starts anew only if it was in another. */
  enter(e: number, state: number, second: number): void {
    if (e >= this.state.length) this.grow(e);
    if (this.state[e] === state) return;
    this.state[e] = state;
    this.since[e] = second;
  }

  /** A process starts, and with it a protocol. */
  begin(e: number, second: number): void {
    this.enter(e, PROTOCOL_STATE.down, second);
    this.enter(e, PROTOCOL_STATE.start, second);
    this.error[e] = NO_ERROR;
  }

  /** A session is Established: earlier errors are forgotten (bird: proto/bgp/bgp.c, bgp_conn_enter_established_state). */
  up(e: number, second: number): void {
    this.enter(e, PROTOCOL_STATE.up, second);
    this.error[e] = NO_ERROR;
  }

  /**
   * An error on a connection of a protocol. While it is up, only the established connection counts; while it
   * stops, the error that made it stop stays (bird: proto/bgp/bgp.c, bgp_store_error).
   */
  fail(e: number, error: number, onEstablished: boolean): void {
    if (e >= this.state.length) return;
    const state = this.state[e];
    if (state === PROTOCOL_STATE.stop) return;
    if (state === PROTOCOL_STATE.up && !onEstablished) return;
    this.error[e] = error;
  }

  /** A protocol goes down and comes back at once, with nothing left of its routes. */
  restart(e: number, second: number): void {
    this.enter(e, PROTOCOL_STATE.flush, second);
    this.enter(e, PROTOCOL_STATE.start, second);
  }

  /** One of {@link PROTOCOL_STATE}. */
  stateOf(e: number): number {
    return this.state[e] ?? PROTOCOL_STATE.down;
  }

  /** The last error, see last-error.ts. */
  errorOf(e: number): number {
    return this.error[e] ?? NO_ERROR;
  }

  /** The daemon's second in which the state was entered. */
  sinceOf(e: number): number {
    return this.since[e] ?? 0;
  }

  private grow(e: number): void {
    const n = Math.max(e + 1, this.state.length * 2);
    this.state = widened(this.state, n);
    this.error = widened(this.error, n);
    this.since = widened(this.since, n);
  }
}
