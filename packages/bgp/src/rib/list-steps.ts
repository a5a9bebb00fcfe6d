import { widened } from "../session/connections.js";
import { hash } from "./int-tuples.js";
import { NO_PATH } from "./paths.js";

// A step: list, path, the list that it leads to, and its best path · 8 with what it does as bits.
const STEP = 4;
const REPLACES = 1;
const MERGES = 2;
const SEVERAL = 4;

/** Steps of one path that are found at a glance. */
const WAYS = 8;

/** What a step does beside leading to a list. */
export interface StepEffects {
  /** The best path there. */
  readonly best: number;
  /** Whether it puts the path in the place of another, or takes it away. */
  readonly replaces: boolean;
  /** Whether the best path changes, or one that is merged with it. */
  readonly merges: boolean;
  /** Whether the best path and those merged with it lead over several next hops there. */
  readonly several: boolean;
}

/** What lists become when paths are added, or when they are removed, as worked out before. The fields are those of the step found. */
export class ListSteps implements StepEffects {
  /** Where it leads. */
  result = 0;
  best: number = NO_PATH;
  replaces = false;
  merges = false;
  several = false;
  /** Steps that are kept at most; then the memory begins anew. */
  private readonly max: number;
  private count = 0;
  /** Steps in the order in which they came up, which is often that in which they are looked up. */
  private steps: Int32Array = new Int32Array(64 * STEP);
  /** Step + 1 by hash, 0 = free; at most half full. */
  private slots: Int32Array = new Int32Array(128);
  /** By path and some bits of the list: the list and its step + 1, of the step last found there. */
  private recent: Int32Array = new Int32Array(64 * WAYS * 2);

  constructor(max: number) {
    this.max = max;
  }

  /** Looks a step up. */
  find(list: number, path: number): boolean {
    const { recent, steps } = this;
    const way = wayOf(list, path);
    const step = recent[way] === list ? recent[way + 1]! - 1 : this.seek(list, path);
    if (step < 0) return false;
    const at = step * STEP;
    this.result = steps[at + 2]!;
    const rest = steps[at + 3]!;
    this.best = rest >> 3;
    this.replaces = (rest & REPLACES) !== 0;
    this.merges = (rest & MERGES) !== 0;
    this.several = (rest & SEVERAL) !== 0;
    return true;
  }

  /** Keeps a step, which is then the one found. */
  keep(list: number, path: number, result: number, effects: StepEffects): void {
    const { best, replaces, merges, several } = effects;
    this.result = result;
    this.best = best;
    this.replaces = replaces;
    this.merges = merges;
    this.several = several;
    if (this.count === this.max) this.clear();
    const step = this.count++;
    const at = step * STEP;
    if (at === this.steps.length) this.steps = widened(this.steps, 2 * at);
    const { steps } = this;
    steps[at] = list;
    steps[at + 1] = path;
    steps[at + 2] = result;
    const bits = (replaces ? REPLACES : 0) | (merges ? MERGES : 0) | (several ? SEVERAL : 0);
    steps[at + 3] = best * 8 + bits;
    this.note(list, path, step);
    if (2 * this.count > this.slots.length) this.spread();
    else this.slots[this.free(list, path)] = step + 1;
  }

  /** Forgets all. */
  clear(): void {
    if (this.count === 0) return;
    this.count = 0;
    this.slots.fill(0);
    this.recent.fill(0);
  }

  private seek(list: number, path: number): number {
    const { slots, steps } = this;
    const mask = slots.length - 1;
    let slot = hash(list, path, 0, 0) & mask;
    for (let step = slots[slot]!; step !== 0; step = slots[(slot = (slot + 1) & mask)]!) {
      const at = (step - 1) * STEP;
      if (steps[at] !== list || steps[at + 1] !== path) continue;
      this.note(list, path, step - 1);
      return step - 1;
    }
    return -1;
  }

  private note(list: number, path: number, step: number): void {
    const way = wayOf(list, path);
    if (way >= this.recent.length) this.recent = widened(this.recent, 2 * (path + 1) * WAYS * 2);
    this.recent[way] = list;
    this.recent[way + 1] = step + 1;
  }

  private free(list: number, path: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = hash(list, path, 0, 0) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    return slot;
  }

  private spread(): void {
    const { steps } = this;
    this.slots = new Int32Array(2 * this.slots.length);
    for (let step = 0; step < this.count; step++) {
      const at = step * STEP;
      this.slots[this.free(steps[at]!, steps[at + 1]!)] = step + 1;
    }
  }
}

/** Where the step of a list is noted among those of its path. */
function wayOf(list: number, path: number): number {
  return (path * WAYS + (Math.imul(list, 0x9e3779b1) >>> 29)) * 2;
}
