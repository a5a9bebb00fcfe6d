import { parseAddress, parseCidr } from "../net/index.js";
import { parseSelector, SelectorError } from "../selector/index.js";
import { didYouMean, type Issue, issueAt, type PathSegment, showValue } from "./issue.js";
import type { ResourceReference } from "./resource.js";
import type { FieldSchema, TextFormat } from "./schema.js";

/**
 * Checks a value against a schema and adds what is wrong to `issues`.
 *
 * A null counts as absent, as in the Kubernetes API.
 */
export function checkValue(
  value: unknown,
  schema: FieldSchema,
  path: readonly PathSegment[],
  resource: ResourceReference,
  issues: Issue[],
): void {
  if (value === undefined || value === null || schema.type === "any") return;
  const wrongType = (want: string): void => {
    const hint = quotingHint(value, schema);
    issues.push(
      issueAt(resource, {
        code: "TYPE_WRONG",
        message: `must be ${want}, not ${describeType(value)}${hint}`,
        path,
        got: value,
        want,
      }),
    );
  };
  switch (schema.type) {
    case "boolean":
      if (typeof value !== "boolean") wrongType("true or false");
      return;
    case "string":
      if (typeof value !== "string") wrongType("text");
      else if (schema.format !== undefined)
        checkFormat(value, schema.format, path, resource, issues);
      return;
    case "integerOrText":
      if (typeof value !== "string" && !Number.isSafeInteger(value))
        wrongType("a whole number or text");
      else if (schema.format !== undefined) {
        checkFormat(`${value as string | number}`, schema.format, path, resource, issues);
      }
      return;
    case "enum":
      if (typeof value !== "string") wrongType(`one of ${schema.values.join(", ")}`);
      else if (!isOneOf(value, schema)) {
        issues.push(
          issueAt(resource, {
            code: "VALUE_UNKNOWN",
            message: `${JSON.stringify(value)} is not a value this field knows${didYouMean(value, schema.values)}`,
            path,
            got: value,
            want: schema.values.filter((v) => v !== "").join(", "),
          }),
        );
      }
      return;
    case "integer":
      if (!Number.isSafeInteger(value)) wrongType("a whole number");
      else checkRange(value as number, schema, path, resource, issues);
      return;
    case "number":
      if (!Number.isFinite(value)) wrongType("a number");
      else checkRange(value as number, schema, path, resource, issues);
      return;
    case "list":
      if (!Array.isArray(value)) wrongType("a list");
      else checkItems(value, schema, path, resource, issues);
      return;
    case "map":
      if (!isRecord(value)) wrongType("a map");
      else {
        for (const key of Object.keys(value)) {
          checkValue(value[key], schema.of, [...path, key], resource, issues);
        }
      }
      return;
    case "object":
      if (!isRecord(value)) wrongType("an object");
      else checkObject(value, schema, path, resource, issues);
  }
}

function checkItems(
  items: readonly unknown[],
  schema: Extract<FieldSchema, { type: "list" }>,
  path: readonly PathSegment[],
  resource: ResourceReference,
  issues: Issue[],
): void {
  // By entries, since holes are seen then, too.
  for (const [i, item] of items.entries()) {
    if ((item ?? undefined) !== undefined || schema.nulls === true || schema.of.type === "any") {
      checkValue(item, schema.of, [...path, i], resource, issues);
      continue;
    }
    const message = `a list has no empty entries, and this one is ${String(item)}`;
    const at = [...path, i];
    issues.push(issueAt(resource, { code: "TYPE_WRONG", message, path: at, want: "a value" }));
  }
}

function isOneOf(value: string, schema: Extract<FieldSchema, { type: "enum" }>): boolean {
  if (schema.values.includes(value)) return true;
  if (schema.anyCase !== true) return false;
  return schema.values.some((v) => v.toLowerCase() === value.toLowerCase());
}

function checkObject(
  value: Readonly<Record<string, unknown>>,
  schema: Extract<FieldSchema, { type: "object" }>,
  path: readonly PathSegment[],
  resource: ResourceReference,
  issues: Issue[],
): void {
  const known = Object.keys(schema.fields);
  for (const name of Object.keys(value)) {
    const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
    if (field !== undefined) checkValue(value[name], field, [...path, name], resource, issues);
    else if (schema.open !== true) {
      issues.push(
        issueAt(resource, {
          severity: "warning",
          code: "FIELD_UNKNOWN",
          message: `${resource.kind} has no field ${JSON.stringify(name)} here; it is ignored${didYouMean(name, known)}`,
          path: [...path, name],
          got: value[name],
        }),
      );
    }
  }
  for (const name of schema.required ?? []) {
    if (value[name] !== undefined && value[name] !== null && value[name] !== "") continue;
    issues.push(
      issueAt(resource, {
        code: "FIELD_REQUIRED",
        message: `${JSON.stringify(name)} is required`,
        path: [...path, name],
        want: "a value",
      }),
    );
  }
}

