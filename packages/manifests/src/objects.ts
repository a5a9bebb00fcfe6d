import { isRecord, nearestName, type PathSegment, RESOURCE_KINDS } from "@calico-sim/core";
import type { IssueLog } from "./issue-log.js";
import { homeOf } from "./kinds.js";
import { ManifestObject } from "./manifest-object.js";
import type { ManifestDocument } from "./source/document.js";

const KUSTOMIZATION = { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization" };

/** Finds the objects of a document, lists resolved; reports what is none. */
export function objectsIn(document: ManifestDocument, log: IssueLog): readonly ManifestObject[] {
  return Array.isArray(document.value)
    ? document.value.flatMap((item, i) => collect(document, [i], item, undefined, log))
    : collect(document, [], document.value, undefined, log);
}

function collect(
  document: ManifestDocument,
  prefix: readonly PathSegment[],
  value: unknown,
  itemType: { readonly apiVersion: string; readonly kind: string } | undefined,
  log: IssueLog,
): readonly ManifestObject[] {
  const { source } = document;
  if (!isRecord(value)) {
    log.addAt(source, document.locate(prefix), {
      code: "DOCUMENT_NOT_AN_OBJECT",
      message: "a manifest is an object with apiVersion, kind and metadata; this is not",
      got: value,
    });
    return [];
  }
  // A kustomization.yaml may leave both out (kustomize: api/types/kustomization.go).
  const assumed = /(^|[/\\])kustomization\.ya?ml$/i.test(source.name) ? KUSTOMIZATION : itemType;
  const apiVersion = value["apiVersion"] ?? assumed?.apiVersion;
  const kind = value["kind"] ?? assumed?.kind;
  for (const [field, given] of Object.entries({ apiVersion, kind })) {
    if (typeof given === "string" && given !== "") continue;
    log.addAt(source, document.locate([...prefix, field]), {
      code: given === undefined || given === null ? "FIELD_REQUIRED" : "TYPE_WRONG",
      message: `a manifest needs ${field === "kind" ? "a kind" : "an apiVersion"}`,
      path: [...prefix, field],
      got: given ?? undefined,
      want: field === "kind" ? "such as IPPool" : "such as projectcalico.org/v3 or v1",
    });
    return [];
  }
  const object = new ManifestObject(document, prefix, value, {
    apiVersion: apiVersion as string,
    kind: kind as string,
  });
  if (object.role === "list") return collectItems(object, log);
  reportKind(object, log);
  return [object];
}

function collectItems(list: ManifestObject, log: IssueLog): readonly ManifestObject[] {
  const items = list.value["items"] ?? [];
  if (!Array.isArray(items)) {
    log.add(list, {
      code: "TYPE_WRONG",
      message: "the items of a list are a list",
      path: ["items"],
      got: items,
    });
    return [];
  }
  // Raw API answers (NodeList) leave the type of their items out.
  const itemType =
    list.kind === "List"
      ? undefined
      : { apiVersion: list.apiVersion, kind: list.kind.slice(0, -4) };
  return items.flatMap((item, i) =>
    collect(list.document, [...list.prefix, "items", i], item, itemType, log),
  );
}

function reportKind(object: ManifestObject, log: IssueLog): void {
  const { apiVersion, kind, role } = object;
  if (role === "recipe") {
    log.add(object, {
      severity: "warning",
      code: "KIND_NOT_MODELLED",
      message: `the other files are taken as they stand, without what this ${kind} would change in them`,
      path: ["kind"],
      got: kind,
      want: "what kubectl kustomize prints of the folder",
    });
    return;
  }
  if (role === "wrong-version") {
    const home = homeOf(kind) ?? "";
    log.add(object, {
      code: "API_VERSION_WRONG",
      message: `${kind} is no kind of ${apiVersion}`,
      path: ["apiVersion"],
      got: apiVersion,
      want: home.startsWith("projectcalico") ? `${home} or crd.projectcalico.org/v1` : home,
    });
  } else if (role === "unknown") {
    // In a group of ours Kubernetes would refuse it, and what it was meant to be would be missing.
    const meant = apiVersion.includes("projectcalico") || !apiVersion.includes("/");
    const near = meant ? nearestName(kind, RESOURCE_KINDS) : undefined;
    log.add(object, {
      severity: meant ? "error" : "note",
      code: "KIND_UNKNOWN",
      message: meant
        ? `${apiVersion} has no kind ${JSON.stringify(kind)}${near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`}`
        : `${kind} of ${apiVersion} is not known here and is left out`,
      path: ["kind"],
      got: kind,
    });
  }
}
