import type { IssueLog } from "../issue-log.js";
import type { ManifestObject } from "../manifest-object.js";
import { type ConfigMaps, type Container, configMapsIn, containersOf } from "./containers.js";

/** The parts of an installation, as found among the objects. */
export interface Installation {
  readonly configMaps: ConfigMaps;
  /** The ConfigMap `calico-config` (or `canal-config`, or whichever holds a CNI configuration). */
  readonly configMap: ManifestObject | undefined;
  readonly nodeDaemonSet: ManifestObject | undefined;
  /** The container calico-node. */
  readonly node: Container | undefined;
  /** The init container that writes the CNI configuration. */
  readonly cniInstaller: Container | undefined;
  readonly typhaDeployment: ManifestObject | undefined;
  readonly typha: Container | undefined;
  readonly typhaServices: readonly string[];
  readonly kubeControllersDeployment: ManifestObject | undefined;
  readonly kubeControllers: Container | undefined;
  /** The operator's Installation. */
  readonly operator: ManifestObject | undefined;
}

/** Finds the parts of an installation among the objects of all sources. */
export function findInstallation(objects: readonly ManifestObject[], log: IssueLog): Installation {
  const configMaps = configMapsIn(objects);
  const install = objects.filter((o) => o.role === "install");
  const named = (kind: string, name: string): ManifestObject | undefined =>
    install.find((o) => o.kind === kind && o.reference.name === name);
  const daemonSets = install.filter(
    (o) => o.kind === "DaemonSet" && hasContainer(o, "calico-node"),
  );
  const nodeDaemonSet = daemonSets[0];
  const nodeContainers =
    nodeDaemonSet === undefined ? [] : containersOf(nodeDaemonSet, configMaps, log);
  const typhaDeployment = named("Deployment", "calico-typha");
  const kubeControllersDeployment = named("Deployment", "calico-kube-controllers");
  const containerOf = (
    workload: ManifestObject | undefined,
    name: string,
  ): Container | undefined =>
    workload === undefined
      ? undefined
      : containersOf(workload, configMaps, log).find((c) => c.name === name);
  return {
    configMaps,
    configMap: findConfigMap(objects),
    nodeDaemonSet,
    node: nodeContainers.find((c) => c.name === "calico-node"),
    cniInstaller: nodeContainers.find((c) => c.environment.has("CNI_NETWORK_CONFIG")),
    typhaDeployment,
    typha: containerOf(typhaDeployment, "calico-typha"),
    typhaServices: install.filter((o) => o.kind === "Service").map((o) => o.reference.name),
    kubeControllersDeployment,
    kubeControllers: containerOf(kubeControllersDeployment, "calico-kube-controllers"),
    operator: install.find((o) => o.kind === "Installation"),
  };
}

/** Names and keys by which the ConfigMap is known: the official manifests rename it in one case. */
function findConfigMap(objects: readonly ManifestObject[]): ManifestObject | undefined {
  const maps = objects.filter((o) => o.kind === "ConfigMap" && o.role === "modelled");
  return (
    maps.find((o) => o.reference.name === "calico-config") ??
    maps.find((o) => o.reference.name === "canal-config") ??
    maps.find((o) => o.text(["data", "cni_network_config"]) !== undefined)
  );
}

function hasContainer(workload: ManifestObject, name: string): boolean {
  const containers = workload.at(["spec", "template", "spec", "containers"]);
  return (
    Array.isArray(containers) &&
    containers.some((c: unknown) => (c as { name?: unknown } | null)?.name === name)
  );
}
