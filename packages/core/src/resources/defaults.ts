import { parseCidr } from "../net/index.js";
import type {
  BGPConfiguration,
  EncapsulationMode,
  FelixConfiguration,
  IPAMConfig,
  IPPool,
} from "./calico.js";
import type { BGPDefaults, Era, FelixDefaults, IPAMDefaults } from "./era.js";
import { parseASNumber } from "./node-view.js";

/** A pool with every default filled in. */
export interface PoolView {
  readonly name: string;
  readonly cidr: string;
  readonly family: 4 | 6;
  readonly blockSize: number;
  readonly ipipMode: EncapsulationMode;
  readonly vxlanMode: EncapsulationMode;
  readonly natOutgoing: boolean;
  readonly disabled: boolean;
  readonly disableBGPExport: boolean;
  readonly nodeSelector: string;
  readonly namespaceSelector: string;
  readonly allowedUses: readonly string[];
  readonly assignmentMode: "Automatic" | "Manual";
}

/**
 * A pool as Calico would act on it.
 *
 * @see calico: libcalico-go/lib/clientv3/ippool.go
 */
export function poolView(pool: IPPool, era: Era): PoolView {
  const { spec } = pool;
  const defaults = era.ipPool;
  const family = parseCidr(spec.cidr)?.family ?? 4;
  return {
    name: pool.metadata.name,
    cidr: spec.cidr,
    family,
    blockSize: spec.blockSize ?? (family === 4 ? defaults.blockSizeIPv4 : defaults.blockSizeIPv6),
    // An empty mode is an unset one, hence || and not ??.
    ipipMode: spec.ipipMode || defaults.ipipMode,
    vxlanMode: spec.vxlanMode || defaults.vxlanMode,
    natOutgoing: spec.natOutgoing ?? defaults.natOutgoing,
    disabled: spec.disabled ?? defaults.disabled,
    disableBGPExport: spec.disableBGPExport ?? defaults.disableBGPExport,
    nodeSelector: spec.nodeSelector || defaults.nodeSelector,
    namespaceSelector: spec.namespaceSelector ?? "",
    allowedUses:
      spec.allowedUses === undefined || spec.allowedUses.length === 0
        ? defaults.allowedUses
        : spec.allowedUses,
    assignmentMode: spec.assignmentMode ?? defaults.assignmentMode,
  };
}

/** BGP settings with every default filled in; `spec` keeps what has no default. */
export interface BGPSettings extends BGPDefaults {
  readonly spec: NonNullable<BGPConfiguration["spec"]>;
}

/**
 * The BGP settings of the cluster: the BGPConfiguration `default` over the era's defaults.
 *
 * @see calico: confd/pkg/backends/calico/client.go:63-67
 */
export function bgpSettings(resources: readonly BGPConfiguration[], era: Era): BGPSettings {
  const spec = resources.find((r) => r.metadata.name === "default")?.spec ?? {};
  return {
    ...fill(era.bgp, spec),
    asNumber: parseASNumber(spec.asNumber) ?? era.bgp.asNumber,
    spec,
  };
}

/** Felix's settings with every default filled in; `spec` keeps what has no default. */
export interface FelixSettings extends FelixDefaults {
  readonly spec: NonNullable<FelixConfiguration["spec"]>;
}

/** Where {@link felixSettings} looks beside the FelixConfiguration resources. */
export interface FelixSettingsOptions {
  /** The node whose `node.<name>` resource counts; none when absent. */
  readonly node?: string;
  /** What the environment sets (`FELIX_…`), by field name of the resource. It wins over every resource. */
  readonly environment?: Readonly<Record<string, unknown>>;
}

/**
 * What Felix acts on, strongest first: environment, the node's own resource, the resource
 * `default`, the era's default.
 *
 * @see calico: felix/config/config_params.go:86
 */
export function felixSettings(
  resources: readonly FelixConfiguration[],
  era: Era,
  options: FelixSettingsOptions = {},
): FelixSettings {
  const named = (name: string): object =>
    resources.find((r) => r.metadata.name === name)?.spec ?? {};
  const spec = {
    ...named("default"),
    ...(options.node === undefined ? {} : named(`node.${options.node}`)),
    ...options.environment,
  };
  return { ...fill(era.felix, spec), spec };
}

/**
 * IPAM's switches: the IPAMConfig `default`, or the era's defaults.
 *
 * @see calico: libcalico-go/lib/ipam/ipam.go:2166-2190
 */
export function ipamSettings(resources: readonly IPAMConfig[], era: Era): IPAMDefaults {
  return fill(era.ipam, resources.find((r) => r.metadata.name === "default")?.spec ?? {});
}

/** The defaults, with the fields they name taken from `spec` where it has them. */
function fill<Defaults extends object>(defaults: Defaults, spec: object): Defaults {
  const given = spec as Partial<Record<keyof Defaults, Defaults[keyof Defaults] | null>>;
  const filled = { ...defaults };
  for (const key of Object.keys(defaults) as (keyof Defaults)[]) {
    const value = given[key];
    if (value !== undefined && value !== null) filled[key] = value;
  }
  return filled;
}
