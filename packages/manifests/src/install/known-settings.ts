import { didYouMean } from "@calico-sim/core";
import type { IssueLog } from "../issue-log.js";
import type { Container } from "./containers.js";
import type { Installation } from "./workloads.js";

/** Keys of `calico-config` that some component reads. @see calico: manifests/ */
const CONFIG_MAP_KEYS: readonly string[] = [
  "typha_service_name",
  "calico_backend",
  "veth_mtu",
  "cni_network_config",
  "etcd_endpoints",
  "etcd_ca",
  "etcd_cert",
  "etcd_key",
  "canal_iface",
  "masquerade",
  "net-conf.json",
  "cluster_type",
  "enable_bgp",
  "datastore_type",
];

/** Parameters of Typha. @see calico: typha/pkg/config/config_params.go */
const TYPHA_PARAMETERS: readonly string[] = [
  "DATASTORETYPE",
  "SERVERPORT",
  "SNAPSHOTCACHEMAXBATCHSIZE",
  "SERVERMAXMESSAGESIZE",
  "SERVERMINBATCHINGAGETHRESHOLDSECS",
  "SERVERMAXFALLBEHINDSECS",
  "SERVERNEWCLIENTFALLBEHINDGRACEPERIOD",
  "SERVERPINGINTERVALSECS",
  "SERVERPONGTIMEOUTSECS",
  "SERVERHANDSHAKETIMEOUTSECS",
  "SERVERWRITETIMEOUTSECS",
  "CONNECTIONREBALANCINGMODE",
  "CONNECTIONDROPINTERVALSECS",
  "MAXCONNECTIONSUPPERLIMIT",
  "MAXCONNECTIONSLOWERLIMIT",
  "K8SSERVICEPOLLINTERVALSECS",
  "K8SNAMESPACE",
  "K8SSERVICENAME",
  "K8SPORTNAME",
  "SHUTDOWNTIMEOUTSECS",
  "SHUTDOWNCONNECTIONDROPINTERVALMAXSECS",
  "HEALTHENABLED",
  "HEALTHPORT",
  "HEALTHHOST",
  "PROMETHEUSMETRICSENABLED",
  "PROMETHEUSMETRICSHOST",
  "PROMETHEUSMETRICSPORT",
  "PROMETHEUSGOMETRICSENABLED",
  "PROMETHEUSPROCESSMETRICSENABLED",
  "LOGFILEPATH",
  "LOGSEVERITYFILE",
  "LOGSEVERITYSCREEN",
  "LOGSEVERITYSYS",
  "SERVERKEYFILE",
  "SERVERCERTFILE",
  "CAFILE",
  "CLIENTCN",
  "CLIENTURISAN",
  "DEBUGMEMORYPROFILEPATH",
  "DEBUGDISABLELOGDROPPING",
  "DEBUGHOST",
  "DEBUGPORT",
  "ETCDADDR",
  "ETCDSCHEME",
  "ETCDENDPOINTS",
  "ETCDKEYFILE",
  "ETCDCERTFILE",
  "ETCDCAFILE",
];

/** Those of them that are numbers. */
const TYPHA_NUMBER = /SECS$|SIZE$|LIMIT$|PERIOD$|MAX$|PORT$/;

/** `CALICO_…` variables of calico-node. @see calico: node/pkg/lifecycle/startup/startup.go, calico: node/filesystem/etc/rc.local */
const NODE_VARIABLES: readonly string[] = [
  "CALICO_NETWORKING_BACKEND",
  "CALICO_IPV4POOL_IPIP",
  ...["4", "6"].flatMap((v) =>
    ["CIDR", "VXLAN", "BLOCK_SIZE", "NAT_OUTGOING", "NODE_SELECTOR", "DISABLE_BGP_EXPORT"].map(
      (name) => `CALICO_IPV${v}POOL_${name}`,
    ),
  ),
  "CALICO_ROUTER_ID",
  "CALICO_MANAGE_CNI",
  "CALICO_CNI_SERVICE_ACCOUNT",
  "CALICO_DISABLE_FILE_LOGGING",
  "CALICO_K8S_NODE_REF",
  "CALICO_NODENAME",
  "CALICO_STARTUP_LOGLEVEL",
  "CALICO_UNKNOWN_NODE_AS_NAME",
  "CALICO_API_GROUP",
  "CALICO_EARLY_NETWORKING",
];

/** Reports settings that no component reads: mostly slips of the pen. */
export function checkKnownSettings(parts: Installation, log: IssueLog): void {
  const { configMap } = parts;
  const official =
    configMap !== undefined && /^(calico|canal)-config$/.test(configMap.reference.name);
  const data = official ? configMap.at(["data"]) : undefined;
  for (const key of Object.keys(typeof data === "object" && data !== null ? data : {})) {
    if (CONFIG_MAP_KEYS.includes(key) || configMap === undefined) continue;
    log.add(configMap, {
      severity: "warning",
      code: "SETTING_UNKNOWN",
      message: `no component reads ${key} from ${configMap.reference.name}${didYouMean(key, CONFIG_MAP_KEYS)}`,
      path: ["data", key],
      got: key,
    });
  }
  checkVariables(parts.node, /^CALICO_/, NODE_VARIABLES, "calico-node", log);
  checkVariables(
    parts.typha,
    /^TYPHA_/,
    TYPHA_PARAMETERS.map((p) => `TYPHA_${p}`),
    "Typha",
    log,
  );
  checkTyphaNumbers(parts.typha, log);
}

/** A number that Typha cannot read leaves the default (calico: typha/pkg/config/config_params.go). */
function checkTyphaNumbers(typha: Container | undefined, log: IssueLog): void {
  for (const [name, { object, path, value = "" }] of typha?.environment ?? []) {
    if (!TYPHA_PARAMETERS.includes(name.replace(/^TYPHA_/, "")) || !TYPHA_NUMBER.test(name))
      continue;
    if (value.trim() === "" || /^\d+(\.\d+)?$/.test(value.trim())) continue;
    log.add(object, {
      severity: "warning",
      code: "SETTING_INVALID",
      message: `${name} cannot be ${JSON.stringify(value)}; Typha takes its default`,
      path,
      got: value,
      want: "a number",
    });
  }
}

function checkVariables(
  container: Container | undefined,
  pattern: RegExp,
  known: readonly string[],
  component: string,
  log: IssueLog,
): void {
  for (const [name, variable] of container?.environment ?? []) {
    if (!pattern.test(name) || known.includes(name)) continue;
    log.add(variable.declaration.object, {
      severity: "warning",
      code: "SETTING_UNKNOWN",
      message: `${component} reads no variable ${name}${didYouMean(name, known)}`,
      path: variable.declaration.path,
      got: name,
    });
  }
}
