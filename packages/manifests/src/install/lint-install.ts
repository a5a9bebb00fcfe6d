import { didYouMean, type PathSegment } from "@calico-sim/core";
import type { IssueLog } from "../issue-log.js";
import type { ManifestObject } from "../manifest-object.js";
import { lintEtcd } from "./lint-etcd.js";
import type { InstallSettings } from "./settings.js";
import type { Installation } from "./workloads.js";

/**
 * Settings that contradict each other or cannot work: the rules of the configuration lint that
 * show while reading (L01, L05–L07, L09, L14, L28, L31, L53, L62, and MTUs that differ).
 */
export function lintInstall(parts: Installation, settings: InstallSettings, log: IssueLog): void {
  lintBackend(parts, settings, log);
  lintMTU(parts, settings, log);
  lintEtcd(parts, settings, log);
  lintDatastore(parts, settings, log);
  lintIPAM(parts, settings, log);
  lintTypha(parts, settings, log);
  lintPools(parts, log);
  lintPlaceholders(parts, log);
}

const BACKENDS = ["bird", "vxlan", "none"];

/**
 * Lint L01, L62. An unknown backend is a warning here and no error: BIRD starts, the cluster works,
 * and so must its simulation.
 *
 * @see calico: node/filesystem/etc/rc.local
 */
function lintBackend(parts: Installation, settings: InstallSettings, log: IssueLog): void {
  const written = settings.backendWritten;
  const variable = parts.node?.environment.get("CALICO_NETWORKING_BACKEND");
  const inMap = parts.configMap?.text(["data", "calico_backend"]);
  const object = variable?.object ?? parts.configMap;
  if (written !== undefined && object !== undefined && !BACKENDS.includes(written)) {
    log.add(object, {
      severity: "warning",
      code: "BACKEND_UNKNOWN",
      rule: "L01",
      message: `${JSON.stringify(written)} is none of ${BACKENDS.join(", ")}; every value but vxlan and none starts BIRD, so this runs as bird${didYouMean(written, BACKENDS)}`,
      path: variable?.path ?? ["data", "calico_backend"],
      got: written,
      want: BACKENDS.join(", "),
    });
  }
  const hardCoded = variable?.configMapKey === undefined ? variable?.value : undefined;
  if (
    variable === undefined ||
    hardCoded === undefined ||
    inMap === undefined ||
    hardCoded === inMap
  )
    return;
  log.add(variable.object, {
    severity: "warning",
    code: "BACKEND_OVERRIDDEN",
    rule: "L62",
    message: `calico-node runs with ${JSON.stringify(hardCoded)} whatever calico_backend says (${JSON.stringify(inMap)}): editing the ConfigMap has no effect`,
    path: variable.path,
    got: hardCoded,
    want: "a configMapKeyRef to calico_backend",
  });
}

/** Lint L09, and a pod MTU that is not the tunnels'. */
function lintMTU(parts: Installation, settings: InstallSettings, log: IssueLog): void {
  const { configMap } = parts;
  const written = configMap?.at(["data", "veth_mtu"]);
  if (configMap === undefined || written === undefined) return;
  const path = ["data", "veth_mtu"];
  if (typeof written !== "string" || !/^\d+$/.test(written)) {
    log.add(configMap, {
      severity: "warning",
      code: "MTU_INVALID",
      rule: "L09",
      message: "veth_mtu must be a whole number in quotes; it is taken as 0 (automatic)",
      path,
      got: written,
      want: '"0", or bytes such as "1440"',
    });
    return;
  }
  const veth = settings.vethMTU;
  const cni = settings.cni?.mtu ?? 0;
  if (veth === 0 || cni === 0 || veth === cni) return;
  log.add(configMap, {
    severity: "warning",
    code: "MTU_MISMATCH",
    message:
      cni > veth
        ? `the CNI configuration gives pods an MTU of ${String(cni)}, veth_mtu says ${String(veth)} for tunnels: packets above ${String(veth)} bytes do not pass where they are encapsulated`
        : `the CNI configuration gives pods an MTU of ${String(cni)}, below the ${String(veth)} of veth_mtu: throughput is lost`,
    path,
    got: written,
    want: `the same as "mtu" in cni_network_config (${String(cni)}), best as __CNI_MTU__ there`,
  });
}

/** Lint L07: all components act on one datastore. */
function lintDatastore(parts: Installation, settings: InstallSettings, log: IssueLog): void {
  if (parts.node === undefined) return;
  const differ = (
    object: ManifestObject,
    path: readonly PathSegment[],
    who: string,
    got: string,
  ): void => {
    if (got === settings.datastore) return;
    log.add(object, {
      code: "DATASTORE_DIFFERS",
      rule: "L07",
      message: `${who} uses ${got} while calico-node uses ${settings.datastore}: what one writes the other never sees`,
      path,
      got,
      want: settings.datastore,
    });
  };
  const components = [
    { container: parts.typha, name: "TYPHA_DATASTORETYPE", who: "Typha" },
    { container: parts.kubeControllers, name: "DATASTORE_TYPE", who: "kube-controllers" },
  ];
  for (const { container, name, who } of components) {
    if (container === undefined) continue;
    const variable = container.environment.get(name);
    // Unset is etcdv3 everywhere (calico: libcalico-go/lib/apiconfig).
    const type = variable?.value === "kubernetes" ? "kubernetes" : "etcdv3";
    differ(
      variable?.object ?? container.object,
      variable?.path ?? [...container.path, "env"],
      who,
      type,
    );
  }
  if (settings.cni === undefined || parts.configMap === undefined) return;
  differ(parts.configMap, ["data", "cni_network_config"], "the CNI plugin", settings.cni.datastore);
}

