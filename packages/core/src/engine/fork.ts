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

  const copy = <V>(value: V, path: Trail): V => {
    if (typeof value === "function") {
      throw new ForkError(
        `cannot fork: a function at ${trailText(path)}; a pending closure event or a callback kept in state ties the fork to the original`,
      );
    }
    if (typeof value !== "object" || value === null) return value;
    const known = copies.get(value);
    if (known !== undefined) return known as V;
    const made = shell(value, path, copy);
    copies.set(value, made.to);
    if (made.fill) pending.push({ from: value, to: made.to, path });
    return made.to as V;
  };

  const result = copy(root, { parent: undefined, key: "root" });
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) fill(next, copy);
  return result;
}

type Copy = <V>(value: V, path: Trail) => V;

function shell(value: object, path: Trail, copy: Copy): { to: object; fill: boolean } {
  if (ArrayBuffer.isView(value)) {
    // Every typed array of ours owns its buffer, so a slice is a whole copy.
    return { to: (value as Int32Array).slice(), fill: false };
  }
  if ("forkSelf" in value) {
    return { to: (value as Forkable).forkSelf((v) => copy(v, path)) as object, fill: false };
  }
  if (Object.isFrozen(value)) return { to: value, fill: false };
  if (Array.isArray(value)) return { to: [], fill: true };
  if (value instanceof Map) return { to: new Map(), fill: true };
  if (value instanceof Set) return { to: new Set(), fill: true };
  return { to: Object.create(Object.getPrototypeOf(value) as object) as object, fill: true };
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
      (to as Record<string, unknown>)[key] = copy((from as Record<string, unknown>)[key], at(key));
    }
  }
}

function trailText(trail: Trail): string {
  const keys: string[] = [];
  for (let t: Trail | undefined = trail; t !== undefined; t = t.parent) keys.push(t.key);
  return keys.reverse().join(".");
}
