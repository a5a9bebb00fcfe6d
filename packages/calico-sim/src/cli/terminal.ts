/** Where a stream of the command goes. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What the command writes to, and what it may use. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether a second simulation may run in a worker thread. */
  readonly parallel: boolean;
}

/** A mistake of the caller: exit code 2, and a message to act on. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** One line on a terminal that is written over; silent anywhere else. */
export class ProgressLine {
  private readonly output: Output;
  private shown = "";

  constructor(output: Output) {
    this.output = output;
  }

  /** Shows a text in place of the last one. */
  show(text: string): void {
    if (this.output.isTTY !== true || text === this.shown) return;
    const width = Math.max(20, (this.output.columns ?? 80) - 1);
    this.output.write(`\r\u001B[K${text.slice(0, width)}`);
    this.shown = text;
  }

  /** Takes the line away. */
  clear(): void {
    if (this.shown !== "") this.output.write("\r\u001B[K");
    this.shown = "";
  }
}
