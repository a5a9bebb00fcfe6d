import type { Forkable } from "@calico-sim/core";

/** A script: what a process does, step by step, as a generator. It must be a pure function of its order and the answers. */
export type Script<Step, Answer> = Generator<Step, void, Answer>;

/**
 * One run of a script, with the answers it was given so far.
 *
 * A generator cannot be copied, but order and answers determine where it stands: a fork starts the
 * script again and hands it the same answers. `begin` must be a function of a module, never a closure.
 */
export class Process<Order, Step, Answer> implements Forkable {
  readonly order: Order;
  /** The step to carry out now; undefined once the script has ended. */
  step: Step | undefined;
  private readonly begin: (order: Order) => Script<Step, Answer>;
  private readonly answers: Answer[] = [];
  private readonly script: Script<Step, Answer>;

  constructor(order: Order, begin: (order: Order) => Script<Step, Answer>) {
    this.order = order;
    this.begin = begin;
    this.script = begin(order);
    const first = this.script.next();
    this.step = first.done === true ? undefined : first.value;
  }

  /** Steps carried out so far: tells an event meant for the present step from one that comes too late. */
  get age(): number {
    return this.answers.length;
  }

  /** Reports how the step went; the script moves to its next one. */
  answer(answer: Answer): void {
    this.answers.push(answer);
    const next = this.script.next(answer);
    this.step = next.done === true ? undefined : next.value;
  }

  /** See {@link Forkable}. */
  forkSelf(): Process<Order, Step, Answer> {
    const copy = new Process<Order, Step, Answer>(this.order, this.begin);
    for (const answer of this.answers) copy.answer(answer);
    return copy;
  }
}
