import { type AddressFamily, isRecord, type PathSegment } from "@calico-sim/core";
import type { IssueLog } from "../issue-log.js";
import type { ManifestObject } from "../manifest-object.js";
import { jsonErrorOffset } from "../source/document.js";
import type { CNISettings } from "./settings.js";

/** The network configuration as text, and where it stands. */
export interface CNIConfigText {
  readonly text: string;
  readonly object: ManifestObject;
  readonly path: readonly PathSegment[];
}

/**
 * Values the installer puts in place of `__NAME__`, by name.
 *
 * @see calico: cni-plugin/pkg/install/
 */
export type Placeholders = Readonly<Record<string, string>>;

/** Placeholders whose value only the node knows; any text stands for them. */
const KNOWN_ON_THE_NODE: Placeholders = {
  __KUBERNETES_NODE_NAME__: "node",
  __KUBECONFIG_FILEPATH__: "/etc/cni/net.d/calico-kubeconfig",
  __KUBECONFIG_FILENAME__: "calico-kubeconfig",
  __SERVICEACCOUNT_TOKEN__: "token",
  __KUBERNETES_SERVICE_PROTOCOL__: "https",
  __KUBERNETES_SERVICE_HOST__: "10.96.0.1",
  __KUBERNETES_SERVICE_PORT__: "443",
  __LOG_LEVEL__: "info",
};

/**
 * Reads the CNI network configuration as the installer would write it: placeholders first, then
 * JSON (lint L08, L09). `"mtu": __CNI_MTU__` is unquoted, so before that it is no JSON.
 */
export function readCNIConfig(
  config: CNIConfigText,
  placeholders: Placeholders,
  log: IssueLog,
): CNISettings | undefined {
  const values: Placeholders = { ...KNOWN_ON_THE_NODE, ...placeholders };
  const text = substitute(config, values, log);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const offset = sameLine(text, config.text, jsonErrorOffset(message) ?? text.length);
    const reason = message.replace(/ at position \d+.*$/, "");
    refuse(config, log, offset, `is not JSON after placeholders are replaced (${reason})`);
    return undefined;
  }
  const plugins = isRecord(parsed) ? parsed["plugins"] : undefined;
  if (!isRecord(parsed) || !Array.isArray(plugins)) {
    refuse(config, log, 0, 'has no list "plugins"');
    return undefined;
  }
  const types = plugins.map((p: unknown) =>
    isRecord(p) && typeof p["type"] === "string" ? p["type"] : "",
  );
  if (types.includes("")) {
    refuse(config, log, config.text.indexOf("plugins"), 'has a plugin without "type"');
    return undefined;
  }
  const calico: unknown = plugins[types.indexOf("calico")];
  if (!isRecord(calico)) {
    refuse(config, log, config.text.indexOf("plugins"), 'has no plugin of type "calico"');
    return undefined;
  }
  return settingsOf(parsed, calico, types, config, log);
}

/** Puts something in place of every placeholder, so that the rest can be read as JSON. */
export function fillPlaceholders(text: string): string {
  return text.replace(PLACEHOLDER, (placeholder) => KNOWN_ON_THE_NODE[placeholder] ?? "0");
}

const PLACEHOLDER = /__[A-Z0-9_]+?__/g;

function substitute(config: CNIConfigText, values: Placeholders, log: IssueLog): string {
  return config.text.replace(PLACEHOLDER, (placeholder, offset: number) => {
    const value = values[placeholder];
    if (value !== undefined) return value;
    log.addInside(config.object, config.path, offset, {
      code: "CNI_CONFIG_INVALID",
      rule: "L08",
      message: `the installer does not replace ${placeholder}: the CNI configuration it writes is broken and the node stays NotReady`,
      got: placeholder,
      want: Object.keys(values).join(", "),
    });
    return "0";
  });
}

