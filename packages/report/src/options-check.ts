import { ClusterError, fieldIssues } from "@calico-sim/cluster";
import { type FieldSchema, isRecord, type ObjectSchema, showValue } from "@calico-sim/core";
import { PLAIN } from "./format/table.js";

const any: FieldSchema = { type: "any" };

const TEXT: ObjectSchema = {
  type: "object",
  // Fewer characters than a table has columns would leave nothing of them.
  fields: { compare: any, width: { type: "integer", min: 40 }, colour: any },
};

const HTML: ObjectSchema = {
  type: "object",
  fields: { compare: any, title: { type: "string" } },
};

/** Checks what a page is to be made of. @throws ClusterError naming what is wrong. */
export function checkTextOptions(result: unknown, options: object): void {
  check(result, options, TEXT, "the options of renderText");
  const palette = part(options, "colour") ?? PLAIN;
  const marks = Object.keys(PLAIN).join(", ");
  if (!Object.keys(PLAIN).every((mark) => isFunction(palette, mark)))
    throw new ClusterError(`colour: ${showValue(palette)} is no palette (expected ${marks})`);
}

/** The same for a file of HTML. @throws ClusterError naming what is wrong. */
export function checkHtmlOptions(result: unknown, options: object): void {
  check(result, options, HTML, "the options of renderHtml");
}

function check(result: unknown, options: object, schema: ObjectSchema, what: string): void {
  const issues = fieldIssues(options, schema, [], what);
  if (issues.length > 0) throw new ClusterError(issues);
  for (const [name, given] of Object.entries({
    result,
    compare: part(options, "compare") ?? result,
  }))
    if (!isRecord(given) || !isRecord(given["cluster"]) || !Array.isArray(given["changes"]))
      throw new ClusterError(`${name}: ${showValue(given)} is no result as simulate(…) returns it`);
}

function part(options: object, name: string): unknown {
  return (options as Readonly<Record<string, unknown>>)[name];
}

function isFunction(palette: unknown, mark: string): boolean {
  // A palette may be a function itself, or an object of a class.
  const holder = typeof palette === "object" || typeof palette === "function" ? palette : null;
  return typeof (holder as Record<string, unknown> | null)?.[mark] === "function";
}
