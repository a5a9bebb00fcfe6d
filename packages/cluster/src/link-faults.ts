import { didYouMean, type IssueCode, type IssueParts, type PathSegment } from "@calico-sim/core";
import { someOf } from "./external-router-check.js";

/** The two ends of a link, by name. */
export type Ends = readonly [string, string];

/** One key for a link, whichever end is named first. */
export function linkKey(between: Ends): string {
  return JSON.stringify([...between].sort());
}

/** Ends of a link that nothing has the name of. */
export function endFaults(
  between: Ends,
  known: readonly string[],
): readonly IssueParts<IssueCode>[] {
  return between.flatMap((end, i) =>
    known.includes(end)
      ? []
      : [unknown("node, rack or router of the underlay", end, ["between", i], known)],
  );
}

/** That two ends which are there are no neighbours. */
export function neighbourFault([a, b]: Ends, links: readonly Ends[]): IssueParts<IssueCode> {
  const neighbours = links.flatMap((link) => (link.includes(a) ? link.filter((x) => x !== a) : []));
  return {
    code: "VALUE_UNKNOWN",
    message: `there is no link between ${a} and ${b}`,
    path: ["between"],
    got: [a, b],
    want: `a neighbour of ${a}: ${someOf(neighbours)}`,
  };
}

/** That nothing of some kind has a name. */
export function unknown(
  what: string,
  name: string,
  path: readonly PathSegment[],
  known: readonly string[],
): IssueParts<IssueCode> {
  const message = `there is no ${what} ${JSON.stringify(name)}${didYouMean(name, known)}`;
  return { code: "VALUE_UNKNOWN", message, path, got: name, want: someOf(known) };
}
