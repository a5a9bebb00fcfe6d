/** Verbs in the order of the meter's columns. */
export const METER_VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"] as const;

/** Load of one client kind on one resource kind. */
export interface LoadRow {
  readonly client: string;
  readonly kind: string;
  readonly requests: Readonly<Record<(typeof METER_VERBS)[number], number>>;
  readonly requestsTotal: number;
  readonly listBytes: number;
  readonly replyBytes: number;
  readonly watchEvents: number;
  readonly watchEventBytes: number;
  readonly bookmarks: number;
  readonly watchesNow: number;
  readonly watchesPeak: number;
}

/** One second of load. */
export interface LoadSecond {
  readonly second: number;
  readonly requests: number;
  readonly watchEvents: number;
  readonly bytes: number;
}

/** Everything a {@link LoadMeter} knows, as plain data. */
export interface LoadSnapshot {
  readonly requestsTotal: number;
  readonly watchEventsTotal: number;
  readonly bytesSentTotal: number;
  readonly listBytesTotal: number;
  readonly bookmarksTotal: number;
  readonly watchesNow: number;
  readonly watchesPeak: number;
  readonly byClientAndKind: readonly LoadRow[];
  readonly series: readonly LoadSecond[];
  readonly peakSecond: {
    readonly requests: LoadSecond;
    readonly watchEvents: LoadSecond;
    readonly bytes: LoadSecond;
  };
}

/** Counts what a datastore serves: requests, watches, events and bytes. */
export class LoadMeter {
  /** Dense id of a (client kind, resource kind) pair. */
  pair(_client: string, _kind: string): number {
    throw new Error("not implemented");
  }

  /** Plain data, units in the names. */
  snapshot(): LoadSnapshot {
    throw new Error("not implemented");
  }
}
