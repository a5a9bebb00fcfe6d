import {
  type AddressFamily,
  checkValue,
  type Era,
  type FieldSchema,
  freezeDeep,
  type IPPool,
  type Issue,
  isRecord,
  type PathSegment,
  type ProgramClusterRoutes,
  validate,
  validateSet,
} from "@calico-sim/core";
import type { IssueLog } from "../issue-log.js";
import type { ManifestObject } from "../manifest-object.js";
import type { Backend, TyphaSettings } from "./settings.js";

/** What an Installation asks the operator for. */
export interface OperatorSettings {
  readonly datastore: "kubernetes";
  readonly backend: Backend;
  /** Bytes; 0 = automatic. */
  readonly mtu: number;
  readonly pools: readonly IPPool[];
  /** Those of its pools, which are what pods get addresses of (operator: pkg/render/node.go, assign_ipv4 and assign_ipv6). */
  readonly families: readonly AddressFamily[];
  readonly typha: TyphaSettings;
  readonly programClusterRoutes:
    | { readonly felix: ProgramClusterRoutes; readonly bgp: ProgramClusterRoutes }
    | undefined;
}

type Mode = "Never" | "Always" | "CrossSubnet";

/** The operator's encapsulations as modes of a pool. @see operator: pkg/controller/ippool */
const ENCAPSULATIONS: Readonly<
  Record<string, { readonly ipipMode: Mode; readonly vxlanMode: Mode }>
> = {
  IPIP: { ipipMode: "Always", vxlanMode: "Never" },
  IPIPCrossSubnet: { ipipMode: "CrossSubnet", vxlanMode: "Never" },
  VXLAN: { ipipMode: "Never", vxlanMode: "Always" },
  VXLANCrossSubnet: { ipipMode: "Never", vxlanMode: "CrossSubnet" },
  None: { ipipMode: "Never", vxlanMode: "Never" },
};

/** What `clusterRoutingMode` writes into the two configurations. @see operator: pkg/controller/installation/core_controller.go */
const ROUTING_MODES: Readonly<
  Record<string, { felix: ProgramClusterRoutes; bgp: ProgramClusterRoutes }>
> = {
  BIRD: { felix: "Disabled", bgp: "Enabled" },
  Felix: { felix: "Enabled", bgp: "Disabled" },
  FelixIPIPOnly: { felix: "EnabledIPIPOnly", bgp: "EnabledNoEncapOnly" },
};

const word = (...values: string[]): FieldSchema => ({ type: "enum", values });
const some = (fields: Record<string, FieldSchema>): FieldSchema => ({
  type: "object",
  fields,
  open: true,
});
const TEXT: FieldSchema = { type: "string" };

const POOL: FieldSchema = {
  type: "object",
  required: ["cidr"],
  fields: {
    name: TEXT,
    cidr: { type: "string", format: "cidr" },
    encapsulation: word(...Object.keys(ENCAPSULATIONS)),
    natOutgoing: word("Enabled", "Disabled"),
    nodeSelector: TEXT,
    namespaceSelector: TEXT,
    blockSize: { type: "integer" },
    disableBGPExport: { type: "boolean" },
    disableNewAllocations: { type: "boolean" },
    allowedUses: { type: "list", of: word("Workload", "Tunnel", "LoadBalancer") },
    assignmentMode: word("Automatic", "Manual"),
  },
};

/** @see operator: api/v1/installation_types.go */
const INSTALLATION: FieldSchema = some({
  spec: some({
    calicoNetwork: some({
      bgp: word("Enabled", "Disabled"),
      ipPools: { type: "list", of: POOL },
      mtu: { type: "integer", min: 0, max: 65535 },
      clusterRoutingMode: word(...Object.keys(ROUTING_MODES)),
    }),
    cni: some({ type: TEXT, ipam: some({ type: TEXT }) }),
    kubernetesProvider: TEXT,
  }),
});

/**
 * Reads the operator's Installation, with the operator's defaults.
 *
 * @see operator: pkg/controller/installation/core_controller.go, operator: pkg/controller/ippool/defaults.go
 */