/** Lint L28. @see calico: libcalico-go/lib/backend/syncersv1/ */
function lintIPAM(parts: Installation, settings: InstallSettings, log: IssueLog): void {
  const { node } = parts;
  const ipam = settings.cni?.ipam;
  if (node === undefined || ipam === undefined) return;
  const variable = node.environment.get("USE_POD_CIDR");
  const report = (message: string, want: string): void => {
    log.add(variable?.object ?? node.object, {
      code: "IPAM_MISMATCH",
      rule: "L28",
      message,
      path: variable?.path ?? [...node.path, "env"],
      got: `USE_POD_CIDR ${JSON.stringify(variable?.value ?? "")}, ipam ${JSON.stringify(ipam)}`,
      want,
    });
  };
  if (settings.usePodCIDR && ipam === "calico-ipam") {
    report(
      "with USE_POD_CIDR Felix and confd ignore the blocks that calico-ipam claims",
      "USE_POD_CIDR unset, or host-local IPAM",
    );
  } else if (!settings.usePodCIDR && ipam === "host-local") {
    report(
      "without USE_POD_CIDR Felix and confd see no blocks for host-local addresses",
      'USE_POD_CIDR "true", or calico-ipam',
    );
  }
}

/** Lint L31. @see calico: felix/daemon/daemon.go: without a Typha to connect to, Felix exits and starts again. */
function lintTypha(parts: Installation, settings: InstallSettings, log: IssueLog): void {
  const { node, typhaDeployment } = parts;
  if (node === undefined || parts.operator !== undefined) return;
  const { enabled, serviceName = "", replicas } = settings.typha;
  const variable = node.environment.get("FELIX_TYPHAK8SSERVICENAME");
  if (!enabled) {
    if (typhaDeployment === undefined || replicas === 0) return;
    log.add(typhaDeployment, {
      severity: "warning",
      code: "TYPHA_UNUSED",
      message:
        "Typha runs but no node uses it: typha_service_name is none or not handed to calico-node",
      path: ["spec", "replicas"],
      got: replicas,
      want: 'typha_service_name "calico-typha", and FELIX_TYPHAK8SSERVICENAME in calico-node',
    });
    return;
  }
  const report = (
    object: ManifestObject,
    path: readonly PathSegment[],
    message: string,
    want: string,
  ): void => {
    log.add(object, {
      code: "TYPHA_MISSING",
      rule: "L31",
      message: `${message}: Felix finds no Typha and exits again and again`,
      path,
      want,
    });
  };
  const at = { object: variable?.object ?? node.object, path: variable?.path ?? node.path };
  if (typhaDeployment === undefined) {
    report(
      at.object,
      at.path,
      `Typha service ${serviceName} is set but no Deployment calico-typha is there`,
      "a Deployment calico-typha, or typha_service_name none",
    );
  } else if (replicas === 0) {
    report(
      typhaDeployment,
      ["spec", "replicas"],
      "Typha has no replicas while its service is set",
      "1 or more, or typha_service_name none",
    );
  } else if (!parts.typhaServices.includes(serviceName)) {
    report(at.object, at.path, `there is no Service ${serviceName}`, `a Service ${serviceName}`);
  }
}

/** Lint L14 and L53 over the environment of calico-node. @see calico: node/pkg/lifecycle/startup/startup.go */
function lintPools(parts: Installation, log: IssueLog): void {
  const environment = parts.node?.environment;
  if (environment?.get("NO_DEFAULT_POOLS")?.value?.toLowerCase() !== "true") return;
  for (const name of ["CALICO_IPV4POOL_CIDR", "CALICO_IPV6POOL_CIDR"]) {
    const variable = environment.get(name);
    if (variable === undefined || variable.value === "") continue;
    log.add(variable.object, {
      code: "DEFAULT_POOL_CONFLICT",
      rule: "L53",
      message: `calico-node does not start: ${name} asks for a pool that NO_DEFAULT_POOLS forbids`,
      path: variable.path,
      got: variable.value,
      want: "one of the two",
    });
  }
}

/** `http://<ETCD_IP>:<ETCD_PORT>` in the official manifest is for the user to fill in. */
function lintPlaceholders(parts: Installation, log: IssueLog): void {
  const { configMap } = parts;
  for (const key of ["etcd_endpoints", "typha_service_name", "calico_backend"]) {
    const value = configMap?.text(["data", key]);
    const placeholder = value === undefined ? null : /<[A-Z_]+>/.exec(value);
    if (configMap === undefined || placeholder === null) continue;
    log.add(configMap, {
      severity: "warning",
      code: "PLACEHOLDER_LEFT",
      message: `${placeholder[0]} is still to be filled in`,
      path: ["data", key],
      got: value,
    });
  }
}
