import {
  API_VERSIONS,
  checkValue,
  didYouMean,
  type Issue,
  type IssueCode,
  isCalicoApi,
  isRecord,
  issueAt,
  kindsOf,
  type ObjectSchema,
  type PathSegment,
  RESOURCE_KINDS,
  type Resource,
  showValue,
  validate,
  withoutNullFields,
} from "@calico-sim/core";

/** Something wrong with what a caller wrote, at a place in it; what would do, and what stands there. */
export function faultAt(
  code: IssueCode,
  path: readonly PathSegment[],
  message: string,
  want: string,
  got?: unknown,
): Issue {
  return issueAt(undefined, { code, message, path, got, want });
}

/**
 * What is wrong with the fields of an object that a caller wrote. One that is not in the schema is an error: what was
 * meant by it would not happen.
 *
 * @param what The object in words, e.g. `an external router`.
 */
export function fieldIssues(
  value: unknown,
  schema: ObjectSchema,
  path: readonly PathSegment[],
  what: string,
): readonly Issue[] {
  const known = Object.keys(schema.fields);
  if (!isRecord(value)) {
    const message = `${what} is an object, not ${showValue(value)}`;
    return [faultAt("TYPE_WRONG", path, message, known.join(", "))];
  }
  const found: Issue[] = [];
  checkValue(value, schema, path, { kind: what, name: "" }, found);
  return found.map(({ resource: _, ...issue }) => {
    const name = issue.path?.at(-1);
    if (issue.code !== "FIELD_UNKNOWN" || typeof name !== "string") return issue;
    return {
      ...issue,
      severity: "error",
      message: `${what} has no field ${JSON.stringify(name)}${didYouMean(name, known)}`,
      want: known.join(", "),
    };
  });
}

/** An object without the fields that are null, which YAML makes of an empty one, or undefined: they count as absent. */
export function withoutNulls<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => (field ?? undefined) !== undefined),
  ) as T;
}

/**
 * What is wrong with a resource: as {@link validate}, and where it was written by hand a field of its `spec` that Calico
 * does not know is an error, too. Findings keep their place below `path`.
 */
export function resourceIssues(
  value: unknown,
  path: readonly PathSegment[],
  calicoVersion: string,
  { byHand = true }: { readonly byHand?: boolean } = {},
): readonly Issue[] {
  const missing = (field: readonly string[], message: string, want: string): readonly Issue[] => [
    faultAt("FIELD_REQUIRED", [...path, ...field], message, want),
  ];
  const shape = "an object with apiVersion, kind and metadata.name";
  if (!isRecord(value))
    return missing([], `a resource is ${shape}, not ${showValue(value)}`, shape);
  const foreign = foreignValue(value, path, new Set());
  if (foreign !== undefined) return [foreign];
  const { apiVersion, kind, metadata } = value;
  if (typeof kind !== "string" || !(RESOURCE_KINDS as readonly string[]).includes(kind)) {
    const near = typeof kind === "string" ? didYouMean(kind, RESOURCE_KINDS) : "";
    const message = `there is no kind ${showValue(kind)}${near}`;
    return missing(["kind"], message, RESOURCE_KINDS.join(", "));
  }
  const ofCalico = !kindsOf(API_VERSIONS.kubernetes).includes(kind);
  if (typeof apiVersion !== "string" || (ofCalico && !isCalicoApi(apiVersion))) {
    const want = ofCalico ? API_VERSIONS.calico : API_VERSIONS.kubernetes;
    return missing(["apiVersion"], `${kind} is of no API ${showValue(apiVersion)}`, want);
  }
  const name = isRecord(metadata) ? metadata["name"] : undefined;
  if (typeof name !== "string" || name === "")
    return missing(["metadata", "name"], `${kind} needs metadata.name`, "a name");
  const resource = withoutNullFields(value) as unknown as Resource;
  return validate(resource, { calicoVersion }).flatMap((issue) => {
    const within = issue.path ?? [];
    const unknown = byHand && issue.code === "FIELD_UNKNOWN" && within[0] === "spec";
    if (issue.severity !== "error" && !unknown) return [];
    const message = unknown ? issue.message.replace(" here; it is ignored", "") : issue.message;
    return [
      issueAt(issue.resource, { ...issue, severity: "error", message, path: [...path, ...within] }),
    ];
  });
}

function isTime(value: object): boolean {
  return Object.prototype.toString.call(value) === "[object Date]";
}

/** Something in a resource that no datastore could hold, since JSON has no words for it; undefined where there is none. */
function foreignValue(
  value: unknown,
  path: readonly PathSegment[],
  above: Set<unknown>,
): Issue | undefined {
  const refusal = (message: string): Issue =>
    faultAt("TYPE_WRONG", path, message, "text, numbers, lists and objects, as in JSON");
  if (["bigint", "symbol", "function"].includes(typeof value) || Number.isNaN(value))
    return refusal(`${showValue(value)} cannot stand in a resource`);
  // A Date is what some readers of YAML make of a time; nothing here reads times of resources.
  if (typeof value !== "object" || value === null || isTime(value)) return undefined;
  if (!Array.isArray(value) && !isRecord(value))
    return refusal(`${showValue(value)} cannot stand in a resource`);
  if (above.has(value)) return refusal("a resource cannot hold itself");
  above.add(value);
  const entries: readonly (readonly [PathSegment, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  for (const [name, part] of entries) {
    const found = foreignValue(part, [...path, name], above);
    if (found !== undefined) return found;
  }
  above.delete(value);
  return undefined;
}
