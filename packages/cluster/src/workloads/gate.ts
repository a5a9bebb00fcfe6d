/** A counting lock: so many processes are inside, the others wait in the order of their coming. */
export class Gate {
  private readonly capacity: number;
  private inside = 0;
  private waiting: number[] = [];
  /** Where the queue begins in {@link waiting}. */
  private first = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Lets a process in, or queues it. */
  enter(process: number): boolean {
    if (this.inside < this.capacity) {
      this.inside++;
      return true;
    }
    this.waiting.push(process);
    return false;
  }

  /** A process leaves; returns the one that takes its place, or −1. */
  leave(): number {
    const next = this.waiting[this.first];
    if (next === undefined) {
      this.inside--;
      return -1;
    }
    this.first++;
    if (this.first === this.waiting.length) {
      this.waiting = [];
      this.first = 0;
    }
    return next;
  }

  /** Everybody inside and waiting is gone, as after a crash of the node. */
  reset(): void {
    this.inside = 0;
    this.waiting = [];
    this.first = 0;
  }
}
