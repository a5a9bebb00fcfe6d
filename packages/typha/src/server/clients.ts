import type { Micros } from "@calico-sim/core";

/** States of a client of one syncer type. */
export const CLIENT = {
  /** No process, or none that wants a stream. */
  none: 0,
  /** Looks for a Typha. */
  connecting: 1,
  /** Connected; handshake or snapshot in progress. */
  opening: 2,
  /** At the head of the crumbs, served together with all others that are. */
  streaming: 3,
  /** Served on its own until it has caught up. */
  behind: 4,
  /** No path between it and its Typha. */
  unreachable: 5,
} as const;

/** The clients of one syncer type, by client id. */
export class Clients {
  readonly state: number[] = [];
  /** Typha it is connected to, or −1. */
  readonly typha: number[] = [];
  /** Number of its connection attempt sequence; events of an earlier one are void. */
  readonly life: number[] = [];
  /** Last crumb it was sent. */
  readonly position: number[] = [];
  /** Place among the streaming clients of its Typha. */
  readonly place: number[] = [];
  /** Place among all connections of its Typha. */
  readonly slot: number[] = [];
  readonly connectedAt: Micros[] = [];
  readonly snapshotAt: Micros[] = [];
  readonly cutAt: Micros[] = [];
  /** One-way delay from its Typha. */
  delay: Float64Array = new Float64Array(0);
  /** Arrival of the last message: the next one cannot overtake it. */
  lastArrival: Float64Array = new Float64Array(0);

  /** Number of client ids known. */
  get size(): number {
    return this.state.length;
  }

  /** Makes room for a client id. */
  ensure(client: number): void {
    while (this.state.length <= client) {
      this.state.push(CLIENT.none);
      this.typha.push(-1);
      this.life.push(0);
      this.position.push(0);
      this.place.push(-1);
      this.slot.push(-1);
      this.connectedAt.push(0);
      this.snapshotAt.push(0);
      this.cutAt.push(0);
    }
    if (client < this.delay.length) return;
    const wider = (from: Float64Array): Float64Array => {
      const to = new Float64Array(Math.max(64, (client + 1) * 2));
      to.set(from);
      return to;
    };
    this.delay = wider(this.delay);
    this.lastArrival = wider(this.lastArrival);
  }

  /** State of a client. */
  stateOf(client: number): number {
    return this.state[client] ?? CLIENT.none;
  }
}
