import { ClusterError, type ClusterSpec, clusterFromResources } from "@calico-sim/cluster";
import { keyOf, nodeView, ofKind, type Resource } from "@calico-sim/core";
import {
  type InstallSettings,
  loadManifestFiles,
  type ManifestIssue,
  operatorTyphaReplicas,
} from "@calico-sim/manifests";
import type { Placed } from "./description-file.js";
import { loadExternalRouters } from "./external-routers-file.js";
import { ManifestError } from "./manifest-error.js";
import { inputFiles } from "./manifest-paths.js";
import { typhaConfigOf } from "./typha-environment.js";
import { loadUnderlay } from "./underlay-file.js";

/** How {@link clusterFromManifests} departs from what the files say. */
export interface ManifestOptions {
  /** Calico release whose defaults hold, whatever images and ClusterInformation say. */
  readonly calicoVersion?: string;
  /** Typha replicas, whatever the Deployment says; 0 = none. */
  readonly typhas?: number;
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
  const { manifests, externalRouters: outsideFile, underlay: linksFile } = await inputFiles(files);
  const { calicoVersion } = options;
  const read = await loadManifestFiles(
    manifests,
    calicoVersion === undefined ? {} : { calicoVersion },
  );
  if (!read.ok) throw new ManifestError(read.issues);
  const { settings, resources } = read;
  if (!resources.some(({ kind }) => kind === "Node")) {
    throw new ClusterError(
      `there is no Node in ${manifests.join(", ")}; "kubectl get nodes -o yaml" prints those of a cluster`,
    );
  }
  const outside = outsideFile === undefined ? undefined : await loadExternalRouters(outsideFile);
  const links = linksFile === undefined ? undefined : await loadUnderlay(linksFile);
  const spec = placingErrors(
    { externalRouters: outside, underlay: links },
    {
      ...(outside === undefined ? {} : { externalRouters: outside.externalRouters }),
      ...(outside?.undescribedPeers === undefined
        ? {}
        : { undescribedPeers: outside.undescribedPeers }),
      ...(links === undefined ? {} : { underlay: links.underlay }),
      resources: withSettings([...resources, ...settings.derivedPools], settings),
      typhas: options.typhas ?? typhasOf(settings, resources),
      calicoVersion: settings.calicoVersion,
      datastore: settings.datastore === "etcdv3" ? "etcd" : "kubernetes",
      backend: settings.backend,
      ...(settings.datastore === "etcdv3" ? { etcdEndpoints: settings.etcdEndpoints } : {}),
      ...(settings.podFamilies.includes(6) ? { podFamilies: settings.podFamilies } : {}),
      ...(settings.addressDetection.ip6 === "autodetect" ? { detectIpv6: true } : {}),
      typhaConfig: typhaConfigOf(settings.typha.environment),
      // Where the operator runs calico-node, and calico-node looks for the Secrets that BGPPeers name.
      ...(settings.method === "operator" ? { secretNamespace: "calico-system" } : {}),
    },
  );
  const issues = [...read.issues, ...notSimulated(settings, manifests[0] ?? "")];
  return Object.freeze({ ...spec, issues: Object.freeze(issues) });
}

/** The cluster; what is wrong in a file that describes some part of it is told with its place there. */
function placingErrors(
  files: Readonly<Record<"externalRouters" | "underlay", Placed | undefined>>,
  options: Parameters<typeof clusterFromResources>[0],
): ClusterSpec {
  try {
    return clusterFromResources(options);
  } catch (error) {
    if (!(error instanceof ClusterError) || error.path === undefined) throw error;
    const ofLinks = error.path[0] === "underlay";
    const file = ofLinks ? files.underlay : files.externalRouters;
    if (file === undefined) throw error;
    throw new ManifestError([
      file.issueAt(ofLinks ? error.path.slice(1) : error.path, error.message),
    ]);
  }
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
