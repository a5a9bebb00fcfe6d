import { type Era, eraOf, freezeDeep, type IPPool, type Issue, validate } from "@calico-sim/core";
import type { IssueLog } from "../issue-log.js";
import type { Container, EnvironmentValue } from "./containers.js";

type Mode = "Never" | "Always" | "CrossSubnet";

/**
 * Words calico-node takes for an encapsulation, in any letter case; others stop it at start-up.
 *
 * @see calico: node/pkg/lifecycle/startup/startup.go
 */
const MODES: Readonly<Record<string, Mode>> = {
  "": "Never",
  off: "Never",
  never: "Never",
  crosssubnet: "CrossSubnet",
  "cross-subnet": "CrossSubnet",
  always: "Always",
};

/** Stands for the random range that calico-node draws for IPv6: a run must be repeatable. */
const IPV6_POOL_CIDR = "fdca:11c0:5140::/48";

/**
 * The pools calico-node creates at start-up when the datastore holds none.
 *
 * @see calico: node/pkg/lifecycle/startup/startup.go
 */
export function startupPools(
  node: Container,
  calicoVersion: string,
  log: IssueLog,
): readonly IPPool[] {
  const { environment } = node;
  const era = eraOf(calicoVersion);
  const pools = [pool(4, environment, era, calicoVersion, log)];
  if (wantsIPv6(environment)) pools.push(pool(6, environment, era, calicoVersion, log));
  const disabled = environment.get("NO_DEFAULT_POOLS")?.value?.toLowerCase() === "true";
  return disabled ? [] : pools.filter((p) => p !== undefined);
}

function wantsIPv6(environment: Container["environment"]): boolean {
  const ip6 = environment.get("IP6")?.value ?? "";
  const cidr = environment.get("CALICO_IPV6POOL_CIDR")?.value ?? "";
  return cidr !== "" || (ip6 !== "" && ip6.toLowerCase() !== "none");
}

function pool(
  family: 4 | 6,
  environment: Container["environment"],
  era: Era,
  calicoVersion: string,
  log: IssueLog,
): IPPool | undefined {
  const prefix = `CALICO_IPV${String(family)}POOL_`;
  const variable = (name: string): EnvironmentValue | undefined => environment.get(prefix + name);
  const text = (name: string): string => variable(name)?.value ?? "";
  const ipip =
    family === 4 ? readMode(`${prefix}IPIP`, variable("IPIP"), era.startup.ipipMode, log) : "Never";
  const vxlan = readMode(`${prefix}VXLAN`, variable("VXLAN"), era.startup.vxlanMode, log);
  const blockSize = readBlockSize(`${prefix}BLOCK_SIZE`, variable("BLOCK_SIZE"), log);
  if (ipip === undefined || vxlan === undefined) return undefined;
  const natDefault =
    family === 4 ? era.startup.ipv4PoolNatOutgoing : era.startup.ipv6PoolNatOutgoing;
  const made: IPPool = {
    apiVersion: "projectcalico.org/v3",
    kind: "IPPool",
    metadata: { name: family === 4 ? era.startup.ipv4PoolName : era.startup.ipv6PoolName },
    spec: {
      cidr: text("CIDR") || (family === 4 ? era.startup.ipv4PoolCidr : IPV6_POOL_CIDR),
      blockSize: blockSize ?? (family === 4 ? era.ipPool.blockSizeIPv4 : era.ipPool.blockSizeIPv6),
      ipipMode: ipip,
      vxlanMode: vxlan,
      natOutgoing:
        text("NAT_OUTGOING") === "" ? natDefault : text("NAT_OUTGOING").toLowerCase() === "true",
      nodeSelector: text("NODE_SELECTOR") || era.ipPool.nodeSelector,
      disableBGPExport: text("DISABLE_BGP_EXPORT").toLowerCase() === "true",
      allowedUses: era.ipPool.allowedUses,
    },
  };
  const issues = validate(made, { calicoVersion });
  for (const issue of issues) report(issue, environment, prefix, log);
  return issues.some((i) => i.severity === "error") ? undefined : freezeDeep(made);
}

/** Where a field of the pool comes from. */
const VARIABLE_OF: Readonly<Record<string, string>> = {
  cidr: "CIDR",
  blockSize: "BLOCK_SIZE",
  ipipMode: "IPIP",
  vxlanMode: "VXLAN",
  nodeSelector: "NODE_SELECTOR",
};

/** A finding about the pool belongs to the variable that made it so. */
function report(
  issue: Issue,
  environment: Container["environment"],
  prefix: string,
  log: IssueLog,
): void {
  const field = String(issue.path?.[1] ?? "cidr");
  const name = prefix + (VARIABLE_OF[field] ?? "CIDR");
  const variable = environment.get(name) ?? environment.get(`${prefix}CIDR`);
  if (variable === undefined) return;
  const { object, path } = variable;
  const message = `${name} makes a pool that is refused: ${issue.message}`;
  const { field: _, path: __, ...rest } = issue;
  log.add(object, { ...rest, message, path: path });
}

/** Lint L15. */
function readMode(
  name: string,
  variable: EnvironmentValue | undefined,
  absent: Mode,
  log: IssueLog,
): Mode | undefined {
  const value = variable?.value;
  if (variable === undefined || value === undefined) return absent;
  const mode = MODES[value.toLowerCase()];
  if (mode !== undefined) return mode;
  log.add(variable.object, {
    code: "SETTING_INVALID",
    rule: "L15",
    message: `calico-node does not start: ${name} cannot be ${JSON.stringify(value)}`,
    path: variable.path,
    got: value,
    want: "Never, Always or CrossSubnet",
  });
  return undefined;
}

function readBlockSize(
  name: string,
  variable: EnvironmentValue | undefined,
  log: IssueLog,
): number | undefined {
  const value = variable?.value;
  if (variable === undefined || value === undefined || value === "") return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  log.add(variable.object, {
    code: "SETTING_INVALID",
    rule: "L18",
    message: `calico-node does not start: ${name} must be a whole number`,
    path: variable.path,
    got: value,
    want: "a prefix length such as 26",
  });
  return undefined;
}
