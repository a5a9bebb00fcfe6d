import {
  DEFAULT_CALICO_VERSION,
  eraNote,
  eraOf,
  type IPPool,
  ofKind,
  type Resource,
} from "@calico-sim/core";
import type { IssueLog } from "../issue-log.js";
import type { ManifestObject } from "../manifest-object.js";
import { readCNIConfig, splitList } from "./cni-config.js";
import type { Container, Environment } from "./containers.js";
import { felixEnvironment } from "./felix-environment.js";
import { checkKnownSettings } from "./known-settings.js";
import { lintAddresses, lintFamilies } from "./lint-families.js";
import { lintInstall } from "./lint-install.js";
import { readOperator } from "./operator.js";
import type {
  Backend,
  CNISettings,
  InstallSettings,
  KubeControllersSettings,
  TyphaSettings,
} from "./settings.js";
import { startupPools } from "./startup-pools.js";
import { readVersion } from "./version.js";
import { findInstallation, type Installation } from "./workloads.js";

/**
 * Reads the settings of an installation from its manifests: the ConfigMap, the environment of
 * calico-node, Typha and kube-controllers, the CNI network configuration, the operator's
 * Installation; and reports where they are unknown or contradict each other.
 */
export function readInstall(
  objects: readonly ManifestObject[],
  resources: readonly Resource[],
  log: IssueLog,
  version: string | undefined,
): InstallSettings {
  const parts = findInstallation(objects, log);
  const calicoVersion =
    version ?? readVersion(parts, log) ?? clusterVersion(resources) ?? DEFAULT_CALICO_VERSION;
  const note = eraNote(calicoVersion);
  if (note !== undefined) noteVersion(parts, objects, note, log);
  const node = parts.node?.environment ?? new Map();
  const cni = readCNI(parts, log);
  const backendWritten = backendText(parts);
  const operator =
    parts.operator === undefined
      ? undefined
      : readOperator(parts.operator, eraOf(calicoVersion), log);
  const written = resources.some((r) => r.kind === "IPPool");
  // By pools of IPv6 alone the operator makes a cluster without IPv4 (assumed, as remembered of operator: pkg/render/node.go).
  const ipv6Only = operator !== undefined && !operator.families.includes(4);
  const settings: InstallSettings = {
    method:
      parts.operator !== undefined ? "operator" : parts.node === undefined ? "none" : "manifest",
    calicoVersion,
    datastore: operator?.datastore ?? datastoreOf(parts, cni),
    etcdEndpoints: splitList(
      textOf(node, "ETCD_ENDPOINTS") ?? parts.configMap?.text(["data", "etcd_endpoints"]),
    ),
    backend: operator?.backend ?? backendOf(backendWritten),
    ...(backendWritten === undefined ? {} : { backendWritten }),
    clusterType: splitList(textOf(node, "CLUSTER_TYPE")),
    usePodCIDR: isTrue(textOf(node, "USE_POD_CIDR")),
    vethMTU: operator?.mtu ?? wholeNumber(parts.configMap?.text(["data", "veth_mtu"])),
    ...(cni === undefined ? {} : { cni }),
    addressDetection: {
      ip: ipv6Only ? "none" : (textOf(node, "IP") ?? "autodetect"),
      method: textOf(node, "IP_AUTODETECTION_METHOD") ?? "first-found",
      // The operator asks for it where a pool of its own needs it (operator: pkg/render/node.go).
      ip6: operator?.families.includes(6) === true ? "autodetect" : (textOf(node, "IP6") ?? ""),
    },
    routerId: ipv6Only ? "hash" : (textOf(node, "CALICO_ROUTER_ID") ?? ""),
    podFamilies: operator?.families ?? cni?.families ?? [4],
    typha: operator?.typha ?? readTypha(parts),
    ...kubeControllersOf(parts),
    felixEnvironment: felixEnvironment(node, log),
    nodeEnvironment: plain(node),
    ...(operator?.programClusterRoutes === undefined
      ? {}
      : { programClusterRoutes: operator.programClusterRoutes }),
    derivedPools: written ? [] : derivePools(parts, operator?.pools, calicoVersion, log),
  };
  checkKnownSettings(parts, log);
  lintInstall(parts, settings, log);
  lintFamilies(parts, settings, resources, log);
  lintAddresses(parts, settings, resources, log);
  return settings;
}

function derivePools(
  parts: Installation,
  operatorPools: readonly IPPool[] | undefined,
  calicoVersion: string,
  log: IssueLog,
): readonly IPPool[] {
  if (operatorPools !== undefined) return operatorPools;
  return parts.node === undefined ? [] : startupPools(parts.node, calicoVersion, log);
}