function checkRange(
  value: number,
  schema: { readonly min?: number; readonly max?: number },
  path: readonly PathSegment[],
  resource: ResourceReference,
  issues: Issue[],
): void {
  const min = schema.min ?? Number.NEGATIVE_INFINITY;
  const max = schema.max ?? Number.POSITIVE_INFINITY;
  if (value >= min && value <= max) return;
  const want = Number.isFinite(min)
    ? Number.isFinite(max)
      ? `${String(min)} to ${String(max)}`
      : `${String(min)} or more`
    : `${String(max)} or less`;
  issues.push(
    issueAt(resource, {
      code: "VALUE_OUT_OF_RANGE",
      message: `${String(value)} is out of range`,
      path,
      got: value,
      want,
    }),
  );
}

const FORMATS: Readonly<
  Record<
    TextFormat,
    { accepts(value: string): boolean; code: Issue["code"]; want: string; what: string }
  >
> = {
  cidr: {
    accepts: (value) => parseCidr(value) !== undefined,
    code: "CIDR_INVALID",
    want: "address/prefix-length, such as 10.244.0.0/16",
    what: "a CIDR",
  },
  ipv4Address: {
    accepts: (value) => parseAddress(value)?.family === 4,
    code: "ADDRESS_INVALID",
    want: "an IPv4 address such as 10.0.0.254",
    what: "an IPv4 address",
  },
  ipv6Address: {
    accepts: (value) => parseAddress(value)?.family === 6,
    code: "ADDRESS_INVALID",
    want: "an IPv6 address such as fd00::254",
    what: "an IPv6 address",
  },
  address: {
    accepts: (value) => value === "" || parseAddress(value) !== undefined,
    code: "ADDRESS_INVALID",
    want: "an IPv4 or IPv6 address",
    what: "an IP address",
  },
  addressOrCidr: {
    accepts: (value) =>
      value === "" || parseCidr(value) !== undefined || parseAddress(value) !== undefined,
    code: "ADDRESS_INVALID",
    want: "an IP address, or address/prefix-length such as 10.0.0.5/24",
    what: "an IP address",
  },
  duration: {
    accepts: (value) => value === "0" || /^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(value),
    code: "DURATION_INVALID",
    want: "a duration such as 90s or 1m30s",
    what: "a duration",
  },
  selector: {
    accepts: isSelector,
    code: "SELECTOR_INVALID",
    want: "a selector such as all(), has(rack) or rack == 'a' && !has(drained)",
    what: "a selector",
  },
  autonomousSystem: {
    accepts: isAutonomousSystem,
    code: "VALUE_OUT_OF_RANGE",
    want: "an AS number: 0 to 4294967295, or two 16-bit halves such as 1.10",
    what: "an AS number",
  },
};

function checkFormat(
  value: string,
  format: TextFormat,
  path: readonly PathSegment[],
  resource: ResourceReference,
  issues: Issue[],
): void {
  const rule = FORMATS[format];
  if (rule.accepts(value)) return;
  const zeros = /(^|[./])0\d/.test(value) && /cidr|address/i.test(format);
  issues.push(
    issueAt(resource, {
      code: rule.code,
      message: `${JSON.stringify(value)} is not ${rule.what}${zeros ? " (leading zeros are refused, as Go refuses them)" : ""}`,
      path,
      got: value,
      want: rule.want,
    }),
  );
}

function isSelector(value: string): boolean {
  try {
    parseSelector(value);
    return true;
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}

function isAutonomousSystem(value: string): boolean {
  const halves = /^(\d+)\.(\d+)$/.exec(value);
  if (halves !== null) return Number(halves[1]) <= 0xffff && Number(halves[2]) <= 0xffff;
  return /^\d+$/.test(value) && Number(value) <= 0xffff_ffff;
}

/** True for an object that holds its content in fields; a Map, a Date or a Promise does not. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === "[object Object]";
}

function describeType(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return isRecord(value) ? "an object" : showValue(value);
  if (typeof value === "string") return `the text ${JSON.stringify(value)}`;
  // JSON has no number that is infinite or none.
  return typeof value === "number"
    ? `the number ${String(value)}`
    : `the ${typeof value} ${showValue(value)}`;
}

/** YAML 1.2 reads `yes` and `off` as text, and people quote numbers: say so. */
function quotingHint(value: unknown, schema: FieldSchema): string {
  if (typeof value === "string") {
    if (schema.type === "boolean" && /^(true|false)$/i.test(value)) return " (remove the quotes)";
    if (schema.type === "boolean" && /^(yes|no|on|off)$/i.test(value))
      return " (write true or false)";
    if (
      (schema.type === "integer" && /^\d+$/.test(value)) ||
      (schema.type === "number" && /^\d+(\.\d+)?$/.test(value))
    )
      return " (remove the quotes)";
  }
  if (schema.type === "string" && (typeof value === "number" || typeof value === "boolean")) {
    return " (put it in quotes)";
  }
  return "";
}
