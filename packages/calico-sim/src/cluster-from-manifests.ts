import {
  ClusterError,
  type ClusterSpec,
  clusterFromValid,
  fieldIssues,
  type ResourceClusterOptions,
} from "@calico-sim/cluster";
import {
  type FieldSchema,
  type Issue,
  keyOf,
  nodeView,
  type ObjectSchema,
  ofKind,
  type Resource,
  showValue,
} from "@calico-sim/core";
import {
  type InstallSettings,
  loadManifestFiles,
  type ManifestIssue,
  operatorTyphaReplicas,
} from "@calico-sim/manifests";
import { type Description, loadDescription } from "./description-file.js";
import { EXTERNAL_ROUTERS_FILE } from "./external-routers-file.js";
import { ManifestError } from "./manifest-error.js";
import { inputFiles } from "./manifest-paths.js";
import { inOrder } from "./single-document.js";
import { typhaConfigOf } from "./typha-environment.js";
import { UNDERLAY_FILE } from "./underlay-file.js";

/** How {@link clusterFromManifests} departs from what the files say. */
export interface ManifestOptions {
  /** Calico release whose defaults hold, whatever images and ClusterInformation say. */
  readonly calicoVersion?: string;
  /** Typha replicas, whatever the Deployment says; 0 = none. */
  readonly typhas?: number;
  /** See {@link ClusterSpec.cniRouteCopies}; manifests say nothing of it. @defaultValue false */
  readonly cniRouteCopies?: boolean;
}

const OPTIONS: ObjectSchema & { readonly fields: Record<keyof ManifestOptions, FieldSchema> } = {
  type: "object",
  fields: {
    calicoVersion: { type: "string" },
    typhas: { type: "integer", min: 0 },
    cniRouteCopies: { type: "boolean" },
  },
};

function checkOptions(files: unknown, options: ManifestOptions): void {
  if (
    !Array.isArray(files) ||
    files.length === 0 ||
    !(Array.from(files) as readonly unknown[]).every((one) => typeof one === "string")
  )
    throw new ClusterError(
      `clusterFromManifests takes a list of files and folders, not ${showValue(files)}`,
    );
  const issues = fieldIssues(options, OPTIONS, [], "the second argument of clusterFromManifests");
  if (issues.length > 0) throw new ClusterError(issues);
}

/** A cluster read from files, with what is worth knowing about them. */
export interface ManifestCluster extends ClusterSpec {
  /** Warnings and notes, each with its file, line and field. */
  readonly issues: readonly ManifestIssue[];
}

/**
 * Reads a cluster from files or folders: Kubernetes Nodes, Calico resources, installation manifests, the BGP
 * speakers outside in a file named `external-routers.yaml`, and what links are like in one named `underlay.yaml`.
 *
 * The settings that the manifests carry are those that are simulated: back end, datastore, Typha
 * replicas and `TYPHA_…` variables, Calico release, `FELIX_…` variables, the pool that calico-node would
 * create.
 *
 * @throws ManifestError when the files hold errors.
 * @throws ManifestFileError when a path cannot be read.
 * @throws ClusterError when what they describe is no cluster: no Node, a Node without address.
 */
export async function clusterFromManifests(
  files: readonly string[],
  options: ManifestOptions = {},
): Promise<ManifestCluster> {
  checkOptions(files, options);
  const { manifests, externalRouters, underlay, unread } = await inputFiles(files);
  const { calicoVersion, cniRouteCopies } = options;
  const read = await loadManifestFiles(
    manifests,
    calicoVersion === undefined ? {} : { calicoVersion },
  );
  const descriptions = [
    ...(externalRouters === undefined
      ? []
      : [await loadDescription(externalRouters, EXTERNAL_ROUTERS_FILE)]),
    ...(underlay === undefined ? [] : [await loadDescription(underlay, UNDERLAY_FILE)]),
  ];
  if (!read.ok)
    throw new ManifestError([...read.issues, ...descriptions.flatMap(({ alone }) => alone)]);
  const { settings, resources } = read;
  if (!resources.some(({ kind }) => kind === "Node")) {
    const inside = unread.length === 0 ? "" : ` (${unread.join(", ")} was not entered)`;
    throw new ClusterError(
      `there is no Node in ${manifests.join(", ")}${inside}; "kubectl get nodes -o yaml" prints those of a cluster`,
    );
  }
  const spec = fromDescriptions(descriptions, {
    resources: withSettings([...resources, ...settings.derivedPools], settings),
    typhas: options.typhas ?? typhasOf(settings, resources),
    calicoVersion: settings.calicoVersion,
    datastore: settings.datastore === "etcdv3" ? "etcd" : "kubernetes",
    backend: settings.backend,
    ...(settings.datastore === "etcdv3" ? { etcdEndpoints: settings.etcdEndpoints } : {}),
    ...(settings.podFamilies.includes(6) ? { podFamilies: settings.podFamilies } : {}),
    ...(settings.addressDetection.ip6 === "autodetect" ? { detectIpv6: true } : {}),
    ...detectionOf(settings),
    ...(settings.routerId === "" ? {} : { routerId: settings.routerId }),
    typhaConfig: typhaConfigOf(settings.typha.environment),
    ...(cniRouteCopies === undefined ? {} : { cniRouteCopies }),
    // Where the operator runs calico-node, and calico-node looks for the Secrets that BGPPeers name.
    ...(settings.method === "operator" ? { secretNamespace: "calico-system" } : {}),
  });
  const issues = [
    ...read.issues,
    ...notSimulated(settings, manifests[0] ?? ""),
    ...unread.map(notEntered),
  ];
  return Object.freeze({ ...spec, issues: Object.freeze(issues) });
}

