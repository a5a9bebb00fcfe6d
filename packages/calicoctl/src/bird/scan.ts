/** BIRD's answer is not of the form that Calico's tools read. */
export class BirdOutputError extends Error {
  override readonly name = "BirdOutputError";
}

/** What a command's answer may hold, beside the greeting and the end. */
export interface AnswerForm {
  /** Code of rows, as four digits: the first row has it, the others a blank instead. */
  readonly rows: readonly string[];
  /** Code of the line of headings and the words that it must consist of. */
  readonly headings?: { readonly code: string; readonly words: readonly string[] };
  /** Codes of lines that end the answer. @defaultValue `0000` */
  readonly ends?: readonly string[];
}

/** A row with its code; a row without one has that of the row before. */
export interface AnswerRow {
  readonly code: string;
  readonly text: string;
}

/** Code of the greeting (bird: doc/reply_codes). */
const READY = "0001";

/**
 * Splits an answer on BIRD's control socket into rows, as `calicoctl node status` and calico-node's status
 * reporter do: what comes after the end is not looked at (calico: calicoctl/calicoctl/commands/node/status.go,
 * node/pkg/status/populators).
 *
 * @throws BirdOutputError when the headings are others, or a line has a code that the command does not give.
 */
export function scanAnswer(text: string, form: AnswerForm): readonly AnswerRow[] {
  const rows: AnswerRow[] = [];
  let code = "";
  // As Go's line scanner: a text without a line has none, not an empty one.
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  for (const line of lines) {
    const own = /^\d{3,4}(?=[- ])/.exec(line)?.[0]?.padStart(4, "0") ?? line.trim();
    if ((form.ends ?? ["0000"]).includes(own)) {
      if (own !== "0000") rows.push({ code: own, text: afterCode(line) });
      return rows;
    }
    if (own === READY) continue;
    if (form.headings !== undefined && own === form.headings.code) {
      if (words(afterCode(line)).join(" ") !== form.headings.words.join(" "))
        throw new BirdOutputError(
          `unknown BIRD table output format: headings "${afterCode(line)}"`,
        );
      continue;
    }
    if (form.rows.includes(own)) {
      code = own;
      rows.push({ code, text: afterCode(line) });
    } else if (line.startsWith(" ")) rows.push({ code, text: line.slice(1) });
    else throw new BirdOutputError(`unexpected output line from BIRD: "${line}"`);
  }
  return rows;
}

/** The words of a line. */
export function words(line: string): readonly string[] {
  return line.split(/\s+/).filter((word) => word !== "");
}

function afterCode(line: string): string {
  return line.replace(/^\d{3,4}[- ]/, "");
}