export function readOperator(
  installation: ManifestObject,
  era: Era,
  log: IssueLog,
): OperatorSettings {
  const issues: Issue[] = [];
  checkValue(installation.value, INSTALLATION, [], installation.reference, issues);
  for (const issue of issues) log.addIssue(installation, issue);
  const network: PathSegment[] = ["spec", "calicoNetwork"];
  const eks = installation.text(["spec", "kubernetesProvider"]) === "EKS";
  const calicoCNI = (installation.text(["spec", "cni", "type"]) ?? "Calico") === "Calico";
  const bgp =
    installation.text([...network, "bgp"]) ?? (eks || !calicoCNI ? "Disabled" : "Enabled");
  const calicoIPAM = (installation.text(["spec", "cni", "ipam", "type"]) ?? "Calico") === "Calico";
  const mtu = installation.at([...network, "mtu"]);
  const mode = installation.text([...network, "clusterRoutingMode"]);
  const usable = !issues.some((issue) => issue.severity === "error");
  const pools = usable ? readPools(installation, [...network, "ipPools"], eks, era, log) : [];
  const families = ([4, 6] as const).filter((family) =>
    pools.some(({ spec }) => spec.cidr.includes(":") === (family === 6)),
  );
  return {
    datastore: "kubernetes",
    backend: bgp === "Enabled" ? "bird" : calicoIPAM && calicoCNI ? "vxlan" : "none",
    mtu: typeof mtu === "number" ? mtu : 0,
    pools,
    families: families.length === 0 ? [4] : families,
    // The operator always deploys Typha, and counts nodes for its replicas.
    typha: {
      enabled: true,
      serviceName: "calico-typha",
      replicas: undefined,
      environment: {},
      terminationGracePeriod: 300,
    },
    programClusterRoutes: mode === undefined ? undefined : ROUTING_MODES[mode],
  };
}

function readPools(
  installation: ManifestObject,
  path: readonly PathSegment[],
  eks: boolean,
  era: Era,
  log: IssueLog,
): readonly IPPool[] {
  const list = installation.at(path);
  const defaults = { cidr: eks ? "172.16.0.0/16" : era.startup.ipv4PoolCidr };
  const given = Array.isArray(list) ? (list as unknown[]) : [defaults];
  const families = given.map((entry) =>
    isRecord(entry) && String(entry["cidr"]).includes(":") ? 6 : 4,
  );
  const pools = given.map((entry, i) => {
    const earlier = families.slice(0, i).filter((family) => family === families[i]).length;
    return poolOf(isRecord(entry) ? entry : defaults, earlier, eks, era);
  });
  const report = (issue: Issue, i: number): void => {
    const [, ...field] = issue.path ?? [];
    const { path: _, field: __, ...rest } = issue;
    log.add(installation, { ...rest, path: [...path, i, ...operatorField(field)] });
  };
  pools.forEach((pool, i) => {
    for (const issue of validate(pool, { calicoVersion: era.calicoVersion })) report(issue, i);
  });
  for (const issue of validateSet(pools)) report(issue, issue.index);
  return freezeDeep(pools);
}

/** Both modes of a pool come from one field of the Installation. */
function operatorField(field: readonly PathSegment[]): readonly PathSegment[] {
  return field[0] === "ipipMode" || field[0] === "vxlanMode" ? ["encapsulation"] : field;
}

/** @param earlier - how many pools of the same address family stand before this one. */
function poolOf(
  entry: Readonly<Record<string, unknown>>,
  earlier: number,
  eks: boolean,
  era: Era,
): IPPool {
  const cidr = String(entry["cidr"]);
  const v6 = cidr.includes(":");
  const text = (field: string): string | undefined => {
    const value = entry[field];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  // operator: pkg/controller/ippool/defaults.go
  const encapsulation = text("encapsulation") ?? (v6 ? "None" : eks ? "VXLAN" : "IPIP");
  const nat = text("natOutgoing") ?? (v6 ? "Disabled" : "Enabled");
  const size = entry["blockSize"];
  const uses = entry["allowedUses"];
  const fallback = `default-ipv${v6 ? "6" : "4"}-ippool${earlier === 0 ? "" : `-${String(earlier)}`}`;
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "IPPool",
    metadata: { name: text("name") ?? fallback },
    spec: {
      cidr,
      blockSize:
        typeof size === "number" ? size : v6 ? era.ipPool.blockSizeIPv6 : era.ipPool.blockSizeIPv4,
      ...(ENCAPSULATIONS[encapsulation] ?? { ipipMode: "Never", vxlanMode: "Never" }),
      natOutgoing: nat === "Enabled",
      nodeSelector: text("nodeSelector") ?? era.ipPool.nodeSelector,
      disableBGPExport: entry["disableBGPExport"] === true,
      allowedUses: Array.isArray(uses)
        ? (uses as ("Workload" | "Tunnel")[])
        : era.ipPool.allowedUses,
      ...(entry["disableNewAllocations"] === true ? { disabled: true } : {}),
      ...(entry["assignmentMode"] === "Manual" ? { assignmentMode: "Manual" as const } : {}),
    },
  };
}