/** The cluster with what the files beside the manifests say; all that is wrong there is told with its place in them. */
function fromDescriptions(
  descriptions: readonly Description[],
  options: ResourceClusterOptions,
): ClusterSpec {
  let found: readonly Issue[] = [];
  try {
    const described = Object.assign({}, ...descriptions.map((one) => one.options)) as object;
    const spec = clusterFromValid({ ...options, ...described });
    if (descriptions.every(({ issues }) => issues.length === 0)) return spec;
  } catch (error) {
    if (!(error instanceof ClusterError) || error.issues.length === 0) throw error;
    if (!error.issues.every((issue) => descriptions.some(({ holds }) => holds(issue)))) throw error;
    found = error.issues;
  }
  // A check of the whole stops at the first part that is wrong; what is wrong with the others alone shows as well.
  throw new ManifestError(
    descriptions.flatMap(({ placed, alone }) => inOrder(distinct([...placed(found), ...alone]))),
  );
}

function distinct(issues: readonly ManifestIssue[]): readonly ManifestIssue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}

/** What `IP` says, where an installation was read that says it; a given address is the Node's by now. */
function detectionOf({
  method,
  addressDetection: { ip },
}: InstallSettings): Pick<ClusterSpec, "detectIpv4"> {
  // Blank is autodetect (calico: node/pkg/lifecycle/startup/startup.go).
  if (method === "none" || !["autodetect", "", "none"].includes(ip)) return {};
  return { detectIpv4: ip !== "none" };
}

/** Replicas of the Deployment; with the operator, what it would run for so many schedulable nodes. */
function typhasOf({ typha }: InstallSettings, resources: readonly Resource[]): number {
  if (!typha.enabled) return 0;
  const nodes = ofKind(resources, "Node").filter((node) => !nodeView(node).unschedulable).length;
  return Math.min(typha.replicas ?? operatorTyphaReplicas(nodes), Math.max(1, nodes));
}

/** The resources as the daemons will see them: `FELIX_…` variables win over every FelixConfiguration. */
function withSettings(
  resources: readonly Resource[],
  { felixEnvironment, programClusterRoutes: routes }: InstallSettings,
): readonly Resource[] {
  let result = resources;
  if (Object.keys(felixEnvironment).length > 0) {
    const edit = (spec: object): object => ({ ...spec, ...felixEnvironment });
    result = withSpec(result, "FelixConfiguration", edit, { ofNodesToo: true });
  }
  if (routes === undefined) return result;
  // What the operator's clusterRoutingMode writes stands only where nobody wrote it.
  result = withSpec(result, "FelixConfiguration", (spec) => ({
    programClusterRoutes: routes.felix,
    ...spec,
  }));
  return withSpec(result, "BGPConfiguration", (spec) => ({
    programClusterRoutes: routes.bgp,
    ...spec,
  }));
}

/** Edits the spec of the resource `default` of a kind, made where it is missing. */
function withSpec(
  resources: readonly Resource[],
  kind: "FelixConfiguration" | "BGPConfiguration",
  edit: (spec: object) => object,
  { ofNodesToo = false } = {},
): readonly Resource[] {
  const empty: Resource = {
    apiVersion: "projectcalico.org/v3",
    kind,
    metadata: { name: "default" },
    spec: {},
  };
  const all = resources.some((r) => keyOf(r) === keyOf(empty)) ? resources : [...resources, empty];
  return all.map((r) =>
    r.kind === kind && (ofNodesToo || r.metadata.name === "default")
      ? { ...r, spec: edit(r.spec ?? {}) }
      : r,
  );
}

/** A folder inside one that is read, as kubectl apply -f passes over it, too. */
export function notEntered(file: string): ManifestIssue {
  const message = "this folder holds manifests, and is not entered; name it to have them read";
  return { severity: "warning", code: "FOLDER_NOT_READ", message, file };
}

/** Settings that were read and that no part of the simulation acts on yet. */
function notSimulated(settings: InstallSettings, file: string): readonly ManifestIssue[] {
  const texts: string[] = [];
  if (settings.usePodCIDR || settings.cni?.ipam === "host-local") {
    texts.push(
      "pods get addresses from the podCIDR of their node (host-local); simulated are blocks of Calico IPAM",
    );
  }
  return texts.map((message) => ({
    severity: "warning",
    code: "KIND_NOT_MODELLED",
    message,
    file,
  }));
}
