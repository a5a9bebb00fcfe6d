/** Which encapsulations a node uses at all. */
export interface EncapsulationsInUse {
  readonly ipip: boolean;
  readonly vxlan: boolean;
  readonly vxlanV6: boolean;
  readonly wireguard: boolean;
  readonly wireguardV6: boolean;
}

/** What {@link encapsulationsInUse} looks at of a pool. */
export interface EncapsulatedPool {
  readonly family: 4 | 6;
  readonly ipipMode: "Never" | "Always" | "CrossSubnet";
  readonly vxlanMode: "Never" | "Always" | "CrossSubnet";
}

/** Switches of FelixConfiguration; absent = not set. */
export interface EncapsulationSwitches {
  /** Forces IP-in-IP on or off, whatever the pools say. */
  readonly ipipEnabled?: boolean | undefined;
  /** Forces VXLAN for IPv4 on or off; for IPv6 the pools alone decide. */
  readonly vxlanEnabled?: boolean | undefined;
  readonly wireguardEnabled?: boolean | undefined;
  readonly wireguardEnabledV6?: boolean | undefined;
}

/**
 * Which encapsulations are in use: those of any pool, unless FelixConfiguration forces otherwise.
 *
 * @see calico: felix/calc/encapsulation_resolver.go
 */
export function encapsulationsInUse(
  pools: readonly EncapsulatedPool[],
  switches: EncapsulationSwitches,
): EncapsulationsInUse {
  const any = (family: 4 | 6, mode: "ipipMode" | "vxlanMode"): boolean =>
    pools.some((pool) => pool.family === family && pool[mode] !== "Never");
  return {
    ipip: switches.ipipEnabled ?? any(4, "ipipMode"),
    vxlan: switches.vxlanEnabled ?? any(4, "vxlanMode"),
    vxlanV6: any(6, "vxlanMode"),
    wireguard: switches.wireguardEnabled ?? false,
    wireguardV6: switches.wireguardEnabledV6 ?? false,
  };
}
