import type { KnownResource } from "./calico.js";
import { checkValue } from "./check-value.js";
import { eraOf } from "./era.js";
import { type Issue, issueAt, type Report, referenceOf } from "./issue.js";
import { isCalicoApi, RESOURCE_KINDS, type Resource } from "./resource.js";
import { checkBGPConfiguration, checkBGPPeer, checkProgramClusterRoutes } from "./rules-bgp.js";
import { checkAffinity, checkBlock, checkPool } from "./rules-ip.js";
import { checkNode } from "./rules-node.js";
import { any, type FieldSchema, object } from "./schema.js";
import { CALICO_SPECS } from "./schemas-calico.js";
import { FELIX_SPEC } from "./schemas-felix.js";
import { KUBERNETES_OBJECTS, METADATA } from "./schemas-kubernetes.js";

/** What {@link validate} needs to know beside the resource. */
export interface ValidateOptions {
  /** The Calico release whose rules hold, such as `"3.33"`. */
  readonly calicoVersion: string;
}

/**
 * Checks one resource as Calico's API would, and says what is wrong and where.
 *
 * Bad input is an expected outcome: it is returned, never thrown. The value may be anything that
 * has an `apiVersion`, a `kind` of {@link RESOURCE_KINDS} and a `metadata`. What takes more than one
 * resource to see is found by {@link import("./validate-set.js").validateSet}.
 */
export function validate(resource: Resource, options: ValidateOptions): readonly Issue[] {
  const reference = referenceOf(resource);
  const issues: Issue[] = [];
  checkValue(resource, schemaOf(resource), [], reference, issues);
  checkName(resource, issues);
  // The rules below read typed fields, so they run on well-formed resources only.
  if (issues.some((issue) => issue.severity === "error")) return issues;
  const report: Report = (parts) => {
    issues.push(issueAt(reference, parts));
  };
  checkRules(resource as KnownResource, options, report);
  return issues;
}

/** Kinds that say nothing without a `spec`. */
const SPEC_REQUIRED: ReadonlySet<string> = new Set([
  "IPPool",
  "IPReservation",
  "BGPPeer",
  "BlockAffinity",
  "IPAMBlock",
  "IPAMHandle",
]);

/** The schema of a whole object, chosen by API group and kind. */
function schemaOf(resource: Resource): FieldSchema {
  const head = { apiVersion: any, kind: any, metadata: METADATA };
  if (isCalicoApi(resource.apiVersion)) {
    const kind = resource.kind === "Node" ? "CalicoNode" : resource.kind;
    const spec = kind === "FelixConfiguration" ? FELIX_SPEC : (CALICO_SPECS[kind] ?? any);
    return object({ ...head, spec, status: any }, SPEC_REQUIRED.has(kind) ? ["spec"] : []);
  }
  return object({ ...head, ...(KUBERNETES_OBJECTS[resource.kind] ?? { spec: any, status: any }) });
}

/** Kubernetes refuses other names (RFC 1123 subdomain). */
function checkName(resource: Resource, issues: Issue[]): void {
  const name: unknown = resource.metadata.name;
  if (typeof name !== "string" || name === "") return;
  if (name.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) return;
  issues.push(
    issueAt(referenceOf(resource), {
      code: "NAME_INVALID",
      message: `${JSON.stringify(name)} is not a name that Kubernetes takes`,
      path: ["metadata", "name"],
      got: name,
      want: "lower-case letters, digits, '-' and '.', at most 253 of them",
    }),
  );
}

function checkRules(resource: KnownResource, options: ValidateOptions, report: Report): void {
  const era = eraOf(options.calicoVersion);
  switch (resource.kind) {
    case "IPPool":
      checkPool(resource, era, report);
      return;
    case "BlockAffinity":
      checkAffinity(resource, report);
      return;
    case "IPAMBlock":
      checkBlock(resource, report);
      return;
    case "BGPPeer":
      checkBGPPeer(resource, report);
      return;
    case "BGPConfiguration":
      checkReach(resource, report);
      checkProgramClusterRoutes(resource.spec?.programClusterRoutes, era, report);
      checkBGPConfiguration(resource, report);
      return;
    case "FelixConfiguration":
      checkReach(resource, report);
      checkProgramClusterRoutes(resource.spec?.programClusterRoutes, era, report);
      return;
    case "Node":
      checkNode(resource, report);
      return;
    case "Pod":
    case "Namespace":
    case "ConfigMap":
    case "Secret":
    case "Service":
    case "EndpointSlice":
    case "IPReservation":
    case "BGPFilter":
    case "IPAMHandle":
    case "IPAMConfig":
    case "ClusterInformation":
    case "KubeControllersConfiguration":
  }
}

/**
 * Settings are read from `default`, and for a node from `node.<name>`; others nobody reads.
 *
 * @see calico: confd/pkg/backends/calico/client.go, libcalico-go/lib/backend/syncersv1/updateprocessors/felixconfigprocessor.go
 */
function checkReach({ kind, metadata: { name } }: Resource, report: Report): void {
  if (name === "default" || name.startsWith("node.")) return;
  report({
    severity: "warning",
    code: "NAME_INVALID",
    message: `nobody reads a ${kind} of this name, so that it changes nothing`,
    path: ["metadata", "name"],
    got: name,
    want: "default, or node.<name of a node>",
  });
}

/** The kinds {@link validate} knows in an API group; used for "did you mean". */
export function kindsOf(apiVersion: string): readonly string[] {
  const kubernetes = Object.keys(KUBERNETES_OBJECTS);
  if (!isCalicoApi(apiVersion)) return kubernetes;
  return RESOURCE_KINDS.filter((kind) => kind === "Node" || !kubernetes.includes(kind));
}
