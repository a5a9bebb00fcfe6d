import { isCalicoApi, kindsOf, nearestName } from "@calico-sim/core";

/** What the reader does with an object, by its API group and kind. */
export type KindRole =
  /** A resource of the simulated datastore. */
  | "modelled"
  /** Read for the settings of the installation: DaemonSet, Deployment, Service, Installation. */
  | "install"
  /** Has no influence on what is simulated: RBAC, disruption budgets, CRDs … */
  | "ignored"
  /** Would have an influence, but no part of the model acts on it yet. */
  | "not-modelled"
  /** Says how other manifests are to be changed before anybody applies them. */
  | "recipe"
  /** A list of objects. */
  | "list"
  /** A kind we know, under an API version that does not have it. */
  | "wrong-version"
  | "unknown";

/** `group/Kind` of what {@link import("./install/read-install.js").readInstall} reads. */
const INSTALL_KINDS: ReadonlySet<string> = new Set([
  "apps/DaemonSet",
  "apps/Deployment",
  "/Service",
  "operator.tigera.io/Installation",
]);

/** Objects that decide who may talk to whom or what is announced; later issues model them. */
const NOT_MODELLED: ReadonlySet<string> = new Set([
  "networking.k8s.io/NetworkPolicy",
  "policy.networking.k8s.io/ClusterNetworkPolicy",
  "policy.networking.k8s.io/AdminNetworkPolicy",
  "policy.networking.k8s.io/BaselineAdminNetworkPolicy",
]);

/** Calico's kinds that no part of the model acts on yet. @see calico: api/pkg/apis/projectcalico/v3 */
const CALICO_NOT_MODELLED: ReadonlySet<string> = new Set([
  "NetworkPolicy",
  "GlobalNetworkPolicy",
  "StagedNetworkPolicy",
  "StagedGlobalNetworkPolicy",
  "StagedKubernetesNetworkPolicy",
  "Tier",
  "Profile",
  "HostEndpoint",
  "WorkloadEndpoint",
  "NetworkSet",
  "GlobalNetworkSet",
  "CalicoNodeStatus",
  "LiveMigration",
]);

/** Groups all of whose kinds are ignored unless named above. */
const IGNORED_GROUPS: ReadonlySet<string> = new Set([
  "",
  "apps",
  "policy",
  "batch",
  "autoscaling",
  "events.k8s.io",
  "rbac.authorization.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "admissionregistration.k8s.io",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "metrics.k8s.io",
  "kubeadm.k8s.io",
  "kubelet.config.k8s.io",
  "kubeproxy.config.k8s.io",
  "cluster.x-k8s.io",
  "operator.tigera.io",
  "monitoring.coreos.com",
  "helm.cattle.io",
]);

/** Kinds of the Kubernetes core group, so that a slip of the pen in one does not pass as ignored. */
const CORE_IGNORED: ReadonlySet<string> = new Set([
  "Binding",
  "Endpoints",
  "Event",
  "LimitRange",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "PodTemplate",
  "ReplicationController",
  "ResourceQuota",
  "ServiceAccount",
]);

/** Which role an object of this API version and kind has. */
export function roleOf(apiVersion: string, kind: string): KindRole {
  const group = groupOf(apiVersion);
  if (
    kind === "List" ||
    (kind.endsWith("List") && roleOf(apiVersion, kind.slice(0, -4)) !== "unknown")
  ) {
    return "list";
  }
  if (group === "kustomize.config.k8s.io") return "recipe";
  if (INSTALL_KINDS.has(`${group}/${kind}`)) return "install";
  if (kind === "EndpointSlice") return sliceRole(apiVersion);
  if (kindsOf(apiVersion).includes(canonicalKind(kind))) {
    if (
      apiVersion === "v1" ||
      apiVersion === "projectcalico.org/v3" ||
      apiVersion === "crd.projectcalico.org/v1"
    ) {
      return "modelled";
    }
    if (group === "" || isCalicoApi(apiVersion)) return "wrong-version";
  }
  if (isCalicoApi(apiVersion)) return CALICO_NOT_MODELLED.has(kind) ? "not-modelled" : "unknown";
  if (NOT_MODELLED.has(`${group}/${kind}`)) return "not-modelled";
  if (group === "") {
    if (CORE_IGNORED.has(kind)) return "ignored";
    return homeOf(kind) === undefined ? "unknown" : "wrong-version";
  }
  if (IGNORED_GROUPS.has(group)) return "ignored";
  // Others have an IPPool or a Node of their own; only a slip in a group of ours is a mistake.
  return homeOf(kind) !== undefined && nearestName(group, CALICO_GROUPS) !== undefined
    ? "wrong-version"
    : "unknown";
}

/** The only kind that is modelled outside the core group. */
function sliceRole(apiVersion: string): KindRole {
  if (apiVersion === SLICE_VERSION) return "modelled";
  return groupOf(apiVersion) === groupOf(SLICE_VERSION) ? "ignored" : "wrong-version";
}

const SLICE_VERSION = "discovery.k8s.io/v1";

const CALICO_GROUPS: readonly string[] = ["projectcalico.org", "crd.projectcalico.org"];

/** `IPAMConfiguration` is how `projectcalico.org/v3` spells `IPAMConfig`. */
export function canonicalKind(kind: string): string {
  return kind === "IPAMConfiguration" ? "IPAMConfig" : kind;
}

/** The API group of an `apiVersion`; `""` for Kubernetes core. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}

/** The API version a kind belongs to, where the reader knows. */
export function homeOf(kind: string): string | undefined {
  if (kind === "EndpointSlice") return SLICE_VERSION;
  if (kindsOf("v1").includes(kind)) return "v1";
  const calico = canonicalKind(kind);
  if (kindsOf("projectcalico.org/v3").includes(calico)) return "projectcalico.org/v3";
  return undefined;
}
