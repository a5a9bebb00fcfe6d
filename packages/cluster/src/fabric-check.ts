import {
  type FabricSpec,
  type FieldSchema,
  type Issue,
  isRecord,
  type ObjectSchema,
  showValue,
} from "@calico-sim/core";
import { faultAt, fieldIssues } from "./check-fields.js";
import { LINK, SINGLE_LINK } from "./underlay-check.js";

const text: FieldSchema = { type: "string" };
const subnet: FieldSchema = { type: "string", format: "cidr" };
const listOf = (fields: Readonly<Record<string, FieldSchema>>, ...required: string[]) =>
  ({ type: "list", of: { type: "object", fields, required } }) as const;

const FABRIC: ObjectSchema & { readonly fields: Record<keyof FabricSpec, FieldSchema> } = {
  type: "object",
  fields: {
    racks: listOf({ name: text, subnet }, "name"),
    routers: listOf({ name: text }, "name"),
    nodes: listOf({ name: text, rack: text, subnet, link: LINK }, "name", "rack"),
    links: { type: "list", of: SINGLE_LINK },
    hostLink: LINK,
    switchLink: LINK,
    laterUplinks: { type: "map", of: LINK },
    routersBetweenSubnets: { type: "integer", min: 0 },
  },
};

/** An underlay holds the Node resources, in order. */
export function fabricIssues(fabric: unknown, names: readonly string[]): readonly Issue[] {
  const path = ["fabric"];
  const want = "an underlay as leafSpine makes it";
  const parts = isRecord(fabric) ? ["nodes", "racks", "routers", "links"] : [];
  if (!isRecord(fabric) || !parts.every((part) => Array.isArray(fabric[part])))
    return [faultAt("TYPE_WRONG", path, `${showValue(fabric)} is no underlay`, want)];
  const ofFields = fieldIssues(fabric, FABRIC, path, "an underlay");
  if (ofFields.length > 0) return ofFields;
  const held = (fabric as unknown as FabricSpec).nodes.map(({ name }) => name);
  const other = names.findIndex((name, i) => held[i] !== name);
  if (other < 0 && held.length === names.length) return [];
  const at = other < 0 ? names.length : other;
  const message = `node ${String(at)} of the underlay is ${held[at] ?? "missing"}, and of the Node resources ${names[at] ?? "missing"}`;
  return [
    faultAt(
      "VALUE_OUT_OF_RANGE",
      [...path, "nodes", at],
      message,
      "the Node resources, in their order",
    ),
  ];
}
