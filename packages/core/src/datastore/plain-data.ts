/** Equality of plain data. Shared parts cost one comparison, which edited resources mostly are. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b);
  if (Array.isArray(b)) return false;
  const left = a as Fields;
  const right = b as Fields;
  // A field that is undefined is as good as absent: neither is written.
  for (const key in left) {
    if (left[key] !== right[key] && !deepEqual(left[key], right[key])) return false;
  }
  for (const key in right) if (right[key] !== undefined && left[key] === undefined) return false;
  return true;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false;
  return true;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Applies a JSON merge patch (RFC 7386): named fields replaced, objects merged, `null` deletes. The
 * result is frozen as far as it is new, and is the target itself when the patch changes nothing.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return deepEqual(target, patch) ? target : freezePlain(patch);
  if (!isObject(target)) return Object.freeze(mergeFields({}, patch) ?? {});
  const merged = mergeFields(target, patch);
  return merged === undefined ? target : Object.freeze(merged);
}

/** As {@link mergePatch} of an object, but undefined when nothing changes, and else not frozen yet itself. */
export function mergeFields(target: Fields, patch: Fields): Record<string, unknown> | undefined {
  let merged: Record<string, unknown> | undefined;
  let deletes = false;
  for (const key in patch) {
    const value = patch[key];
    const held = target[key];
    if (value === null) deletes ||= held !== undefined;
    else if (value !== undefined) {
      const after = mergePatch(held, value);
      if (after !== held) (merged ??= copyOf(target))[key] = after;
    }
  }
  if (!deletes) return merged;
  const left = Object.entries(merged ?? target).filter(([key]) => patch[key] !== null);
  return Object.fromEntries(left);
}

/**
 * A copy of an object with plain fields, not frozen. Twice as fast as a spread where objects of many
 * shapes pass (measured, Node 20): the datastore copies an object with each write.
 */
export function copyOf<T extends object>(from: T): { -readonly [K in keyof T]: T[K] } {
  const to: Record<string, unknown> = {};
  for (const key in from) to[key] = from[key];
  return to as { -readonly [K in keyof T]: T[K] };
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Freezes plain data and everything in it; returns the same object. As immer's, at a fraction of the
 * time: every commit of the datastore pays it.
 */
export function freezePlain<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) freezePlain(value[i]);
  else for (const key in value) freezePlain(value[key]);
  return Object.freeze(value);
}
