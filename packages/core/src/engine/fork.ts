/**
 * Forking a running simulation: one generic deep copy of its object graph.
 *
 * State is therefore written in a form that can be copied: plain objects, class instances with
 * TypeScript-private (never `#private`) members, arrays, Maps, Sets and typed arrays. Frozen objects
 * are immutable by agreement and are shared between the original and the fork. What cannot be copied
 * so (a random generator, a library object with closures) implements {@link Forkable}.
 */

/** An object that knows how to copy itself into a fork. */
export interface Forkable {
  /** Returns the copy; `copy` forks anything that the object refers to. */
  forkSelf(copy: <T>(value: T) => T): unknown;
}

/** The object graph holds something that cannot be copied; the message names where it hangs. */
export class ForkError extends Error {
  override readonly name = "ForkError";
}

interface Pending {
  readonly from: object;
  readonly to: object;
  readonly path: Trail;
}

interface Trail {
  readonly parent: Trail | undefined;
  readonly key: string;
}

/**
 * Copies an object graph: cycles and shared references are kept, frozen objects are shared.
 *
 * @throws ForkError when a function is met, since a closure would tie both copies together.
 */
export function fork<T>(root: T): T {
  const copies = new Map<object, object>();
  const pending: Pending[] = [];
  const copyable = new Map<object, boolean>();

  const copy = <V>(value: V, path: Trail): V => {
    if (typeof value === "function") {
      throw new ForkError(
        `cannot fork: a function at ${trailText(path)}; a pending closure event or a callback kept in state ties the fork to the original`,
      );
    }
    if (typeof value !== "object" || value === null) return value;
    const known = copies.get(value);
    if (known !== undefined) {
      if (known === COPYING) {
        throw new ForkError(`cannot fork: ${trailText(path)} refers back to what copies it itself`);
      }
      return known as V;
    }
    if ("forkSelf" in value) copies.set(value, COPYING);
    const made = shell(value, path, copy, copyable, copies);
    copies.set(value, made.to);
    if (made.fill) pending.push({ from: value, to: made.to, path });
    return made.to as V;
  };

  const result = copy(root, { parent: undefined, key: "root" });
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) fill(next, copy);
  return result;
}

/** Stands for the copy of a {@link Forkable} that is at work. */
const COPYING: object = Object.freeze({});

type Copy = <V>(value: V, path: Trail) => V;

function shell(
  value: object,
  path: Trail,
  copy: Copy,
  copyable: Map<object, boolean>,
  copies: Map<object, object>,
): { to: object; fill: boolean } {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return { to: forkView(value as Int32Array, copies), fill: false };
  }
  if ("forkSelf" in value) {
    return { to: (value as Forkable).forkSelf((v) => copy(v, path)) as object, fill: false };
  }
  if (Object.isFrozen(value)) return { to: value, fill: false };
  if (Array.isArray(value)) return { to: [], fill: true };
  if (value instanceof Map) return { to: new Map(), fill: true };
  if (value instanceof Set) return { to: new Set(), fill: true };
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== null && prototype !== Object.prototype) {
    let plain = copyable.get(prototype);
    if (plain === undefined) {
      plain = !hasHiddenState(value);
      copyable.set(prototype, plain);
    }
    if (!plain) {
      throw new ForkError(
        `cannot fork: ${Object.prototype.toString.call(value)} at ${trailText(path)} has state that cannot be read; write it as plain data or give its owner a forkSelf`,
      );
    }
  }
  return { to: Object.create(prototype) as object, fill: true };
}

/** Typed arrays that share a buffer share it in the fork too. */
function forkView(view: Int32Array, copies: Map<object, object>): Int32Array {
  const known = copies.get(view.buffer) as ArrayBuffer | undefined;
  const buffer = known ?? view.buffer.slice(0);
  if (known === undefined) copies.set(view.buffer, buffer);
  const View = view.constructor as Int32ArrayConstructor;
  return new View(buffer, view.byteOffset, view.length);
}

/** Dates, promises, generators, weak maps, buffers …: their properties are not their state. */
function hasHiddenState(value: object): boolean {
  return Object.prototype.toString.call(value) !== "[object Object]";
}

function fill({ from, to, path }: Pending, copy: Copy): void {
  const at = (key: string): Trail => ({ parent: path, key });
  if (Array.isArray(from)) {
    const target = to as unknown[];
    for (let i = 0; i < from.length; i++) {
      const v: unknown = from[i];
      target.push(typeof v === "object" || typeof v === "function" ? copy(v, at(String(i))) : v);
    }
  } else if (from instanceof Map) {
    for (const [k, v] of from as Map<unknown, unknown>) {
      (to as Map<unknown, unknown>).set(copy(k, at("key")), copy(v, at(String(k))));
    }
  } else if (from instanceof Set) {
    for (const v of from as Set<unknown>) (to as Set<unknown>).add(copy(v, at("member")));
  } else {
    for (const key of Object.keys(from)) {
      const v = (from as Record<string, unknown>)[key];
      (to as Record<string, unknown>)[key] =
        typeof v === "object" || typeof v === "function" ? copy(v, at(key)) : v;
    }
  }
}

function trailText(trail: Trail): string {
  const keys: string[] = [];
  for (let t: Trail | undefined = trail; t !== undefined; t = t.parent) keys.push(t.key);
  return keys.reverse().join(".");
}
