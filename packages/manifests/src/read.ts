import {
  freezeResource,
  isCalicoApi,
  isRecord,
  type Resource,
  type ResourceKind,
  showValue,
  validate,
  validateSet,
  withoutNullFields,
} from "@calico-sim/core";
import { readInstall } from "./install/read-install.js";
import type { InstallSettings } from "./install/settings.js";
import type { ManifestIssue } from "./issue.js";
import { IssueLog } from "./issue-log.js";
import { canonicalKind } from "./kinds.js";
import { checkLastApplied } from "./last-applied.js";
import type { ManifestObject } from "./manifest-object.js";
import { objectsIn } from "./objects.js";
import { parseSource } from "./source/document.js";
import { type ManifestSource, type SourceText, soundSource } from "./source/source-text.js";

/** What manifests hold. */
export interface ReadResult {
  /** False when any issue is an error: then nothing of this should be applied. */
  readonly ok: boolean;
  /** The resources as written, frozen, in source order; unreadable ones are left out. */
  readonly resources: readonly Resource[];
  /** What the installation manifests say. */
  readonly settings: InstallSettings;
  /** Everything found, in source order. See {@link import("./issue.js").formatIssue}. */
  readonly issues: readonly ManifestIssue[];
}

/** How to read. */
export interface ReadOptions {
  /** Taken instead of what images and ClusterInformation say. */
  readonly calicoVersion?: string;
}

/**
 * Reads Kubernetes and Calico manifests: YAML or JSON, one document or many, lists as `kubectl get
 * -o yaml` prints them, install manifests.
 *
 * Bad input is reported with file, line and field, never thrown.
 *
 * @throws TypeError when it is called with something else than texts.
 */
export function readManifests(
  sources: readonly ManifestSource[],
  options: ReadOptions = {},
): ReadResult {
  checkArguments(sources, options);
  const log = new IssueLog();
  const objects = sources.flatMap((source) => readSource(source, log));
  // A Service says something of the installation, and is advertised besides.
  const modelled = objects.filter(
    ({ role, kind, apiVersion }) =>
      role === "modelled" || (kind === "Service" && apiVersion === "v1"),
  );
  const read = modelled.flatMap((object) => {
    const resource = toResource(object, log);
    return resource === undefined ? [] : [{ object, resource }];
  });
  const resources = read.map(({ resource }) => resource);
  const settings = readInstall(objects, resources, log, options.calicoVersion);
  const sound = read.filter(({ object, resource }) => {
    const issues = validate(resource, { calicoVersion: settings.calicoVersion });
    for (const issue of issues) log.addIssue(object, issue);
    return !issues.some(({ code }) => code === "TYPE_WRONG" || code === "FIELD_REQUIRED");
  });
  for (const issue of validateSet(sound.map(({ resource }) => resource))) {
    const { index, other, ...rest } = issue;
    const [object, first] = [sound[index]?.object, sound[other]?.object];
    if (object === undefined || first === undefined) continue;
    const { line } = first.locate(rest.path ?? []);
    const where = `${first.document.source.name}:${String(line)}`;
    log.addIssue(object, { ...rest, message: `${rest.message} (see ${where})` });
  }
  for (const object of objects) checkLastApplied(object, log);
  reportNotModelled(objects, log);
  const issues = log.sorted(sources.map((source) => source.name));
  return { ok: !issues.some((issue) => issue.severity === "error"), resources, settings, issues };
}

function readSource(input: ManifestSource, log: IssueLog): readonly ManifestObject[] {
  const { source, documents, faults } = parseSource(input);
  for (const { code, message, location } of faults) log.addAt(source, location, { code, message });
  if (documents.length === 0 && faults.length === 0) reportEmpty(source, log);
  return documents.flatMap((document) => objectsIn(document, log));
}

function reportEmpty(source: SourceText, log: IssueLog): void {
  log.addAt(source, undefined, {
    severity: "warning",
    code: "SOURCE_EMPTY",
    message: "holds no manifest",
  });
}

/** The fields of `metadata` that the simulator keeps. */
const METADATA_DROPPED: ReadonlySet<string> = new Set([
  "managedFields",
  "ownerReferences",
  "selfLink",
]);

function toResource(object: ManifestObject, log: IssueLog): Resource | undefined {
  const { metadata, ...rest } = withoutNullFields(object.value) as Record<string, unknown>;
  if (!isRecord(metadata) || typeof metadata["name"] !== "string" || metadata["name"] === "") {
    log.add(object, {
      code: isRecord(metadata) && "name" in metadata ? "TYPE_WRONG" : "FIELD_REQUIRED",
      message: `${object.kind} needs metadata.name`,
      path: ["metadata", "name"],
      want: "a name",
    });
    return undefined;
  }
  const kept = Object.entries(metadata).filter(([field]) => !METADATA_DROPPED.has(field));
  const resource: Resource = {
    ...rest,
    apiVersion: object.apiVersion,
    kind: canonicalKind(object.kind) as ResourceKind,
    metadata: { ...textValues(object, Object.fromEntries(kept), log), name: metadata["name"] },
  };
  return freezeResource(resource);
}

/**
 * calicoctl takes `label: true` for text, kubectl refuses it: a warning for Calico's kinds, and left
 * to `validate`, which calls it an error, for those of Kubernetes.
 */
function textValues(
  object: ManifestObject,
  metadata: Readonly<Record<string, unknown>>,
  log: IssueLog,
): Readonly<Record<string, unknown>> {
  if (!isCalicoApi(object.apiVersion)) return metadata;
  const result: Record<string, unknown> = { ...metadata };
  for (const field of ["labels", "annotations"]) {
    const map = metadata[field];
    if (!isRecord(map)) continue;
    const entries = Object.entries(map).map(([key, value]) => {
      if (typeof value !== "boolean" && typeof value !== "number") return [key, value] as const;
      log.add(object, {
        severity: "warning",
        code: "TYPE_WRONG",
        message: `must be text: calicoctl reads it as ${JSON.stringify(String(value))}, kubectl refuses it (put it in quotes)`,
        path: ["metadata", field, key],
        got: value,
        want: JSON.stringify(String(value)),
      });
      return [key, String(value)] as const;
    });
    result[field] = Object.fromEntries(entries);
  }
  return result;
}

function checkArguments(sources: readonly ManifestSource[], options: ReadOptions): void {
  const given: unknown = sources;
  if (!Array.isArray(given))
    throw new TypeError(`readManifests takes a list of sources, not ${showValue(given)}`);
  for (const source of [...sources]) soundSource(source);
  if (!isRecord(options)) throw new TypeError(`options are an object, not ${showValue(options)}`);
  const version: unknown = options["calicoVersion"] ?? "";
  if (typeof version !== "string")
    throw new TypeError(`calicoVersion: ${showValue(version)} is no text such as "3.33"`);
}

/** One note a kind is enough to say what will have no effect. */
function reportNotModelled(objects: readonly ManifestObject[], log: IssueLog): void {
  const firsts = new Map<string, { readonly object: ManifestObject; count: number }>();
  for (const object of objects) {
    if (object.role !== "not-modelled") continue;
    const key = `${object.apiVersion}/${object.kind}`;
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, { object, count: 1 });
    else first.count++;
  }
  for (const { object, count } of firsts.values()) {
    log.add(object, {
      severity: "note",
      code: "KIND_NOT_MODELLED",
      message: `${object.kind} is not simulated yet${count === 1 ? "" : ` (${String(count)} objects)`}`,
      path: ["kind"],
    });
  }
}
