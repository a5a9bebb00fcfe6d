/** Node pairs are kept as one number: from × this + to. */
const PAIR = 2 ** 26;

/** What is dropped on the way from one node to another: everything, or what goes to one TCP port. */
export class PacketDrops {
  private readonly all: Set<number> = new Set();
  /** By TCP port. */
  private readonly ports: Map<number, Set<number>> = new Map();

  /** Drops everything from one node to another, or what goes to a port. Returns whether that is new. */
  add(from: number, to: number, port?: number): boolean {
    const pairs = port === undefined ? this.all : (this.ports.get(port) ?? new Set());
    const before = pairs.size;
    pairs.add(from * PAIR + to);
    if (port !== undefined) this.ports.set(port, pairs);
    return pairs.size > before;
  }

  /** Lifts {@link PacketDrops.add}. Returns whether there was anything to lift. */
  remove(from: number, to: number, port?: number): boolean {
    const pairs = port === undefined ? this.all : this.ports.get(port);
    return pairs?.delete(from * PAIR + to) === true;
  }

  /** Whether everything from one node to another is dropped. */
  everything(from: number, to: number): boolean {
    return this.all.size !== 0 && this.all.has(from * PAIR + to);
  }

  /** Whether what goes from one node to a port of another is dropped for its port. */
  toPort(from: number, to: number, port: number): boolean {
    return this.ports.size !== 0 && this.ports.get(port)?.has(from * PAIR + to) === true;
  }
}
