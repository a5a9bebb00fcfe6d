import { isRecord } from "@calico-sim/core";
import { fillPlaceholders } from "./install/cni-config.js";
import type { IssueLog } from "./issue-log.js";
import type { ManifestObject } from "./manifest-object.js";
import { jsonErrorOffset } from "./source/document.js";
import { locateInJson, offsetOfCharacter } from "./source/json-position.js";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const PATH = ["metadata", "annotations", LAST_APPLIED];

/**
 * Checks the annotation in which kubectl keeps what was last applied, and the CNI configuration
 * inside it: JSON in JSON in YAML, which text replacement (`sed` over `kubectl get -o yaml`)
 * breaks without anybody noticing until the next apply.
 */
export function checkLastApplied(object: ManifestObject, log: IssueLog): void {
  const text = object.text(PATH);
  if (text === undefined || text.trim() === "") return;
  const applied = tryParse(text);
  if (applied.fault !== undefined) {
    report(
      object,
      log,
      applied.fault.offset ?? text.length,
      `is not JSON (${applied.fault.reason}), so the next kubectl apply fails`,
    );
    return;
  }
  const data = isRecord(applied.value) ? applied.value["data"] : undefined;
  const config = isRecord(data) ? data["cni_network_config"] : undefined;
  if (typeof config !== "string") return;
  const inner = tryParse(fillPlaceholders(config));
  if (inner.fault === undefined) return;
  const { start } = locateInJson(text, ["data", "cni_network_config"]);
  const at = offsetOfCharacter(text, start, inner.fault.offset ?? config.length);
  report(object, log, at, `holds a cni_network_config that is not JSON (${inner.fault.reason})`);
}

function report(object: ManifestObject, log: IssueLog, offset: number, what: string): void {
  log.addInside(object, PATH, offset, {
    severity: "warning",
    code: "LAST_APPLIED_BROKEN",
    message: `the last-applied configuration ${what}: the object was edited as text, not with kubectl apply`,
  });
}

interface Parsed {
  readonly value?: unknown;
  readonly fault?: { readonly reason: string; readonly offset: number | undefined };
}

function tryParse(text: string): Parsed {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      fault: {
        reason: message.replace(/ in JSON at position \d+.*$/, ""),
        offset: jsonErrorOffset(message),
      },
    };
  }
}