/** What the installer of the CNI plugin would write on a node. */
function readCNI(parts: Installation, log: IssueLog): CNISettings | undefined {
  const installer = parts.cniInstaller?.environment;
  const variable = installer?.get("CNI_NETWORK_CONFIG");
  const fromMap = parts.configMap?.text(["data", "cni_network_config"]);
  const object = variable?.value === undefined ? parts.configMap : variable.object;
  const text = variable?.value ?? fromMap;
  if (object === undefined || text === undefined) return undefined;
  const path = variable?.value === undefined ? ["data", "cni_network_config"] : variable.path;
  const setting = (name: string, key: string): string =>
    (installer === undefined ? undefined : textOf(installer, name)) ??
    parts.configMap?.text(["data", key]) ??
    "";
  return readCNIConfig(
    { text, object, path },
    {
      __CNI_MTU__: setting("CNI_MTU", "veth_mtu") || "0",
      __ETCD_ENDPOINTS__: setting("ETCD_ENDPOINTS", "etcd_endpoints"),
      __ETCD_KEY_FILE__: setting("CNI_CONF_ETCD_KEY", "etcd_key"),
      __ETCD_CERT_FILE__: setting("CNI_CONF_ETCD_CERT", "etcd_cert"),
      __ETCD_CA_CERT_FILE__: setting("CNI_CONF_ETCD_CA", "etcd_ca"),
      __DATASTORE_TYPE__: setting("CNI_DATASTORE_TYPE", "datastore_type") || "kubernetes",
    },
    log,
  );
}

/** The environment decides; the ConfigMap only feeds it (lint L62 reports a difference). */
function backendText(parts: Installation): string | undefined {
  const fromNode =
    parts.node === undefined
      ? undefined
      : textOf(parts.node.environment, "CALICO_NETWORKING_BACKEND");
  return fromNode ?? parts.configMap?.text(["data", "calico_backend"]);
}

/** @see calico: node/filesystem/etc/rc.local: every value but these two starts BIRD. */
function backendOf(written: string | undefined): Backend {
  return written === "vxlan" || written === "none" ? written : "bird";
}

/** @see calico: libcalico-go/lib/apiconfig: etcdv3 unless said otherwise. */
function datastoreOf(parts: Installation, cni: CNISettings | undefined): "kubernetes" | "etcdv3" {
  if (parts.node !== undefined) {
    return textOf(parts.node.environment, "DATASTORE_TYPE") === "kubernetes"
      ? "kubernetes"
      : "etcdv3";
  }
  if (parts.configMap?.text(["data", "etcd_endpoints"]) !== undefined) return "etcdv3";
  return cni?.datastore ?? "kubernetes";
}

/** @see calico: felix/config/config_params.go: empty or "none" is no Typha. */
function readTypha(parts: Installation): TyphaSettings {
  const fromNode =
    parts.node === undefined
      ? undefined
      : textOf(parts.node.environment, "FELIX_TYPHAK8SSERVICENAME");
  const fromMap =
    parts.node === undefined ? parts.configMap?.text(["data", "typha_service_name"]) : undefined;
  const serviceName = fromNode ?? fromMap ?? "";
  const enabled = serviceName !== "" && serviceName.toLowerCase() !== "none";
  const replicas = parts.typhaDeployment?.at(["spec", "replicas"]);
  const grace = parts.typhaDeployment?.at([
    "spec",
    "template",
    "spec",
    "terminationGracePeriodSeconds",
  ]);
  return {
    enabled,
    ...(enabled ? { serviceName } : {}),
    // Kubernetes runs one replica of a Deployment that does not say.
    replicas: parts.typhaDeployment === undefined ? 0 : typeof replicas === "number" ? replicas : 1,
    environment: parts.typha === undefined ? {} : plain(parts.typha.environment, "TYPHA_"),
    ...(typeof grace === "number" ? { terminationGracePeriod: grace } : {}),
  };
}

function kubeControllersOf(parts: Installation): { kubeControllers?: KubeControllersSettings } {
  const { kubeControllers, kubeControllersDeployment } = parts;
  if (kubeControllers === undefined) return {};
  const replicas = kubeControllersDeployment?.at(["spec", "replicas"]);
  return {
    kubeControllers: {
      replicas: typeof replicas === "number" ? replicas : 1,
      enabledControllers: splitList(textOf(kubeControllers.environment, "ENABLED_CONTROLLERS")),
      environment: plain(kubeControllers.environment),
    },
  };
}

function clusterVersion(resources: readonly Resource[]): string | undefined {
  const [information] = ofKind(resources, "ClusterInformation");
  const version: unknown = information?.spec?.calicoVersion;
  return typeof version === "string" && version !== "" ? version : undefined;
}

function noteVersion(
  parts: Installation,
  objects: readonly ManifestObject[],
  note: NonNullable<ReturnType<typeof eraNote>>,
  log: IssueLog,
): void {
  if (parts.node !== undefined) {
    log.addIssue(parts.node.object, {
      ...note,
      path: [...parts.node.path, "image"],
      resource: parts.node.object.reference,
    });
    return;
  }
  const [first] = objects;
  if (first !== undefined) log.addIssue(first, note);
}

/** The value of a variable; undefined where it is absent or known only in the pod. */
export function textOf(environment: Environment, name: string): string | undefined {
  return environment.get(name)?.value;
}

/** The variables of a container that the manifests tell, as plain data. */
function plain(
  environment: Container["environment"],
  prefix = "",
): Readonly<Record<string, string>> {
  const entries = [...environment].flatMap(([name, { value }]) =>
    value !== undefined && name.startsWith(prefix) ? [[name, value] as const] : [],
  );
  return Object.fromEntries(entries);
}

/** @see calico: node/pkg/lifecycle/startup/startup.go: "true" in any case. */
export function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === "true";
}

function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
}
