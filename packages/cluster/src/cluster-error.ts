import type { Issue, PathSegment } from "@calico-sim/core";

/** Faults that a message shows; what follows is mostly their echo. */
const SHOWN = 20;

/** The call described a cluster that cannot be; the message says which option, its value, and what would be right. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
  /** Everything that is wrong with options, each with its path; none where it is not an option alone. */
  readonly issues: readonly Issue[];
  /** The first of these options, as a path of field names and indices. */
  readonly path: readonly PathSegment[] | undefined;

  constructor(what: string | readonly Issue[]) {
    super(typeof what === "string" ? what : allOf(what));
    this.issues = typeof what === "string" ? [] : what;
    this.path = this.issues[0]?.path;
  }
}

function allOf(issues: readonly Issue[]): string {
  const more = issues.length - SHOWN;
  return [
    ...issues.slice(0, SHOWN).map(issueLine),
    ...(more > 0 ? [`… and ${String(more)} more errors`] : []),
  ].join("\n");
}

/** A fault in one line: `pools[0].cidr: "10.244.0.0" is not a CIDR (expected address/prefix-length, …)`. */
export function issueLine({ field, message, want }: Issue): string {
  const place = field === undefined || field === "" ? "" : `${field}: `;
  return `${place}${message}${want === undefined ? "" : ` (expected ${want})`}`;
}
