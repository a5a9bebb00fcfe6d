import {
  type FieldSchema,
  type Issue,
  isRecord,
  issueAt,
  LINK_BANDWIDTH_MIN,
  LINK_DELAY_MAX,
  type LinkAttributes,
  type LinkChange,
  type LinkSpec,
  type ObjectSchema,
  type PathSegment,
} from "@calico-sim/core";
import { fieldIssues } from "./check-fields.js";
import { type Ends, endFaults, linkKey, neighbourFault } from "./link-faults.js";
import type { UnderlayOptions } from "./underlay.js";

const any: FieldSchema = { type: "any" };
const delay: FieldSchema = { type: "integer", min: 0, max: LINK_DELAY_MAX };

/** What a scenario may change about a link. */
export const CHANGE_FIELDS: Readonly<Record<keyof LinkChange, FieldSchema>> = {
  latencyUs: delay,
  jitterUs: delay,
  bandwidthMbps: { type: "number", min: LINK_BANDWIDTH_MIN },
  loss: { type: "number", min: 0, max: 1 },
};

const LINK_FIELDS: Readonly<Record<keyof LinkAttributes, FieldSchema>> = {
  ...CHANGE_FIELDS,
  up: { type: "boolean" },
};

/** What may be said of a link. */
export const LINK: ObjectSchema = { type: "object", fields: LINK_FIELDS };

/** The same, and which link it is. */
export const SINGLE_LINK: ObjectSchema & { readonly fields: Record<keyof LinkSpec, FieldSchema> } =
  {
    type: "object",
    fields: { between: { type: "list", of: { type: "string" } }, ...LINK_FIELDS },
    required: ["between"],
  };

const UNDERLAY: ObjectSchema & { readonly fields: Record<keyof UnderlayOptions, FieldSchema> } = {
  type: "object",
  fields: { hostLink: any, rackLink: any, links: { type: "list", of: any } },
};

/** The option of a cluster; the file that describes an underlay holds what is below it. */
const ROOT = "underlay";

/** What is wrong with the fields of an underlay, each for itself. */
export function underlayFieldIssues(underlay: unknown): readonly Issue[] {
  if (underlay === undefined || underlay === null) return [];
  const issues = [...fieldIssues(underlay, UNDERLAY, [ROOT], "the underlay")];
  if (!isRecord(underlay)) return issues;
  for (const name of ["hostLink", "rackLink"] as const) {
    const link = underlay[name] ?? undefined;
    if (link !== undefined) issues.push(...fieldIssues(link, LINK, [ROOT, name], "a link"));
  }
  if (!Array.isArray(underlay["links"])) return issues;
  const links = [...(underlay["links"] as readonly unknown[])];
  return [
    ...issues,
    ...links.flatMap((link, i) => [
      ...fieldIssues(link, SINGLE_LINK, [ROOT, "links", i], "a link"),
      ...pairIssues(link, [ROOT, "links", i]),
    ]),
    ...repeated(links),
  ];
}

/** Links that are described a second time, whichever end is named first. */
function repeated(links: readonly unknown[]): readonly Issue[] {
  const first = new Map<string, number>();
  return links.flatMap((link, i) => {
    const between: unknown = isRecord(link) ? link["between"] : undefined;
    if (!isPair(between)) return [];
    const key = linkKey(between);
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, i);
      return [];
    }
    const message = `links[${String(before)}] describes the link between ${between[0]} and ${between[1]} already`;
    const parts = { message, got: between, want: "one entry for each link" };
    const path = [ROOT, "links", i, "between"];
    return [issueAt(undefined, { code: "RESOURCE_DUPLICATE", ...parts, path })];
  });
}

/** That the `between` of something lists more or fewer than two ends. */
export function pairIssues(value: unknown, path: readonly PathSegment[]): readonly Issue[] {
  const between = isRecord(value) ? value["between"] : undefined;
  if (!Array.isArray(between)) return [];
  if (between.length === 2 && between.every((end) => (end ?? undefined) !== undefined)) return [];
  const parts = { message: "a link has two ends", got: between, want: "two names" };
  return [issueAt(undefined, { code: "TYPE_WRONG", ...parts, path: [...path, "between"] })];
}

/**
 * Everything that is wrong with an underlay: its fields, and links that are not there.
 *
 * @param links All links there are.
 * @param unread Names of routers whose place is not known, since something else is wrong with them.
 */
export function underlayIssues(
  underlay: unknown,
  links: readonly Ends[],
  unread: readonly string[],
): readonly Issue[] {
  const ofFields = underlayFieldIssues(underlay);
  const single: unknown = isRecord(underlay) ? underlay["links"] : undefined;
  if (!Array.isArray(single)) return ofFields;
  const there = new Set(links.map(linkKey));
  const names = [...new Set(links.flat())];
  const missing = single.flatMap((link: unknown, i) => {
    const between: unknown = isRecord(link) ? link["between"] : undefined;
    if (!isPair(between) || there.has(linkKey(between))) return [];
    if (between.some((end) => unread.includes(end))) return [];
    const unknown = endFaults(between, names);
    const faults = unknown.length > 0 ? unknown : [neighbourFault(between, links)];
    return faults.map(({ path = [], ...parts }) =>
      issueAt(undefined, { ...parts, path: [ROOT, "links", i, ...path] }),
    );
  });
  return [...ofFields, ...missing];
}

function isPair(value: unknown): value is Ends {
  return Array.isArray(value) && value.length === 2 && value.every((x) => typeof x === "string");
}
