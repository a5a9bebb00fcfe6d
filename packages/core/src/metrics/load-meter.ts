import { withRoom } from "./growable.js";

/** Request verbs in the order of the meter's columns: a verb's place is its number in {@link LoadMeter.request}. */
export const METER_VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"] as const;

/** One of {@link METER_VERBS}. */
export type MeterVerb = (typeof METER_VERBS)[number];

/** Load that one kind of client put on one kind of resource. */
export interface LoadRow {
  /** Kind of client, e.g. `felix`. */
  readonly client: string;
  /** Kind of resource, e.g. `Pod`. */
  readonly kind: string;
  readonly requests: Readonly<Record<MeterVerb, number>>;
  readonly requestsTotal: number;
  /** Bytes of answers to `list`. */
  readonly listBytes: number;
  /** Bytes of all other answers. */
  readonly replyBytes: number;
  /** Events sent on watches: one change seen by five watches counts five. */
  readonly watchEvents: number;
  readonly watchEventBytes: number;
  readonly bookmarks: number;
  readonly bookmarkBytes: number;
  readonly watchesNow: number;
  readonly watchesPeak: number;
}

/** The load of one second. */
export interface LoadSecond {
  /** Whole seconds since the start of the run. */
  readonly second: number;
  readonly requests: number;
  readonly watchEvents: number;
  /** Bytes sent: answers, watch events and bookmarks. */
  readonly bytes: number;
}

/** Everything a {@link LoadMeter} knows, as plain data. */
export interface LoadSnapshot {
  readonly requestsTotal: number;
  readonly watchEventsTotal: number;
  readonly watchEventBytesTotal: number;
  readonly bookmarksTotal: number;
  readonly listBytesTotal: number;
  /** Answers, watch events and bookmarks together. */
  readonly bytesSentTotal: number;
  readonly watchesNow: number;
  readonly watchesPeak: number;
  /** By kind of client, then kind of resource, in order of first use. */
  readonly byClientAndKind: readonly LoadRow[];
  /** Seconds in which anything happened; the others are all zero. */
  readonly series: readonly LoadSecond[];
  /** The worst second by each measure; undefined when nothing happened. */
  readonly peakSecond: {
    readonly requests: LoadSecond | undefined;
    readonly watchEvents: LoadSecond | undefined;
    readonly bytes: LoadSecond | undefined;
  };
}

const VERBS = METER_VERBS.length;
/** Columns of one pair: the verbs, then these. */
const LIST_BYTES = VERBS;
const REPLY_BYTES = VERBS + 1;
const EVENTS = VERBS + 2;
const EVENT_BYTES = VERBS + 3;
const BOOKMARKS = VERBS + 4;
const BOOKMARK_BYTES = VERBS + 5;
const WATCHES = VERBS + 6;
const WATCHES_PEAK = VERBS + 7;
const COLUMNS = VERBS + 8;

const MICROS_PER_SECOND = 1_000_000;

/**
 * Counts what a datastore serves: requests, watch connections, watch events and bytes, by kind of
 * client and kind of resource, and per second.
 *
 * Pairs of (client, resource) are interned to dense ids once, so that counting is a few array writes
 * however many receivers an event has.
 */
export class LoadMeter {
  /** Ids by kind of client, then kind of resource. */
  private readonly ids: Map<string, Map<string, number>> = new Map();
  private readonly names: { readonly client: string; readonly kind: string }[] = [];
  private table: Float64Array<ArrayBuffer> = new Float64Array(COLUMNS * 16);
  private watchesNow = 0;
  private watchesPeak = 0;
  private seconds = 0;
  private requestsBySecond: Float64Array<ArrayBuffer> = new Float64Array(64);
  private eventsBySecond: Float64Array<ArrayBuffer> = new Float64Array(64);
  private bytesBySecond: Float64Array<ArrayBuffer> = new Float64Array(64);

  /** Dense id of a (kind of client, kind of resource) pair. */
  pair(client: string, kind: string): number {
    let ids = this.ids.get(client);
    if (ids === undefined) this.ids.set(client, (ids = new Map<string, number>()));
    const known = ids.get(kind);
    if (known !== undefined) return known;
    const id = this.names.length;
    ids.set(kind, id);
    this.names.push(Object.freeze({ client, kind }));
    this.table = withRoom(this.table, (id + 1) * COLUMNS);
    return id;
  }

  /** One request arrived; `verb` is an index of {@link METER_VERBS}. */
  request(pair: number, verb: number, at: number): void {
    this.table[pair * COLUMNS + verb]! += 1;
    const second = this.second(at);
    this.requestsBySecond[second]! += 1;
  }

