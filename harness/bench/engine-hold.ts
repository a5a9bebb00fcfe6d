import { Engine, type EventHandler, EventQueue, RandomStream } from "@calico-sim/core";
import TinyQueue from "tinyqueue";
import { type Bench, grouped, type Sample, timed } from "./scenario.js";

const OPERATIONS = 500_000;
/** Exponential increments with a mean of a second, the same for every implementation. */
const INCREMENTS: Float64Array = increments(65_536);

function increments(count: number): Float64Array {
  const stream = new RandomStream("bench/hold");
  return Float64Array.from({ length: count }, () => Math.ceil(stream.exponential(1_000_000)));
}

interface EventObject {
  readonly time: number;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
}

function tinyqueueHold(pending: number): number {
  const queue = new TinyQueue<EventObject>([], (x, y) => x.time - y.time);
  for (let i = 0; i < pending; i++)
    queue.push({ time: INCREMENTS[i & 65_535]!, kind: 1, a: i, b: 0 });
  return timed(() => {
    for (let i = 0; i < OPERATIONS; i++) {
      const { time, kind, a, b } = queue.pop()!;
      queue.push({ time: time + INCREMENTS[i & 65_535]!, kind, a, b });
    }
  });
}

function queueHold(pending: number): number {
  const queue = new EventQueue();
  for (let i = 0; i < pending; i++) queue.push(INCREMENTS[i & 65_535]!, 1, i, 0);
  return timed(() => {
    for (let i = 0; i < OPERATIONS; i++) {
      const at = queue.first(Number.POSITIVE_INFINITY);
      const time = queue.time[at]!;
      const kind = queue.kind[at]!;
      const a = queue.a[at]!;
      const b = queue.b[at]!;
      queue.pop();
      queue.push(time + INCREMENTS[i & 65_535]!, kind, a, b);
    }
  });
}

/** Puts every event back as it comes up: scheduling, dispatch and digest included. */
class Holder implements EventHandler {
  private readonly engine: Engine;
  private next = 0;
  constructor(engine: Engine) {
    this.engine = engine;
  }
  onEvent(kind: number, a: number, b: number): void {
    this.engine.schedule(this.engine.now + INCREMENTS[this.next++ & 65_535]!, kind, a, b);
  }
}

function engineHold(pending: number): number {
  const engine = new Engine({ eventsMax: OPERATIONS });
  const kind = engine.defineKind("hold", new Holder(engine));
  for (let i = 0; i < pending; i++) engine.schedule(INCREMENTS[i & 65_535]!, kind, i, 0);
  return timed(() => {
    engine.run();
  });
}

/**
 * The hold model: take the earliest event out, put one in; the number pending stays. Half a million
 * holds of the queue alone, and of the whole engine.
 */
export const engineHoldBench: Bench = {
  name: "engine-hold",
  sizes: ["1000", "100000"],
  small: ["1000"],
  fresh: false,
  run(size): Sample[] {
    const pending = Number(size);
    const theirs = tinyqueueHold(pending);
    const line = (what: string, wallMs: number): Sample => ({
      size: `${what}, ${grouped(pending)} pending`,
      wallMs,
      yardstick: "tinyqueue holding event objects, same operations: its time / ours",
      ratio: theirs / wallMs,
      detail: `${(OPERATIONS / wallMs / 1_000).toFixed(1)} M holds/s (tinyqueue ${(OPERATIONS / theirs / 1_000).toFixed(1)})`,
      ...(pending === 100_000 ? { target: { figure: "ratio", atLeast: 4 } as const } : {}),
    });
    return [line("queue", queueHold(pending)), line("engine", engineHold(pending))];
  },
};
