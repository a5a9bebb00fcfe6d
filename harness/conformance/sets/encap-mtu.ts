import { DEFAULT_CALICO_VERSION, eraOf } from "@calico-sim/core";
import {
  configureTunnelDevice,
  deviceMTUs,
  type EncapsulatedPool,
  encapsulationsInUse,
  type HostInterface,
  hostMTU,
  podMTU,
  vethMTU,
} from "@calico-sim/felix";
import type { ConformanceCase } from "../case.js";
import type { CaseResult } from "../run.js";

type Mode = EncapsulatedPool["ipipMode"];

/** `input` of a case of kind `mtu`; null = absent. See `conformance/encap-mtu/README.md`. */
interface MtuInput {
  readonly interfaces?: readonly (Omit<HostInterface, "up"> & { readonly up?: boolean })[] | null;
  readonly hostMTU?: number | null;
  readonly mtuIfacePattern?: string | null;
  readonly vxlanMode?: Mode | null;
  readonly ipipMode?: Mode | null;
  readonly ipv6VXLANPool?: boolean | null;
  readonly wireguardEnabled?: boolean | null;
  readonly wireguardEnabledV6?: boolean | null;
  readonly wireguardEncryptHostTraffic?: boolean | null;
  readonly kubernetesProvider?: string | null;
  readonly felixConfig?: Readonly<Record<string, number | boolean | null>> | null;
  readonly mtuFile?: number | null;
  readonly netconfMTU?: number | null;
  readonly requireMTUFile?: boolean | null;
  readonly note?: string | null;
}

/** `input` of a case of kind `tunnelDevice`. */
interface DeviceInput {
  readonly ipipTunnelAddress?: string | null;
  readonly configuredMTUs: readonly number[];
}

/** Runs one case: what Felix and the CNI plugin compute, against what upstream's tests expect. */
export function runEncapMtu(one: ConformanceCase): CaseResult {
  const { kind = "mtu", input, expected } = one.json;
  const { note: _, ...wanted } = (expected ?? {}) as Readonly<Record<string, unknown>>;
  let actual: Readonly<Record<string, unknown>>;
  if (kind === "mtu") actual = computeMtus(input ?? {});
  else if (kind === "tunnelDevice") actual = configureDevice(input as DeviceInput);
  else return { status: "unsupported", features: [`kind:${String(kind)}`, ...one.features] };
  return compare(actual, wanted);
}

function computeMtus(input: MtuInput): Readonly<Record<string, unknown>> {
  const defaults = eraOf(DEFAULT_CALICO_VERSION).felix;
  const config = input.felixConfig ?? {};
  const number = (field: string, absent: number): number => Number(config[field] ?? absent);
  const flag = (field: string): boolean | undefined => {
    const value = config[field];
    return typeof value === "boolean" ? value : undefined;
  };
  const pattern = new RegExp(input.mtuIfacePattern ?? defaults.mtuIfacePattern);
  const interfaces = (input.interfaces ?? []).map((one) => ({ ...one, up: one.up !== false }));
  const host = input.hostMTU ?? hostMTU(interfaces, pattern);
  const devices = deviceMTUs(host, {
    ipipMTU: number("ipipMTU", defaults.ipipMTU),
    vxlanMTU: number("vxlanMTU", defaults.vxlanMTU),
    vxlanMTUV6: number("vxlanMTUV6", defaults.vxlanMTUV6),
    wireguardMTU: number("wireguardMTU", defaults.wireguardMTU),
    wireguardMTUV6: number("wireguardMTUV6", defaults.wireguardMTUV6),
    wireguardHostEncryptionEnabled: input.wireguardEncryptHostTraffic ?? false,
    kubernetesProvider: input.kubernetesProvider ?? "",
  });
  const inUse = encapsulationsInUse(pools(input), {
    ipipEnabled: flag("ipipEnabled"),
    vxlanEnabled: flag("vxlanEnabled"),
    wireguardEnabled: input.wireguardEnabled ?? flag("wireguardEnabled"),
    wireguardEnabledV6: input.wireguardEnabledV6 ?? flag("wireguardEnabledV6"),
  });
  const veth = vethMTU({
    requireFile: input.requireMTUFile ?? false,
    ...(typeof input.mtuFile === "number" ? { fileMTU: input.mtuFile } : {}),
    ...(typeof input.netconfMTU === "number" ? { networkConfigMTU: input.netconfMTU } : {}),
  });
  return {
    // A device that is not in use does not exist: an expected null means just that.
    absent: [
      ...(inUse.ipip ? [] : ["ipipDeviceMTU"]),
      ...(inUse.vxlan ? [] : ["vxlanDeviceMTU"]),
      ...(inUse.vxlanV6 ? [] : ["vxlanV6DeviceMTU"]),
      ...(inUse.wireguard ? [] : ["wireguardMTU"]),
      ...(inUse.wireguardV6 ? [] : ["wireguardMTUV6"]),
      // A pod that is refused has no interface.
      ...(veth.outcome === "mtu" ? [] : ["vethMTU"]),
    ],
    podMTU: podMTU(host, devices, inUse),
    ipipDeviceMTU: devices.ipip,
    vxlanDeviceMTU: devices.vxlan,
    vxlanV6DeviceMTU: devices.vxlanV6,
    wireguardMTU: devices.wireguard,
    wireguardMTUV6: devices.wireguardV6,
    vni: number("vxlanVNI", defaults.vxlanVNI),
    port: number("vxlanPort", defaults.vxlanPort),
    error: veth.outcome === "error",
    ...(veth.outcome === "mtu" ? { vethMTU: veth.mtu } : {}),
  };
}

