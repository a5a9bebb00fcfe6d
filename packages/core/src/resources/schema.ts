/** How a text field must read. */
export type TextFormat =
  | "cidr"
  | "address"
  | "ipv4Address"
  | "ipv6Address"
  | "addressOrCidr"
  | "duration"
  | "autonomousSystem"
  | "selector";

/** What one field of a resource may hold. Plain data, so that a kind is a table. */
export type FieldSchema =
  | { readonly type: "any" }
  | { readonly type: "boolean" }
  | { readonly type: "string"; readonly format?: TextFormat }
  | { readonly type: "enum"; readonly values: readonly string[]; readonly anyCase?: boolean }
  | { readonly type: "integer"; readonly min?: number; readonly max?: number }
  /** With or without a fraction, and finite. */
  | { readonly type: "number"; readonly min?: number; readonly max?: number }
  | { readonly type: "integerOrText"; readonly format?: TextFormat }
  /** A null among them is refused unless `nulls`: nobody knows what it would stand for. */
  | { readonly type: "list"; readonly of: FieldSchema; readonly nulls?: boolean }
  | { readonly type: "map"; readonly of: FieldSchema }
  | {
      readonly type: "object";
      readonly fields: Readonly<Record<string, FieldSchema>>;
      readonly required?: readonly string[];
      /** True where the simulator knows only a part of the fields: others are no finding. */
      readonly open?: boolean;
    };

/** What the fields of an object may hold. */
export type ObjectSchema = Extract<FieldSchema, { type: "object" }>;

/** Any value. */
export const any: FieldSchema = { type: "any" };
/** True or false; a quoted "true" is refused, as by the Kubernetes API. */
export const boolean: FieldSchema = { type: "boolean" };
/** Any text. */
export const text: FieldSchema = { type: "string" };
/** `10.0.0.0/8`, `fd00::/48`: Go's strictness. */
export const cidr: FieldSchema = { type: "string", format: "cidr" };
/** An address without prefix length. */
export const address: FieldSchema = { type: "string", format: "address" };
/** An address, with the length of its subnet or without. */
export const addressOrCidr: FieldSchema = { type: "string", format: "addressOrCidr" };
/** A Go duration: `90s`, `1m30s`. */
export const duration: FieldSchema = { type: "string", format: "duration" };
/** Calico's label language; an empty one is no finding (calico: libcalico-go/lib/validator/v3/validator.go). */
export const selector: FieldSchema = { type: "string", format: "selector" };
/** An AS number: 64512, "64512" or "1.10" (calico: api/pkg/lib/numorstring/asnumber.go). */
export const autonomousSystem: FieldSchema = { type: "integerOrText", format: "autonomousSystem" };
/** A whole number, or text. */
export const integerOrText: FieldSchema = { type: "integerOrText" };

/** A whole number within bounds. */
export function integer(min?: number, max?: number): FieldSchema {
  return {
    type: "integer",
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  };
}

/** One of these words, in this spelling. */
export function oneOf(...values: readonly string[]): FieldSchema {
  return { type: "enum", values };
}

/** One of these words, in any letter case. */
export function oneOfAnyCase(...values: readonly string[]): FieldSchema {
  return { type: "enum", values, anyCase: true };
}

/** A list of such values. */
export function listOf(of: FieldSchema): FieldSchema {
  return { type: "list", of };
}

/** A map from any key to such values. */
export function mapOf(of: FieldSchema): FieldSchema {
  return { type: "map", of };
}

/** An object with these fields and no others. */
export function object(
  fields: Readonly<Record<string, FieldSchema>>,
  required: readonly string[] = [],
): FieldSchema {
  return { type: "object", fields, required };
}

/** An object of which the simulator knows these fields; others may stand beside them. */
export function openObject(
  fields: Readonly<Record<string, FieldSchema>>,
  required: readonly string[] = [],
): FieldSchema {
  return { type: "object", fields, required, open: true };
}

/** The same schema for several field names. */
export function fields(schema: FieldSchema, names: string): Record<string, FieldSchema> {
  return Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, schema]),
  );
}
