/** A number with its range and where it is from. */
export interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly source: string;
}

/** What serving costs. Microseconds are of one core's time unless they say `Latency`. */
export interface DatastoreProfile {
  readonly name: string;
  /** Cores of one server; `replicas` servers share the load evenly. */
  readonly cores: Figure;
  /** Any request: connection, authentication, authorisation, routing, audit. */
  readonly requestMicros: Figure;
  /** A write, on top: admission, validation, encoding, conversation with storage. */
  readonly writeMicros: Figure;
  /** Waiting for the write to be durable (raft, fsync); occupies no core. */
  readonly commitLatencyMicros: Figure;
  /** Encoding an answer of a core kind (protobuf), per byte. */
  readonly protobufMicrosPerByte: Figure;
  /** Encoding an answer of a custom resource (JSON, unstructured), per byte. */
  readonly jsonMicrosPerByte: Figure;
  /** Looking at one object of a list that a selector filters. */
  readonly scanMicrosPerObject: Figure;
  /** Setting up a watch. */
  readonly watchOpenMicros: Figure;
  /** Encoding a change, once for all watches. */
  readonly eventEncodeMicros: Figure;
  /** Writing an encoded change to one watch. */
  readonly eventWriteMicros: Figure;
  /** Writing an encoded change to one watch, per byte. */
  readonly eventWriteMicrosPerByte: Figure;
  /** Throughput of one client's connection. */
  readonly bytesPerMicro: Figure;
  /** Bookmarks (Kubernetes) or progress notices (etcd) on every watch, this often. */
  readonly bookmarkIntervalMicros: Figure;
  /** Fewest events of a kind kept for watches that resume. */
  readonly windowEventsMin: Figure;
  /** Most events of a kind kept. */
  readonly windowEventsMax: Figure;
  /** Beyond the fewest, events older than this are dropped (Kubernetes). */
  readonly windowAgeMicros: Figure;
  /** How often history is compacted, keeping one interval; infinity = by window alone. */
  readonly compactionIntervalMicros: Figure;
}

function figure(value: number, low: number, high: number, source: string): Figure {
  return { value, low, high, source };
}

const FOREVER = Number.POSITIVE_INFINITY;
const WATCH_CACHE = "kubernetes: staging/src/k8s.io/apiserver/pkg/storage/cacher/watch_cache.go";

/**
 * A Kubernetes apiserver with its watch cache.
 *
 * Calibration hints from the field: one LIST of 13,500 pods ≈ 68 MB took 57 s on an overloaded server
 * (field-data #60: 0.84 µs/byte with everything else it did, the upper end of the range); 2,133
 * unfiltered affinity LISTs of ≈ 0.9 MB took ≈ 31 s on four servers (field-data #25: 65 MB/s in all,
 * which eight cores each would reach at 0.5 µs/byte).
 */
export const KUBERNETES_PROFILE: DatastoreProfile = {
  name: "kubernetes apiserver",
  cores: figure(8, 2, 64, "assumed"),
  requestMicros: figure(1000, 300, 3000, "assumed"),
  writeMicros: figure(1000, 300, 3000, "assumed"),
  commitLatencyMicros: figure(3000, 1000, 25_000, "assumed; SSD fsync plus one round trip"),
  protobufMicrosPerByte: figure(0.025, 0.01, 0.84, "assumed; upper end field-data #60"),
  jsonMicrosPerByte: figure(0.1, 0.02, 0.5, "assumed; upper end field-data #25"),
  scanMicrosPerObject: figure(1, 0.2, 5, "assumed"),
  watchOpenMicros: figure(1000, 300, 3000, "assumed"),
  eventEncodeMicros: figure(100, 30, 300, "assumed"),
  eventWriteMicros: figure(10, 5, 30, "assumed"),
  eventWriteMicrosPerByte: figure(0.001, 0.0005, 0.005, "assumed; TLS and copying, ≈ 1 GB/s"),
  bytesPerMicro: figure(125, 12.5, 1250, "assumed; 1 Gbit/s"),
  bookmarkIntervalMicros: figure(60_000_000, 60_000_000, 60_000_000, WATCH_CACHE),
  windowEventsMin: figure(100, 100, 100, WATCH_CACHE),
  windowEventsMax: figure(102_400, 102_400, 102_400, WATCH_CACHE),
  windowAgeMicros: figure(75_000_000, 75_000_000, 75_000_000, WATCH_CACHE),
  compactionIntervalMicros: figure(FOREVER, FOREVER, FOREVER, "watches resume from the cache"),
};

/** An etcd v3 server that Calico's clients talk to directly. */
export const ETCD_PROFILE: DatastoreProfile = {
  name: "etcd v3",
  cores: figure(4, 1, 16, "assumed"),
  requestMicros: figure(100, 30, 300, "assumed"),
  writeMicros: figure(200, 50, 500, "assumed"),
  commitLatencyMicros: figure(3000, 1000, 25_000, "assumed; SSD fsync plus one round trip"),
  protobufMicrosPerByte: figure(0.005, 0.002, 0.02, "assumed; values are copied, not encoded"),
  jsonMicrosPerByte: figure(0.005, 0.002, 0.02, "assumed; values are copied, not encoded"),
  scanMicrosPerObject: figure(0.2, 0.1, 1, "assumed"),
  watchOpenMicros: figure(100, 30, 300, "assumed"),
  eventEncodeMicros: figure(20, 5, 50, "assumed"),
  eventWriteMicros: figure(10, 5, 30, "assumed"),
  eventWriteMicrosPerByte: figure(0.001, 0.0005, 0.005, "assumed; ≈ 1 GB/s"),
  bytesPerMicro: figure(125, 12.5, 1250, "assumed; 1 Gbit/s"),
  bookmarkIntervalMicros: figure(600_000_000, 600_000_000, 600_000_000, "etcd: 10 min by default"),
  windowEventsMin: figure(FOREVER, FOREVER, FOREVER, "etcd keeps all revisions until compaction"),
  windowEventsMax: figure(FOREVER, FOREVER, FOREVER, "etcd keeps all revisions until compaction"),
  windowAgeMicros: figure(FOREVER, FOREVER, FOREVER, "etcd keeps all revisions until compaction"),
  compactionIntervalMicros: figure(
    600_000_000,
    600_000_000,
    600_000_000,
    "control-plane-behaviour §2.3: kube-controllers, each 10 min",
  ),
};
