import { isRecord, showValue } from "@calico-sim/core";

/** A manifest to read: a file's name and content, or any text with a name for messages. */
export interface ManifestSource {
  readonly name: string;
  readonly text: string;
}

/** A source that is one. @throws TypeError naming what stands in its place. */
export function soundSource(source: ManifestSource): ManifestSource {
  const { name, text } = isRecord(source) ? source : ({} as Partial<ManifestSource>);
  if (typeof name === "string" && typeof text === "string") return source;
  throw new TypeError(
    `a source is { name, text }, the name of a file and what it holds, not ${showValue(source)}`,
  );
}

/** A place in a source; lines and columns count from 1, as editors show them. */
export interface Location {
  readonly line: number;
  readonly column: number;
  /** Characters to underline, at least 1, all on this line. */
  readonly length: number;
  /** The line itself. */
  readonly text: string;
}

/** Finds lines in a text. */
export class SourceText {
  readonly name: string;
  readonly text: string;
  private lineStarts: readonly number[] | undefined;

  constructor(source: ManifestSource) {
    this.name = source.name;
    // A byte order mark is no content.
    this.text = source.text.startsWith("\uFEFF") ? source.text.slice(1) : source.text;
  }

  /** The place of the characters from `start` to `end`, cut at the end of their first line. */
  location(start: number, end: number): Location {
    const starts = (this.lineStarts ??= findLineStarts(this.text));
    const at = Math.min(Math.max(start, 0), this.text.length);
    const index = lastNotAfter(starts, at);
    const lineStart = starts[index] ?? 0;
    const newline = this.text.indexOf("\n", lineStart);
    const lineEnd = newline < 0 ? this.text.length : newline;
    const text = this.text.slice(lineStart, lineEnd).replace(/\r$/, "");
    const column = at - lineStart + 1;
    const length = Math.max(1, Math.min(end, lineStart + text.length) - at);
    return { line: index + 1, column, length, text };
  }

  /** The place of a line (from 1) and column. */
  locationOfLine(line: number, column: number): Location {
    const starts = (this.lineStarts ??= findLineStarts(this.text));
    const start = (starts[line - 1] ?? this.text.length) + column - 1;
    return this.location(start, start + 1);
  }
}

function findLineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last start that is not behind `at`. */
function lastNotAfter(starts: readonly number[], at: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
