import { Engine, type EventHandler } from "@calico-sim/core";
import { IndexedHeap } from "./indexed-heap.js";
import { type Bench, grouped, type Sample, timed } from "./scenario.js";

const REFRESHES = 4_000_000;
const HOLD = 240_000_000;
/** Timers refreshed by one event; the clock moves a microsecond a refresh. */
const BURST = 1_000;

class Refresher implements EventHandler {
  readonly engine: Engine = new Engine();
  readonly timers: number;
  fired = 0;
  private readonly kindTick: number;
  private next = 0;
  private left = REFRESHES;

  constructor(timers: number) {
    this.timers = timers;
    this.kindTick = this.engine.defineKind("tick", this);
    const kindExpire = this.engine.defineKind("expire", this, { background: true });
    for (let i = 0; i < timers; i++) {
      this.engine.setTimer(this.engine.createTimer(kindExpire, i), HOLD);
    }
    this.engine.schedule(0, this.kindTick);
  }

  onEvent(kind: number): void {
    if (kind !== this.kindTick) {
      this.fired++;
      return;
    }
    const { engine, timers } = this;
    const due = engine.now + HOLD;
    for (let i = 0; i < BURST; i++) {
      engine.setTimer(this.next, due + i);
      if (++this.next === timers) this.next = 0;
    }
    this.left -= BURST;
    if (this.left > 0) engine.after(BURST, this.kindTick);
  }
}

function heapRefresh(timers: number): number {
  const heap = new IndexedHeap(timers);
  for (let i = 0; i < timers; i++) heap.set(i, HOLD);
  return timed(() => {
    let next = 0;
    for (let now = 0; now < REFRESHES && heap.first >= now; now++) {
      heap.set(next, now + HOLD);
      if (++next === timers) next = 0;
    }
  });
}

/** Hold timers of sessions, refreshed by each message and never due. */
export const timerRefreshBench: Bench = {
  name: "timer-refresh",
  sizes: ["100000"],
  small: ["100000"],
  fresh: false,
  run(size): Sample[] {
    const timers = Number(size);
    const theirs = heapRefresh(timers);
    const refresher = new Refresher(timers);
    const wallMs = timed(() => {
      refresher.engine.run();
    });
    if (refresher.fired > 0) throw new Error("a timer fired that was always refreshed");
    return [
      {
        size: `${grouped(timers)} timers, ${grouped(REFRESHES)} refreshes`,
        wallMs,
        yardstick: "indexed binary heap, remove and insert at each refresh: its time / ours",
        ratio: theirs / wallMs,
        detail: `${(REFRESHES / wallMs / 1_000).toFixed(0)} M refreshes/s (heap ${(REFRESHES / theirs / 1_000).toFixed(0)})`,
      },
    ];
  },
};
