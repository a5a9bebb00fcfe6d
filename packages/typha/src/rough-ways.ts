import {
  type Engine,
  hash32,
  hashText,
  isLost,
  jitterOf,
  type Micros,
  type NodeDirectory,
  SECOND,
  type SyncerType,
  tcpPassage,
} from "@calico-sim/core";
import type { NodeDelay } from "./options.js";

/** A SYN without an answer is repeated each second (linux: TCP_TIMEOUT_INIT; net.ipv4.tcp_syn_linear_timeouts since 6.5). */
const SYN_RETRY: Micros = SECOND;
/** Octets of a message of the handshake: TLS's, hello, restart of the decoder. Assumed. */
const HANDSHAKE_BYTES = 1_000;
/** TLS and hello take a round trip each; decoder restart and its ACK another (control-plane-behaviour §1.5). */
const HANDSHAKE_TRIPS = 3;

/**
 * Connections of Typha over links with jitter, a limited bandwidth or loss: messages of TCP (`tcpPassage`), which share
 * the narrowest link on their way with one another and with the datastore's, but for handshakes. A message draws by its
 * two nodes, the syncer and when it is sent.
 */
export class RoughWays {
  private readonly delay: NodeDelay;
  private readonly names: NodeDirectory;
  private readonly seed: string;
  /** Hash of each node's name; filled when first asked for. */
  private readonly nameHashes: number[] = [];

  constructor(engine: Engine, names: NodeDirectory, delay: NodeDelay) {
    this.seed = engine.random.seed;
    this.names = names;
    this.delay = delay;
  }

  /** Whether there may be anything to ask. */
  get any(): boolean {
    return this.delay.impaired === true;
  }

  /** When a message arrives whose first octet is sent at a time. */
  arrival(type: SyncerType, from: number, to: number, at: Micros, bytes: number): Micros {
    const { delay } = this;
    const there = delay.quality?.(from, to);
    const begin = there === undefined ? at : (delay.occupy?.(there, at, bytes) ?? at);
    return this.passage(type, from, to, at, begin, bytes);
  }

  /**
   * When a connection is made whose SYN leaves at a time: it is repeated until it and its answer arrive. Infinity where none
   * does that leaves within the patience of who dials.
   */
  connected(type: SyncerType, from: number, to: number, at: Micros, patience: Micros): Micros {
    const { delay } = this;
    const [there, back] = [delay.quality?.(from, to), delay.quality?.(to, from)];
    const roundTrip = delay.delay(from, to) + delay.delay(to, from);
    for (let sent = at; sent <= at + patience; sent += SYN_RETRY) {
      const [syn, answer] = [this.draw(type, from, to, sent), this.draw(type, to, from, sent)];
      if (!isLost(there, syn) && !isLost(back, answer))
        return sent + roundTrip + jitterOf(there, syn) + jitterOf(back, answer);
    }
    return Number.POSITIVE_INFINITY;
  }

  /**
   * When the handshake is over that begins at a time. Its messages take the time that a narrow link needs for them, but do
   * not occupy it: they lie ahead, and what others send before must not wait for them.
   */
  handshaken(type: SyncerType, typha: number, client: number, at: Micros): Micros {
    let time = at;
    for (let trip = 0; trip < HANDSHAKE_TRIPS; trip++) {
      time = this.passage(type, typha, client, time, time, HANDSHAKE_BYTES);
      time = this.passage(type, client, typha, time, time, HANDSHAKE_BYTES);
    }
    return time;
  }

  /** When a message arrives that is sent at a time, and whose first octet the narrowest link takes up at another. */
  private passage(
    type: SyncerType,
    from: number,
    to: number,
    at: Micros,
    begin: Micros,
    bytes: number,
  ): Micros {
    const { delay } = this;
    const latency = delay.delay(from, to);
    const there = delay.quality?.(from, to);
    const back = delay.quality?.(to, from);
    if (latency === Number.POSITIVE_INFINITY || (there === undefined && back === undefined))
      return at + latency;
    const path = { latency, latencyBack: delay.delay(to, from), there, back };
    return tcpPassage(path, begin, bytes, this.draw(type, from, to, at)).arrival;
  }

  private draw(type: SyncerType, from: number, to: number, at: Micros): number {
    const pair = hash32(this.nameHash(from), this.nameHash(to), hashText(type));
    const time = Math.round(at);
    return hash32(pair, time % 2 ** 32, Math.floor(time / 2 ** 32));
  }

  private nameHash(node: number): number {
    return (this.nameHashes[node] ??= hashText(`${this.seed}/typha/${this.names.name(node)}`));
  }
}