/** Placeholders and their values differ in length, but not in lines. */
function sameLine(from: string, to: string, offset: number): number {
  const before = from.slice(0, offset).split("\n");
  const lines = to.split("\n");
  const line = Math.min(before.length, lines.length) - 1;
  const start = lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
  return start + Math.min((before[line] ?? "").length, (lines[line] ?? "").length);
}

function refuse(config: CNIConfigText, log: IssueLog, offset: number, what: string): void {
  log.addInside(config.object, config.path, Math.max(0, offset), {
    code: "CNI_CONFIG_INVALID",
    rule: "L08",
    message: `the CNI network configuration ${what}; its installation fails and the node stays NotReady`,
  });
}

function settingsOf(
  list: Readonly<Record<string, unknown>>,
  calico: Readonly<Record<string, unknown>>,
  plugins: readonly string[],
  config: CNIConfigText,
  log: IssueLog,
): CNISettings {
  const given = isRecord(calico["ipam"]) ? calico["ipam"] : {};
  const ipam = given["type"];
  const endpoints = calico["etcd_endpoints"];
  const mtu = readMTU(calico["mtu"], config, log);
  return {
    ipam: typeof ipam === "string" ? ipam : "",
    // calico: cni-plugin/internal/pkg/utils/utils.go: etcdv3 unless said otherwise
    datastore: calico["datastore_type"] === "kubernetes" ? "kubernetes" : "etcdv3",
    etcdEndpoints: splitList(typeof endpoints === "string" ? endpoints : ""),
    families: familiesOf(given, config, log),
    networkName: typeof list["name"] === "string" ? list["name"] : "",
    plugins,
    ...(mtu === undefined ? {} : { mtu }),
    ...(typeof calico["qps"] === "number" ? { qps: calico["qps"] } : {}),
    ...(typeof calico["burst"] === "number" ? { burst: calico["burst"] } : {}),
  };
}

/**
 * Which addresses IPAM is asked for: IPv4 unless `assign_ipv4` is "false", IPv6 if `assign_ipv6` is "true".
 *
 * @see calico: cni-plugin/pkg/ipamplugin/ipam_plugin.go
 */
function familiesOf(
  ipam: Readonly<Record<string, unknown>>,
  config: CNIConfigText,
  log: IssueLog,
): readonly AddressFamily[] {
  for (const field of ["assign_ipv4", "assign_ipv6"]) {
    const value = ipam[field];
    if (value === undefined || typeof value === "string") continue;
    log.addInside(config.object, config.path, Math.max(0, config.text.indexOf(`"${field}"`)), {
      severity: "warning",
      code: "CNI_CONFIG_INVALID",
      rule: "L08",
      message: `the CNI plugin reads ${field} as a text and cannot decode ${JSON.stringify(value)} (put it in quotes); it is taken for one`,
      got: value,
      want: '"true" or "false"',
    });
  }
  const is = (field: string, value: string): boolean =>
    ipam[field] === value || ipam[field] === (value === "true");
  return [
    ...(is("assign_ipv4", "false") ? [] : ([4] as const)),
    ...(is("assign_ipv6", "true") ? ([6] as const) : []),
  ];
}

function readMTU(mtu: unknown, config: CNIConfigText, log: IssueLog): number | undefined {
  if (mtu === undefined || mtu === null) return undefined;
  if (typeof mtu === "number" && Number.isInteger(mtu)) return mtu;
  const quoted = typeof mtu === "string";
  log.addInside(config.object, config.path, Math.max(0, config.text.indexOf('"mtu"')), {
    severity: "warning",
    code: "MTU_INVALID",
    rule: "L09",
    message: quoted
      ? `the CNI plugin reads mtu as a number and cannot decode the text ${JSON.stringify(mtu)} (remove the quotes)`
      : "mtu must be a whole number",
    got: mtu,
    want: "a number without quotes",
  });
  return quoted && /^\d+$/.test(mtu) ? Number(mtu) : undefined;
}

/** Splits a comma-separated list as Calico's components do. */
export function splitList(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
