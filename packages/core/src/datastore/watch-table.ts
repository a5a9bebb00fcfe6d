import type { WatchReceiver } from "./types.js";

const CLOSED = 0;
const OPENING = 1;
const OPEN = 2;

/** Watches of one receiver and one kind of client on one kind of object: they see the same events. */
export interface WatchGroup {
  readonly kind: string;
  readonly receiver: WatchReceiver;
  /** Row of the load meter. */
  readonly pair: number;
  /** Open watches in order of opening. Never written after it is made: events in flight refer to it. */
  ids: Int32Array;
  /** Opened since `ids` was made. */
  added: number[];
  /** `ids` must be made anew. */
  dirty: boolean;
  /** Number of open watches. */
  open: number;
  /** Counts closings: an event in flight from before one must leave out who is gone. */
  closings: number;
  /** Revision that every member has been told of, unless it is still catching up. */
  delivered: number;
}

/** The watches that were ever opened; columns by id, ids never reused. */
export class WatchTable {
  private state: Int8Array = new Int8Array(256);
  private wasOpen: Int8Array = new Int8Array(256);
  private node: Int32Array = new Int32Array(256);
  private revision: Float64Array = new Float64Array(256);
  /** Replayed events that are on their way. */
  private catchUp: Int32Array = new Int32Array(256);
  private readonly groups: (WatchGroup | undefined)[] = [];
  private next = 0;

  /** A new watch that is being opened. */
  add(group: WatchGroup, node: number, fromRevision: number): number {
    const id = this.next++;
    if (id === this.state.length) this.grow();
    this.state[id] = OPENING;
    this.node[id] = node;
    this.revision[id] = fromRevision;
    this.groups.push(group);
    return id;
  }

  /** The group of a watch that is not closed. */
  group(id: number): WatchGroup | undefined {
    return this.groups[id];
  }

  /** Node of the watch's client. */
  nodeOf(id: number): number {
    return this.node[id]!;
  }

  /** True while the server sends to it. */
  isOpen(id: number): boolean {
    return this.state[id] === OPEN;
  }

  /** True while the client wants it. */
  isAlive(id: number): boolean {
    return this.state[id] !== CLOSED;
  }

  /** True when the server ever accepted it. */
  hasOpened(id: number): boolean {
    return this.wasOpen[id] === 1;
  }

  /** Last revision that the watch has been told of. */
  revisionOf(id: number): number {
    const own = this.revision[id]!;
    const group = this.groups[id];
    if (group === undefined || this.state[id] !== OPEN || this.catchUp[id]! > 0) return own;
    return Math.max(group.delivered, own);
  }

  /** The server accepts the watch, and will first replay so many events. */
  open(id: number, replays: number): void {
    const group = this.groups[id]!;
    this.state[id] = OPEN;
    this.wasOpen[id] = 1;
    this.catchUp[id] = replays;
    group.added.push(id);
    group.dirty = true;
    group.open++;
  }

  /** One replayed event was delivered. */
  replayed(id: number, revision: number): void {
    this.catchUp[id]!--;
    this.revision[id] = revision;
  }

  /** Ends a watch and keeps its last revision; returns true if the server was sending to it. */
  close(id: number): boolean {
    const group = this.groups[id];
    if (group === undefined) return false;
    const open = this.state[id] === OPEN;
    this.revision[id] = this.revisionOf(id);
    this.state[id] = CLOSED;
    this.groups[id] = undefined;
    if (open) {
      group.open--;
      group.closings++;
      group.dirty = true;
    }
    return open;
  }

  /** The open watches of a group, as an array that may be kept. */
  members(group: WatchGroup): Int32Array {
    if (!group.dirty) return group.ids;
    const ids = new Int32Array(group.open);
    let n = 0;
    for (const id of group.ids) if (this.state[id] === OPEN) ids[n++] = id;
    for (const id of group.added) if (this.state[id] === OPEN) ids[n++] = id;
    group.ids = ids;
    group.added = [];
    group.dirty = false;
    return ids;
  }

  /** Those of `ids` that are still open. */
  stillOpen(ids: Int32Array): Int32Array {
    return ids.filter((id) => this.state[id] === OPEN);
  }

  private grow(): void {
    const wider = this.state.length * 2;
    const state = new Int8Array(wider);
    state.set(this.state);
    this.state = state;
    const wasOpen = new Int8Array(wider);
    wasOpen.set(this.wasOpen);
    this.wasOpen = wasOpen;
    const node = new Int32Array(wider);
    node.set(this.node);
    this.node = node;
    const revision = new Float64Array(wider);
    revision.set(this.revision);
    this.revision = revision;
    const catchUp = new Int32Array(wider);
    catchUp.set(this.catchUp);
    this.catchUp = catchUp;
  }
}