/**
 * The pools the input stands for: one for IPv4, and one for IPv6 where it says so. `vxlanMode: Never` is taken as said
 * of both, as the set's case `pod-pattern-mismatch-pools-never` is named.
 */
function pools(input: MtuInput): readonly EncapsulatedPool[] {
  const list: EncapsulatedPool[] = [
    { family: 4, ipipMode: input.ipipMode || "Never", vxlanMode: input.vxlanMode || "Never" },
  ];
  // Where upstream's test also edits the IPv6 pool, the set says so in a note, not in a field.
  const turnedOff =
    input.vxlanMode === "Never" || /IPv6 pool.*is set to vxlanMode Never/.test(input.note ?? "");
  if (input.ipv6VXLANPool === true && !turnedOff) {
    list.push({ family: 6, ipipMode: "Never", vxlanMode: "Always" });
  }
  return list;
}

function configureDevice(input: DeviceInput): Readonly<Record<string, unknown>> {
  let device = { name: "tunl0", mtu: 0, up: false, addresses: [] as readonly string[] };
  const deviceMTUs: number[] = [];
  for (const mtu of input.configuredMTUs) {
    const address = input.ipipTunnelAddress;
    device = { ...configureTunnelDevice(device, { mtu, ...(address ? { address } : {}) }) };
    deviceMTUs.push(device.mtu);
  }
  return { deviceMTUs, deviceAddresses: device.addresses };
}

/** Compares the expected fields alone; one the model has no value for is unsupported. */
function compare(
  actual: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): CaseResult {
  const names = Object.keys(wanted);
  const unknown = names.filter((name) => !Object.hasOwn(actual, name) && name !== "vethMTU");
  if (unknown.length > 0) {
    return { status: "unsupported", features: unknown.map((name) => `expected.${name}`) };
  }
  const absent = Array.isArray(actual["absent"]) ? actual["absent"] : [];
  const agrees = (name: string): boolean =>
    wanted[name] === null
      ? absent.includes(name)
      : JSON.stringify(actual[name]) === JSON.stringify(wanted[name]);
  const wrong = names.filter((name) => !agrees(name));
  if (wrong.length === 0) return { status: "passed" };
  const show = (name: string): string =>
    `${name} is ${JSON.stringify(actual[name]) ?? "absent"}, expected ${JSON.stringify(wanted[name])}`;
  return { status: "failed", why: wrong.map(show).join("; ") };
}