  /** An answer of this many bytes was sent. */
  reply(pair: number, list: boolean, bytes: number, at: number): void {
    this.table[pair * COLUMNS + (list ? LIST_BYTES : REPLY_BYTES)]! += bytes;
    const second = this.second(at);
    this.bytesBySecond[second]! += bytes;
  }

  /** One change was sent to `watches` watches. */
  events(pair: number, watches: number, bytesEach: number, at: number): void {
    const row = pair * COLUMNS;
    this.table[row + EVENTS]! += watches;
    this.table[row + EVENT_BYTES]! += watches * bytesEach;
    const second = this.second(at);
    this.eventsBySecond[second]! += watches;
    this.bytesBySecond[second]! += watches * bytesEach;
  }

  /** A bookmark was sent to `watches` watches. */
  bookmarks(pair: number, watches: number, bytesEach: number, at: number): void {
    const row = pair * COLUMNS;
    this.table[row + BOOKMARKS]! += watches;
    this.table[row + BOOKMARK_BYTES]! += watches * bytesEach;
    const second = this.second(at);
    this.bytesBySecond[second]! += watches * bytesEach;
  }

  /** Watches opened (`by` > 0) or closed (`by` < 0). */
  watches(pair: number, by: number): void {
    const row = pair * COLUMNS;
    const now = (this.table[row + WATCHES]! += by);
    if (now > this.table[row + WATCHES_PEAK]!) this.table[row + WATCHES_PEAK] = now;
    this.watchesNow += by;
    if (this.watchesNow > this.watchesPeak) this.watchesPeak = this.watchesNow;
  }

  /** Everything, as plain data with the units in the names. */
  snapshot(): LoadSnapshot {
    const rows = this.names.map((_, pair) => this.row(pair));
    const sum = (of: (row: LoadRow) => number): number => rows.reduce((n, row) => n + of(row), 0);
    const series = this.series();
    return {
      requestsTotal: sum((r) => r.requestsTotal),
      watchEventsTotal: sum((r) => r.watchEvents),
      watchEventBytesTotal: sum((r) => r.watchEventBytes),
      bookmarksTotal: sum((r) => r.bookmarks),
      listBytesTotal: sum((r) => r.listBytes),
      bytesSentTotal: sum((r) => r.listBytes + r.replyBytes + r.watchEventBytes + r.bookmarkBytes),
      watchesNow: this.watchesNow,
      watchesPeak: this.watchesPeak,
      byClientAndKind: rows,
      series,
      peakSecond: {
        requests: worst(series, "requests"),
        watchEvents: worst(series, "watchEvents"),
        bytes: worst(series, "bytes"),
      },
    };
  }

  private row(pair: number): LoadRow {
    const at = (column: number): number => this.table[pair * COLUMNS + column]!;
    const requests = Object.fromEntries(METER_VERBS.map((verb, i) => [verb, at(i)]));
    return {
      ...this.names[pair]!,
      requests: requests as Record<MeterVerb, number>,
      requestsTotal: METER_VERBS.reduce((n, _, i) => n + at(i), 0),
      listBytes: at(LIST_BYTES),
      replyBytes: at(REPLY_BYTES),
      watchEvents: at(EVENTS),
      watchEventBytes: at(EVENT_BYTES),
      bookmarks: at(BOOKMARKS),
      bookmarkBytes: at(BOOKMARK_BYTES),
      watchesNow: at(WATCHES),
      watchesPeak: at(WATCHES_PEAK),
    };
  }

  private series(): LoadSecond[] {
    const series: LoadSecond[] = [];
    for (let second = 0; second < this.seconds; second++) {
      const requests = this.requestsBySecond[second]!;
      const watchEvents = this.eventsBySecond[second]!;
      const bytes = this.bytesBySecond[second]!;
      if (requests + watchEvents + bytes > 0) series.push({ second, requests, watchEvents, bytes });
    }
    return series;
  }

  /** The second of a time; makes room for it, so it must be worked out before a series is touched. */
  private second(at: number): number {
    const second = Math.floor(at / MICROS_PER_SECOND);
    if (second >= this.seconds) {
      this.seconds = second + 1;
      this.requestsBySecond = withRoom(this.requestsBySecond, second);
      this.eventsBySecond = withRoom(this.eventsBySecond, second);
      this.bytesBySecond = withRoom(this.bytesBySecond, second);
    }
    return second;
  }
}

/** The second with the most of something; the first of equals. */
function worst(
  series: readonly LoadSecond[],
  by: "requests" | "watchEvents" | "bytes",
): LoadSecond | undefined {
  let best: LoadSecond | undefined;
  for (const second of series) if (second[by] > (best?.[by] ?? 0)) best = second;
  return best;
}
