import { freeze } from "immer";

/** Freezes plain data and everything in it; returns the same object. */
export function freezeDeep<T>(value: T): T {
  return freeze(value, true);
}
