/** A number with its origin: a source, or "assumed", and the range in which the truth is expected. */
export interface Cost {
  /** Microseconds, unless the field says otherwise. */
  readonly value: number;
  readonly range: readonly [number, number];
  readonly source: string;
}

/** What Typha's work costs. */
export interface TyphaCosts {
  /** Process start until the syncers connect to the datastore. */
  readonly start: Cost;
  /** Cache loop: decode, validate, compare and serialise one update, once for all clients. */
  readonly serialisePerUpdate: Cost;
  /** Sender: gob envelope, snappy and write(2) of one message to one client. */
  readonly encodePerMessage: Cost;
  /** Sender: one key-value pair in such a message. */
  readonly encodePerKv: Cost;
  /** TLS and gob handshake of one connection. */
  readonly handshake: Cost;
  /** Building the binary snapshot: bytes of values a microsecond. */
  readonly snapshotBytesPerMicro: Cost;
  /** What snappy makes of JSON: raw ÷ compressed. */
  readonly compressionRatio: Cost;
  /** Network card of the Typha's node: bytes a microsecond. */
  readonly egressBytesPerMicro: Cost;
  /** A client whose CPU is further behind than this fills its socket and is served one by one. */
  readonly socketWindow: Cost;
}

/** The default profile. */
export const TYPHA_COSTS: TyphaCosts = Object.freeze({
  start: cost(500_000, [200_000, 2_000_000], "assumed: Go process and cluster initialisation"),
  serialisePerUpdate: cost(15, [5, 40], "assumed: JSON marshal of ≈ 0.5–2 KB and a B-tree write"),
  encodePerMessage: cost(8, [4, 30], "assumed: snappy flush and one write(2)"),
  encodePerKv: cost(1.5, [0.5, 5], "assumed: gob copy of shared bytes"),
  handshake: cost(2_000, [500, 5_000], "assumed: TLS 1.3 with client certificate"),
  snapshotBytesPerMicro: cost(75, [50, 100], "control-plane-behaviour §8: 50–100 MB/s a core"),
  compressionRatio: cost(4, [3, 5], "control-plane-behaviour §8: snappy on JSON"),
  egressBytesPerMicro: cost(1_250, [125, 3_125], "assumed: 10 Gb/s"),
  socketWindow: cost(1_000_000, [200_000, 5_000_000], "assumed: socket buffers and channels"),
});

function cost(value: number, range: readonly [number, number], source: string): Cost {
  return Object.freeze({ value, range: Object.freeze(range), source });
}
