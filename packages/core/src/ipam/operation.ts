import type { RequestOutcome } from "../datastore/index.js";
import type { Forkable } from "../engine/index.js";
import { type AssignArgs, type Assigned, assign, failed } from "./assign.js";
import {
  DatastoreUnavailable,
  type Procedure,
  type ProcedureContext,
  type StoreCall,
} from "./calls.js";
import { type ReleaseArgs, type Released, releaseByHandle } from "./release.js";

/** An operation of IPAM with its arguments. */
export type IpamOrder =
  | ({ readonly type: "assign" } & AssignArgs)
  | ({ readonly type: "release" } & ReleaseArgs);

/** What an operation came to. */
export type IpamResult =
  | ({ readonly type: "assign" } & Assigned)
  | ({ readonly type: "release" } & Released);

/**
 * One operation in flight: a procedure and the answers it was given so far.
 *
 * A generator cannot be copied, but it is a pure function of order and answers: a fork starts it
 * again and hands it the same answers.
 */
export class IpamOperation implements Forkable {
  readonly order: IpamOrder;
  /** The call that is out, unless the operation has ended. */
  call: StoreCall | undefined;
  /** The result, once it has ended. */
  result: IpamResult | undefined;
  private readonly context: ProcedureContext;
  private readonly answers: RequestOutcome[] = [];
  private readonly procedure: Procedure<Assigned | Released>;

  constructor(order: IpamOrder, context: ProcedureContext) {
    this.order = order;
    this.context = context;
    this.procedure = start(order, context);
    const first = this.procedure.next();
    this.call = first.done === true ? undefined : first.value;
  }

  /** Gives the answer to {@link call} and moves to the next one, or to the result. */
  answer(outcome: RequestOutcome): void {
    this.answers.push(outcome);
    try {
      const step = this.procedure.next(outcome);
      if (step.done === true) this.finish(this.resultOf(step.value));
      else this.call = step.value;
    } catch (error) {
      if (!(error instanceof DatastoreUnavailable)) throw error;
      this.fail("Unavailable");
    }
  }

  /** Ends it from outside. */
  fail(fault: "Unavailable" | "Timeout"): void {
    this.finish(
      this.order.type === "assign"
        ? { type: "assign", ...failed(fault) }
        : { type: "release", released: 0, handleFound: true, fault },
    );
  }

  /** See {@link Forkable}. */
  forkSelf(): IpamOperation {
    const copy = new IpamOperation(this.order, this.context);
    for (const outcome of this.answers) copy.answer(outcome);
    if (this.result !== undefined) copy.finish(this.result);
    return copy;
  }

  private resultOf(value: Assigned | Released): IpamResult {
    return { type: this.order.type, ...value } as IpamResult;
  }

  private finish(result: IpamResult): void {
    this.result = result;
    this.call = undefined;
  }
}

function start(order: IpamOrder, context: ProcedureContext): Procedure<Assigned | Released> {
  switch (order.type) {
    case "assign":
      return assign(order, context);
    case "release":
      return releaseByHandle(order, context);
  }
}
