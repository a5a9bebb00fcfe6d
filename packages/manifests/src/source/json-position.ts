import type { PathSegment } from "@calico-sim/core";

/** Where something stands in a text: from `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the value at a path in a text that is valid JSON; where the path ends early, the deepest
 * part of it that exists.
 *
 * A scanner of its own, because a cluster dump in JSON has tens of megabytes and `JSON.parse`, which
 * reads them fast, forgets positions.
 */
export function locateInJson(text: string, path: readonly PathSegment[]): Range {
  let at = skipSpace(text, 0);
  let found: Range = { start: at, end: skipValue(text, at) };
  for (const step of path) {
    const next = typeof step === "number" ? elementAt(text, at, step) : memberOf(text, at, step);
    if (next === undefined) break;
    at = next.value;
    const end = skipValue(text, at);
    const scalar = text[at] !== "{" && text[at] !== "[";
    found = scalar || next.key === undefined ? { start: at, end } : next.key;
  }
  return found;
}

/**
 * The offset of character `n` of the quoted text that starts at `start`, escapes counted as the one
 * character they stand for.
 */
export function offsetOfCharacter(text: string, start: number, n: number): number {
  let at = start + 1;
  for (let i = 0; i < n && at < text.length && text[at] !== '"'; i++) {
    at += text[at] !== "\\" ? 1 : text[at + 1] === "u" ? 6 : 2;
  }
  return at;
}

interface Child {
  /** Offset of the value. */
  readonly value: number;
  /** The key, where the value is a member of an object. */
  readonly key?: Range;
}

function memberOf(text: string, object: number, name: string): Child | undefined {
  if (text[object] !== "{") return undefined;
  let found: Child | undefined;
  let at = skipSpace(text, object + 1);
  while (at < text.length && text[at] !== "}") {
    const key = { start: at, end: skipValue(text, at) };
    const value = skipSpace(text, skipSpace(text, key.end) + 1);
    // The last of equal keys counts, as in JSON.parse.
    if (JSON.parse(text.slice(key.start, key.end)) === name) found = { value, key };
    at = skipSpace(text, skipValue(text, value));
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return found;
}

function elementAt(text: string, list: number, index: number): Child | undefined {
  if (text[list] !== "[") return undefined;
  let at = skipSpace(text, list + 1);
  for (let i = 0; at < text.length && text[at] !== "]"; i++) {
    if (i === index) return { value: at };
    at = skipSpace(text, skipValue(text, at));
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return undefined;
}

/** The offset behind the value that starts at `start`. */
function skipValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const c = text[at];
    if (c === '"') {
      at = skipText(text, at) - 1;
      if (depth === 0) return at + 1;
    } else if (c === "{" || c === "[") depth++;
    else if (c === "}" || c === "]") {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (c === "," || c === ":" || isSpace(c))) return at;
  }
  return text.length;
}

/** The offset behind the quoted text that starts at `start`. */
function skipText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && isSpace(text[at])) at++;
  return at;
}

function isSpace(c: string | undefined): boolean {
  return c === " " || c === "\n" || c === "\t" || c === "\r";
}
