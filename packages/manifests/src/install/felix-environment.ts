import { didYouMean, FELIX_FIELDS, type FieldSchema } from "@calico-sim/core";
import type { IssueLog } from "../issue-log.js";
import type { Environment, EnvironmentValue } from "./containers.js";

/** Parameters whose name differs from the resource's field. @see calico: api/pkg/apis/projectcalico/v3/felixconfig.go (confignamev1) */
const RENAMED: Readonly<Record<string, string>> = {
  IPINIPENABLED: "ipipEnabled",
  IPINIPMTU: "ipipMTU",
  EXTERNALNODESCIDRLIST: "externalNodesList",
};

/** Parameters of the process that no resource has. @see calico: felix/config/config_params.go */
const LOCAL_ONLY: ReadonlySet<string> = new Set([
  "DATASTORETYPE",
  "FELIXHOSTNAME",
  "ETCDADDR",
  "ETCDSCHEME",
  "ETCDENDPOINTS",
  "ETCDKEYFILE",
  "ETCDCERTFILE",
  "ETCDCAFILE",
  "TYPHAADDR",
  "TYPHAK8SSERVICENAME",
  "TYPHAK8SNAMESPACE",
  "TYPHAREADTIMEOUT",
  "TYPHAWRITETIMEOUT",
  "TYPHACAFILE",
  "TYPHACERTFILE",
  "TYPHAKEYFILE",
  "TYPHACN",
  "TYPHAURISAN",
  "LOADCLIENTCONFIGFROMFILEPATH",
  "KUBERNETESPROVIDER",
]);

const FIELD_BY_PARAMETER: ReadonlyMap<string, string> = new Map([
  ...Object.keys(FELIX_FIELDS).map((field) => [field.toUpperCase(), field] as const),
  ...Object.entries(RENAMED),
]);

/**
 * The `FELIX_…` variables as fields of FelixConfiguration, converted to the resource's types.
 *
 * Felix reads names without regard to case and takes `none` for the zero value; durations are
 * seconds there and Go durations in the resource.
 *
 * @see calico: felix/config/config_params.go
 */
export function felixEnvironment(
  environment: Environment,
  log: IssueLog,
): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const [name, variable] of environment) {
    if (!/^FELIX_/i.test(name)) continue;
    const parameter = name.slice("FELIX_".length).toUpperCase();
    const field =
      FIELD_BY_PARAMETER.get(parameter) ?? FIELD_BY_PARAMETER.get(parameter.replace(/SECS$/, ""));
    const schema = field === undefined ? undefined : FELIX_FIELDS[field];
    if (field === undefined || schema === undefined) {
      if (!LOCAL_ONLY.has(parameter)) reportUnknown(name, parameter, variable, log);
      continue;
    }
    if (variable.value === undefined || variable.value === "") continue;
    const converted = convert(variable.value, schema);
    if (converted === undefined) reportInvalid(name, schema, variable, log);
    else fields[field] = converted;
  }
  return fields;
}

function convert(text: string, schema: FieldSchema): unknown {
  if (text.toLowerCase() === "none") return zeroOf(schema);
  switch (schema.type) {
    case "boolean":
      if (/^(true|1|yes|y|t)$/i.test(text)) return true;
      return /^(false|0|no|n|f)$/i.test(text) ? false : undefined;
    case "integer": {
      const number = /^0x[0-9a-f]+$/i.test(text) || /^-?\d+$/.test(text) ? Number(text) : undefined;
      if (number === undefined) return undefined;
      return number >= (schema.min ?? number) && number <= (schema.max ?? number)
        ? number
        : undefined;
    }
    case "enum":
      return schema.values.find((value) => value.toLowerCase() === text.toLowerCase());
    case "string":
      if (schema.format !== "duration") return text;
      if (/^\d+(\.\d+)?$/.test(text)) return `${text}s`;
      return /^(\d+(\.\d+)?(h|m|s|ms|us))+$/.test(text) ? text : undefined;
    case "list":
      return text.split(",").map((item) => item.trim());
    default:
      return text;
  }
}

function zeroOf(schema: FieldSchema): unknown {
  switch (schema.type) {
    case "boolean":
      return false;
    case "integer":
      return 0;
    case "list":
      return [];
    case "string":
      return schema.format === "duration" ? "0s" : "";
    default:
      return "";
  }
}

function reportUnknown(
  name: string,
  parameter: string,
  variable: EnvironmentValue,
  log: IssueLog,
): void {
  const known = [...FIELD_BY_PARAMETER.keys(), ...LOCAL_ONLY];
  log.add(variable.declaration.object, {
    severity: "warning",
    code: "SETTING_UNKNOWN",
    message: `Felix has no parameter ${name}; it is ignored${didYouMean(parameter, known)}`,
    path: variable.declaration.path,
    got: name,
  });
}

function reportInvalid(
  name: string,
  schema: FieldSchema,
  variable: EnvironmentValue,
  log: IssueLog,
): void {
  log.add(variable.object, {
    severity: "warning",
    code: "SETTING_INVALID",
    message: `${name} cannot be ${JSON.stringify(variable.value)}; Felix takes its default`,
    path: variable.path,
    got: variable.value,
    want: wantedBy(schema),
  });
}

function wantedBy(schema: FieldSchema): string {
  switch (schema.type) {
    case "boolean":
      return "true or false";
    case "enum":
      return schema.values.join(", ");
    case "integer":
      return `a whole number${schema.min === undefined ? "" : ` from ${String(schema.min)}`}${schema.max === undefined ? "" : ` to ${String(schema.max)}`}`;
    default:
      return "seconds, or a duration such as 90s";
  }
}
