/** Lines of a BIRD configuration. */
export type Lines = readonly string[];

/** A statement with a body in braces, one level deeper. */
export function braced(head: string, body: Lines): Lines {
  return [`${head} {`, ...body.map((line) => (line === "" ? "" : `  ${line}`)), "}"];
}

/** `if (a && b) then { … }`; without a condition the body alone. */
export function when(conditions: Lines, body: Lines): Lines {
  if (conditions.length === 0) return body;
  return braced(`if ${conditions.map((one) => `(${one})`).join(" && ")} then`, body).map(
    (line, i) => (i === 0 && conditions.length > 1 ? parenthesised(line) : line),
  );
}

/** BIRD takes one expression after `if`. */
function parenthesised(line: string): string {
  return line.replace(/^if (.*) then \{$/, "if ( $1 ) then {");
}

/** Sections with an empty line between; empty ones are left out. */
export function sections(...all: readonly Lines[]): string {
  return `${all
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

/** A quoted text. BIRD's strings have no escapes, so what would end one is refused. */
export function quoted(text: string): string {
  if (/["\n]/.test(text))
    throw new RangeError(
      `${JSON.stringify(text)} cannot stand in a BIRD configuration: BIRD's texts have no escapes`,
    );
  return `"${text}"`;
}
