import type { Micros } from "../engine/index.js";
import { widen } from "./syncer-slots.js";
import {
  arrivalOver,
  type DatastorePath,
  type SyncerSink,
  type SyncStatus,
  type UpdateBatch,
} from "./types.js";

/** Where a client stands; numbers rise with progress. */
export const CLIENT: Readonly<Record<"gone" | "waiting" | "resync" | "inSync", number>> = {
  gone: 0,
  waiting: 1,
  resync: 2,
  inSync: 3,
};

const STATUS: readonly SyncStatus[] = ["wait-for-ready", "wait-for-ready", "resync", "in-sync"];

/** The clients of a fleet of syncers, and when what is sent reaches them. */
export class SyncerClients {
  /** One of {@link CLIENT}. */
  state: Int8Array = new Int8Array(16);
  /** Node on which the client runs. */
  node: Int32Array = new Int32Array(16);
  /** Streams listed since the client began. */
  listedStreams: Int32Array = new Int32Array(16);
  /** Clients whom the last {@link spread} could not reach. */
  readonly lost: number[] = [];

  /** Arrival of the last batch: one connection carries all streams, nothing overtakes. */
  private lastArrival: Float64Array = new Float64Array(16);
  private readonly oneClient: Int32Array = new Int32Array(1);
  private readonly oneArrival: Float64Array = new Float64Array(1);
  private outClients: Int32Array = new Int32Array(16);
  private outArrivals: Float64Array = new Float64Array(16);

  /** Status of a client's stream. */
  statusOf(client: number): SyncStatus {
    return STATUS[this.state[client] ?? CLIENT.gone]!;
  }

  /** Makes room for a client. */
  reserve(client: number): void {
    if (client < this.state.length) return;
    const wider = Math.max(client + 1, this.state.length * 2);
    this.state = widen(new Int8Array(wider), this.state);
    this.node = widen(new Int32Array(wider), this.node);
    this.listedStreams = widen(new Int32Array(wider), this.listedStreams);
    this.lastArrival = widen(new Float64Array(wider), this.lastArrival);
    this.outClients = new Int32Array(wider);
    this.outArrivals = new Float64Array(wider);
  }

  /** A new connection: what the old one carried no longer holds anything up. */
  connected(client: number, now: Micros): void {
    this.lastArrival[client] = now;
  }

  /** Hands a batch to one client now. */
  tell(client: number, batch: UpdateBatch, now: Micros, sink: SyncerSink): void {
    const arrival = Math.max(now, this.lastArrival[client]!);
    this.lastArrival[client] = arrival;
    this.oneClient[0] = client;
    this.oneArrival[0] = arrival;
    sink.onBatch(batch, this.oneClient, this.oneArrival, 1);
  }

  /**
   * Works out when octets sent to `clients[i]` at `sentAt + i × perWatch` arrive; returns how many
   * of them are in sync and reachable, for {@link handOver}. This is the loop that runs for every
   * delivery of a storm.
   */
  spread(
    clients: Int32Array,
    sentAt: Micros,
    perWatch: Micros,
    path: DatastorePath,
    bytes: number,
  ): number {
    const { state, node, lastArrival, outClients, outArrivals } = this;
    const impaired = path.impaired === true;
    let count = 0;
    if (this.lost.length > 0) this.lost.length = 0;
    for (let i = 0; i < clients.length; i++) {
      const client = clients[i]!;
      if (client < 0) continue;
      const at = sentAt + i * perWatch;
      let arrival = Math.round(
        impaired
          ? arrivalOver(path, node[client]!, at, bytes, false)
          : at + path.delay(node[client]!),
      );
      if (arrival === Number.POSITIVE_INFINITY) {
        this.lost.push(client);
        continue;
      }
      if (arrival < lastArrival[client]!) arrival = lastArrival[client]!;
      else lastArrival[client] = arrival;
      if (state[client] !== CLIENT.inSync) continue;
      outClients[count] = client;
      outArrivals[count++] = arrival;
    }
    return count;
  }

  /** Hands a batch to the clients of the last {@link spread}. */
  handOver(batch: UpdateBatch, count: number, sink: SyncerSink): void {
    sink.onBatch(batch, this.outClients, this.outArrivals, count);
  }
}
