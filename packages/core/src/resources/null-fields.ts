import { isRecord } from "./check-value.js";

/**
 * A value without fields that are null or undefined, at any depth: they are absent ones, as in the Kubernetes API. A null in
 * a list is kept (free addresses of a block). What has none of them is returned as it is.
 */
export function withoutNullFields<T>(value: T): T {
  return without(value) as T;
}

function without(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(without);
    return items.every((item, i) => item === value[i]) ? value : items;
  }
  if (!isRecord(value)) return value;
  const before = Object.entries(value);
  const entries = before
    .filter(([, field]) => field !== null && field !== undefined)
    .map(([name, field]) => [name, without(field)] as const);
  const same =
    entries.length === before.length && entries.every(([name, field]) => value[name] === field);
  return same ? value : Object.fromEntries(entries);
}
