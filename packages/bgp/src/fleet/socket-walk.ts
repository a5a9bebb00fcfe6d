import { widened } from "../session/connections.js";

/**
 * Readable sockets of a daemon in the order in which its main loop looks at them: from the oldest to the
 * newest, some at a time, and then from the oldest again (bird: sysdep/unix/io.c, io_loop walks sock_list
 * and goes on where it stopped).
 */
export class SocketWalk {
  private ahead = new AgeHeap();
  private behind = new AgeHeap();
  /** Age of the socket that was looked at last. */
  private at = -1;

  /** Whether no socket is readable. */
  get empty(): boolean {
    return this.ahead.size === 0 && this.behind.size === 0;
  }

  /** A socket becomes readable; `age` rises from socket to socket. */
  add(socket: number, age: number): void {
    (age > this.at ? this.ahead : this.behind).push(age, socket);
  }

  /** The process polls: behind the newest socket comes the oldest. */
  poll(): void {
    if (this.ahead.size > 0) return;
    [this.ahead, this.behind] = [this.behind, this.ahead];
    this.at = -1;
  }

  /** The next socket on the way to the newest; −1 when there is none. */
  take(): number {
    if (this.ahead.size === 0) return -1;
    this.at = this.ahead.least;
    return this.ahead.pop();
  }
}

/** A binary heap of sockets by age. */
class AgeHeap {
  size = 0;
  private ages: Float64Array = new Float64Array(8);
  private sockets: Float64Array = new Float64Array(8);

  /** Age of the oldest socket. */
  get least(): number {
    return this.ages[0]!;
  }

  /** Adds a socket. */
  push(age: number, socket: number): void {
    if (this.size === this.ages.length) {
      this.ages = widened(this.ages, 2 * this.size);
      this.sockets = widened(this.sockets, 2 * this.size);
    }
    let i = this.size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.ages[parent]! <= age) break;
      this.set(i, this.ages[parent]!, this.sockets[parent]!);
      i = parent;
    }
    this.set(i, age, socket);
  }

  /** Removes the oldest socket, which must exist. */
  pop(): number {
    const oldest = this.sockets[0]!;
    const age = this.ages[--this.size]!;
    const socket = this.sockets[this.size]!;
    let i = 0;
    for (let child = 1; child < this.size; child = 2 * i + 1) {
      if (child + 1 < this.size && this.ages[child + 1]! < this.ages[child]!) child++;
      if (this.ages[child]! >= age) break;
      this.set(i, this.ages[child]!, this.sockets[child]!);
      i = child;
    }
    this.set(i, age, socket);
    return oldest;
  }

  private set(i: number, age: number, socket: number): void {
    this.ages[i] = age;
    this.sockets[i] = socket;
  }
}
