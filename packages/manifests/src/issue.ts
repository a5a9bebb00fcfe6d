import type { Issue, IssueCode } from "@calico-sim/core";

/** What reading can find beside what {@link Issue} knows of single resources. */
export type ManifestIssueCode =
  | IssueCode
  | "YAML_SYNTAX"
  | "YAML_DUPLICATE_KEY"
  | "YAML_TAB"
  | "JSON_SYNTAX"
  | "SOURCE_EMPTY"
  | "DOCUMENT_NOT_AN_OBJECT"
  | "FOLDER_NOT_READ"
  | "KIND_UNKNOWN"
  | "KIND_NOT_MODELLED"
  | "API_VERSION_WRONG"
  | "LAST_APPLIED_BROKEN"
  | "PLACEHOLDER_LEFT"
  | "CONFIG_MAP_MISSING"
  | "SETTING_UNKNOWN"
  | "SETTING_INVALID"
  | "BACKEND_UNKNOWN"
  | "BACKEND_OVERRIDDEN"
  | "CNI_CONFIG_INVALID"
  | "MTU_INVALID"
  | "MTU_MISMATCH"
  | "ETCD_ENDPOINTS_DIFFER"
  | "ETCD_TLS_MISMATCH"
  | "DATASTORE_DIFFERS"
  | "IPAM_MISMATCH"
  | "FAMILY_MISMATCH"
  | "TYPHA_MISSING"
  | "TYPHA_UNUSED"
  | "DEFAULT_POOL_CONFLICT"
  | "VERSION_SKEW";

/** A finding with its place in a file. Plain data; {@link formatIssue} prints it. */
export interface ManifestIssue extends Issue<ManifestIssueCode> {
  /** The name of the source. */
  readonly file: string;
  /** From 1; absent where the finding is about a file as a whole. */
  readonly line?: number;
  readonly column?: number;
  /** The line, and how many characters from `column` on are meant. */
  readonly excerpt?: { readonly text: string; readonly length: number };
}

/** How many characters of a long line are shown around the place. */
const EXCERPT_WIDTH = 100;

/**
 * Prints a finding with its line and a caret.
 *
 * @example
 * calico.yaml:49:19: error [L01] ConfigMap/kube-system/calico-config data.calico_backend
 *   "brid" is none of bird, vxlan, none; did you mean "bird"?
 *    49 |   calico_backend: brid
 *       |                   ^^^^
 */
export function formatIssue(issue: ManifestIssue): string {
  const place =
    issue.line === undefined ? "" : `:${String(issue.line)}:${String(issue.column ?? 1)}`;
  const { resource } = issue;
  const subject =
    resource === undefined
      ? ""
      : ` ${[resource.kind, resource.namespace, resource.name].filter((part) => part !== undefined && part !== "").join("/")}`;
  const field = issue.field === undefined ? "" : ` ${issue.field}`;
  const lines = [
    `${issue.file}${place}: ${issue.severity} [${issue.rule ?? issue.code}]${subject}${field}`,
    `  ${issue.message}`,
  ];
  if (issue.want !== undefined) lines.push(`  want: ${issue.want}`);
  if (issue.line !== undefined && issue.excerpt !== undefined) {
    lines.push(...caret(issue.line, issue.column ?? 1, issue.excerpt));
  }
  return lines.join("\n");
}

function caret(
  line: number,
  column: number,
  excerpt: { readonly text: string; readonly length: number },
): string[] {
  const number = String(line).padStart(5);
  // A last-applied annotation is one line of kilobytes: show a window of it.
  const from = column > EXCERPT_WIDTH ? column - EXCERPT_WIDTH / 2 : 0;
  const head = from === 0 ? "" : "…";
  const shown = excerpt.text.slice(from, from + EXCERPT_WIDTH).replaceAll("\t", " ");
  const tail = excerpt.text.length > from + EXCERPT_WIDTH ? "…" : "";
  const indent = head.length + column - 1 - from;
  const width = Math.max(1, Math.min(excerpt.length, shown.length + head.length - indent));
  return [
    `${number} | ${head}${shown}${tail}`,
    `${" ".repeat(number.length)} | ${" ".repeat(Math.max(0, indent))}${"^".repeat(width)}`,
  ];
}
