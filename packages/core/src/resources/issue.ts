import type { Resource, ResourceReference } from "./resource.js";

/** `error`: rejected or cannot work. `warning`: works badly or is at risk. `note`: worth knowing. */
export type Severity = "error" | "warning" | "note";

/** A step into a resource: a field name, or an index of a list. */
export type PathSegment = string | number;

/** What {@link import("./validate.js").validate} can find, for programs. The message is for people. */
export type IssueCode =
  | "TYPE_WRONG"
  | "FIELD_REQUIRED"
  | "FIELD_UNKNOWN"
  | "FIELDS_CONFLICT"
  | "VALUE_UNKNOWN"
  | "VALUE_OUT_OF_RANGE"
  | "NAME_INVALID"
  | "CIDR_INVALID"
  | "CIDR_NOT_MASKED"
  | "ADDRESS_INVALID"
  | "DURATION_INVALID"
  | "SELECTOR_INVALID"
  | "ENCAPSULATION_BOTH"
  | "IPIP_ON_IPV6"
  | "POOL_LINK_LOCAL"
  | "POOL_SMALLER_THAN_BLOCK"
  | "POOL_OVERLAP"
  | "LOAD_BALANCER_POOL"
  | "RESOURCE_DUPLICATE"
  | "NODE_ADDRESS_DUPLICATE"
  | "CALICO_VERSION_NEAREST";

/** One finding about a resource: plain data that a person can act on. */
export interface Issue<Code extends string = IssueCode> {
  readonly severity: Severity;
  readonly code: Code;
  /** The configuration lint rule (`L17`) behind the finding, where there is one. */
  readonly rule?: string;
  readonly message: string;
  readonly resource?: ResourceReference;
  /** Where in the resource, as people write it: `spec.cidr`, `metadata.annotations["a/b"]`. */
  readonly field?: string;
  /** The same for programs. */
  readonly path?: readonly PathSegment[];
  /** What stands there. */
  readonly got?: string;
  /** What would be accepted. */
  readonly want?: string;
}

/** Writes a path as people do: `spec.ipPools[0].cidr`, `metadata.annotations["projectcalico.org/IPv4Address"]`. */
export function formatPath(path: readonly PathSegment[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${String(step)}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** What an {@link Issue} is made from; `path` gives `field`. */
export interface IssueParts<Code extends string> {
  readonly severity?: Severity;
  readonly code: Code;
  readonly rule?: string | undefined;
  readonly message: string;
  readonly path?: readonly PathSegment[] | undefined;
  readonly got?: unknown;
  readonly want?: string | undefined;
}

/** Takes the findings of a rule about one resource. */
export type Report = (parts: IssueParts<IssueCode>) => void;

/** Makes an {@link Issue}; an error unless said otherwise. */
export function issueAt<Code extends string>(
  resource: ResourceReference | undefined,
  parts: IssueParts<Code>,
): Issue<Code> {
  return {
    severity: parts.severity ?? "error",
    code: parts.code,
    message: parts.message,
    ...(parts.rule === undefined ? {} : { rule: parts.rule }),
    ...(resource === undefined ? {} : { resource }),
    ...(parts.path === undefined ? {} : { field: formatPath(parts.path), path: parts.path }),
    ...(parts.got === undefined ? {} : { got: showValue(parts.got) }),
    ...(parts.want === undefined ? {} : { want: parts.want }),
  };
}

/** The name of a resource, for an {@link Issue}. */
export function referenceOf(resource: Resource): ResourceReference {
  const { name, namespace } = resource.metadata;
  return { kind: resource.kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** Shows a value in a message, cut to a readable length. */
export function showValue(value: unknown): string {
  const text = typeof value === "number" ? String(value) : inJson(value);
  return text.length <= 120 ? text : `${text.slice(0, 117)}…`;
}

/** What JSON cannot write, such as a bigint or an object that holds itself, is written as JavaScript does, or by its kind. */
function inJson(value: unknown): string {
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  const named = `${/^[AEIOU]/.test(kind) ? "an" : "a"} ${kind}`;
  if (typeof value === "object" && !["Object", "Array", "Null"].includes(kind)) return named;
  if (typeof value === "bigint") return value.toString();
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return `${named} that JSON has no words for`;
  }
}

/**
 * The candidate nearest to a mistyped word, if one is near enough to be meant.
 *
 * Letter case does not count; swapped neighbours count as one slip (`brid` → `bird`).
 */
export function nearestName(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const limit = Math.max(1, Math.floor(lower.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (candidate === "" || Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "Always"?`, or nothing. Put at the end of a message. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const near = nearestName(word, candidates);
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
}

/** Optimal string alignment distance: insert, delete, replace, swap neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
