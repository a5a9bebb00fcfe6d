import { type Connections, SIDE, widened } from "../session/connections.js";
import { CLOSED } from "../session/segments.js";
import { Rings } from "./rings.js";
import { SocketWalks } from "./socket-walks.js";

/** Age of the listening socket, which is opened before all others. */
const OLDEST = 0;

/** Stands for a daemon's listening socket among its readable sockets. */
export const LISTENING = 0x7fffffff;

/**
 * What poll(2) would report to each daemon: connections that are not up, each with data or with the outcome of
 * an attempt (`fresh`); sessions with data and the listening socket (`readable`); connections to accept, and
 * the messages that wait in each socket. One connection is accepted at a time, a socket is read whole
 * (bird: sysdep/unix/io.c, sk_read).
 */
export class Inbox {
  /** Side · 2 + (1 if its attempt to connect succeeded). */
  private readonly fresh: Rings = new Rings();
  private readonly readable: SocketWalks = new SocketWalks();
  private readonly backlog: Rings = new Rings();
  private readonly conns: Connections;
  /** Messages: what each is, and the one behind it in its socket; behind the last comes the first. */
  private what: Int32Array = new Int32Array(1024);
  private next: Int32Array = new Int32Array(1024);
  private free = -1;
  private used = 0;

  constructor(conns: Connections) {
    this.conns = conns;
  }

  /** Makes room for one more daemon. */
  addDaemon(): void {
    this.fresh.add();
    this.readable.addDaemon();
    this.backlog.add();
  }

  /** Whether poll(2) would return at once. */
  pending(daemon: number): boolean {
    return this.fresh.size(daemon) > 0 || !this.readable.empty(daemon);
  }

  /** A connection attempt was answered. */
  addOutcome(daemon: number, side: number, connected: boolean): void {
    this.fresh.push(daemon, side * 2 + (connected ? 1 : 0));
  }

  /** How many connections that are not up have something; {@link takeFresh} gives these, the oldest first. */
  sortFresh(daemon: number): number {
    const count = this.fresh.size(daemon);
    if (count > 1) this.fresh.sort(daemon, count, this);
    return count;
  }

  /** Takes out the next connection that is not up, as side · 2 + (1 if an attempt succeeded). */
  takeFresh(daemon: number): number {
    return this.fresh.shift(daemon);
  }

  /** Age of the socket of an item of {@link takeFresh}. */
  keyOf(item: number): number {
    return this.conns.age(item >> 1);
  }

  /** A connection waits for accept(2). */
  addConnection(daemon: number, side: number): void {
    if (this.backlog.size(daemon) === 0) this.readable.add(daemon, LISTENING, OLDEST);
    this.backlog.push(daemon, side);
  }

  /** The oldest connection to accept, or −1; the listening socket stays readable while there are more. */
  takeConnection(daemon: number): number {
    const side = this.backlog.shift(daemon);
    if (this.backlog.size(daemon) > 0) this.readable.add(daemon, LISTENING, OLDEST);
    return side;
  }

  /** Connections that wait for accept(2), the oldest first. */
  unaccepted(daemon: number): readonly number[] {
    const { backlog } = this;
    return Array.from({ length: backlog.size(daemon) }, (_, i) => backlog.peek(daemon, i));
  }

  /** A message waits in a socket. */
  addMessage(daemon: number, side: number, what: number): void {
    const { conns } = this;
    const j = this.newMessage(what);
    const last = conns.lastMessage(side);
    conns.setLastMessage(side, j);
    if (last < 0) {
      this.look(daemon, side);
      return;
    }
    this.next[j] = this.next[last]!;
    this.next[last] = j;
  }

  /** Whether anything waits in a socket. */
  hasMessage(side: number): boolean {
    return this.conns.lastMessage(side) >= 0;
  }

  /** Whether a message waits in a socket, and not only the end of its connection. */
  hasData(side: number): boolean {
    const last = this.conns.lastMessage(side);
    return last >= 0 && (this.what[this.next[last]!]! & 15) !== CLOSED;
  }

  /** A socket is polled from now on: what came before is readable. */
  opened(daemon: number, side: number): void {
    if (this.hasMessage(side)) this.look(daemon, side);
  }

  /** The loop will look at a socket. One that is not accepted, not connected or closing is not polled. */
  look(daemon: number, side: number): void {
    const state = this.conns.state(side);
    if (state === SIDE.established) this.readable.add(daemon, side, this.conns.age(side));
    else if (state === SIDE.openSent || state === SIDE.openConfirm)
      this.fresh.push(daemon, side * 2);
  }

  /** The process polls its sockets; see {@link SocketWalks}. */
  poll(daemon: number): void {
    this.readable.poll(daemon);
  }

  /** The socket that is read next: a side, {@link LISTENING}, or −1. */
  takeSocket(daemon: number): number {
    return this.readable.take(daemon);
  }

  /** Removes the oldest message of a socket; −1 if there is none. */
  takeMessage(side: number): number {
    const last = this.conns.lastMessage(side);
    if (last < 0) return -1;
    const j = this.next[last]!;
    if (j === last) this.conns.setLastMessage(side, -1);
    else this.next[last] = this.next[j]!;
    this.next[j] = this.free;
    this.free = j;
    return this.what[j]!;
  }

  /** The process is gone, and what waited for it. */
  clear(daemon: number): void {
    for (let s = this.takeFresh(daemon); s >= 0; s = this.takeFresh(daemon)) this.forget(s >> 1);
    for (let side = this.backlog.shift(daemon); side >= 0; side = this.backlog.shift(daemon))
      this.forget(side);
    const { readable } = this;
    while (!readable.empty(daemon)) {
      for (let s = readable.take(daemon); s >= 0; s = readable.take(daemon))
        if (s !== LISTENING) this.forget(s);
      readable.poll(daemon);
    }
  }

  private forget(side: number): void {
    while (this.takeMessage(side) >= 0);
  }

  private newMessage(what: number): number {
    let j = this.free;
    if (j >= 0) this.free = this.next[j]!;
    else {
      j = this.used++;
      if (j === this.what.length) {
        this.what = widened(this.what, j * 2);
        this.next = widened(this.next, j * 2);
      }
    }
    this.what[j] = what;
    this.next[j] = j;
    return j;
  }
}
