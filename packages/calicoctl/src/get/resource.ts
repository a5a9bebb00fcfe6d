import { isRecord, parseASNumber } from "@calico-sim/core";

/** A resource as `calicoctl get` has it: the v3 API object. */
export interface ApiResource {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: object;
}

/** The value at a path of fields, e.g. `spec.bgp.asNumber`; `undefined` where there is none. */
export function valueAt(resource: ApiResource, path: string): unknown {
  let value: unknown = resource;
  for (const field of path.split(".")) value = isRecord(value) ? value[field] : undefined;
  return value ?? undefined;
}

/** The text of a plain value at a path, or `absent`. */
export function textAt(resource: ApiResource, path: string, absent = ""): string {
  const value = valueAt(resource, path);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : absent;
}

/** The list at a path; empty where there is none. */
export function listAt(resource: ApiResource, path: string): readonly unknown[] {
  const value = valueAt(resource, path);
  return Array.isArray(value) ? value : [];
}

/** The AS number at a path as Calico prints it: `1.10` is `65546` (calico: api/pkg/lib/numorstring/asnumber.go). */
export function asNumberAt(resource: ApiResource, path: string, absent: string): string {
  return String(parseASNumber(textAt(resource, path)) ?? absent);
}
