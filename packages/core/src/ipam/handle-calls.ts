import {
  answered,
  create,
  DATASTORE_RETRIES,
  deleteObject,
  found,
  get,
  type Procedure,
  type ProcedureContext,
  update,
} from "./calls.js";
import { adjustHandle, handleIsEmpty, handleName, newHandle } from "./handle.js";

/** Counts addresses of a block to a handle; a new handle is created. False after too many conflicts. */
export function* incrementHandle(handle: string, cidr: string, count: number): Procedure<boolean> {
  for (let round = 0; round < DATASTORE_RETRIES; round++) {
    const held = found("IPAMHandle", yield get("IPAMHandle", handleName(handle)));
    const call =
      held === undefined
        ? create(newHandle(handle, cidr, count))
        : update(adjustHandle(held, cidr, count));
    if (answered(yield call).status === "ok") return true;
  }
  return false;
}

/** Takes addresses of a block off a handle; a handle without addresses is deleted. */
export function* decrementHandle(
  handle: string,
  cidr: string,
  count: number,
  context: ProcedureContext,
): Procedure<void> {
  for (let round = 0; round < DATASTORE_RETRIES; round++) {
    const held = found("IPAMHandle", yield get("IPAMHandle", handleName(handle)));
    if (held === undefined) return;
    const rest = adjustHandle(held, cidr, -count);
    if (handleIsEmpty(rest)) {
      // What is deleted is the handle as read: its mark must not race with a fresh allocation.
      if ((yield* deleteObject(held, context)) !== "conflict") return;
    } else if (answered(yield update(rest)).status !== "conflict") return;
  }
}
