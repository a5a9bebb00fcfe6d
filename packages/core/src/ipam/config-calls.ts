import { type Cidr, hostCidr, parseAddress, parseCidr } from "../net/index.js";
import {
  DEFAULT_CALICO_VERSION,
  eraOf,
  type IPAMDefaults,
  ipamSettings,
} from "../resources/index.js";
import { found, get, list, listed, type Procedure } from "./calls.js";

/** Every era agrees on the defaults of IPAM. */
const ERA = eraOf(DEFAULT_CALICO_VERSION);
const DEFAULTS = ipamSettings([], ERA);

/** GET the IPAMConfig; a missing one means the defaults, which are not written (calico: IPAM:2166-2190). */
export function* readConfig(): Procedure<IPAMDefaults> {
  const config = found("IPAMConfig", yield get("IPAMConfig", "default"));
  return config === undefined ? DEFAULTS : ipamSettings([config], ERA);
}

/** LIST the IPReservations; entries that are no prefix or address are skipped. */
export function* readReservations(): Procedure<readonly Cidr[]> {
  const reserved: Cidr[] = [];
  for (const reservation of listed("IPReservation", yield list("IPReservation"))) {
    for (const text of reservation.spec.reservedCIDRs ?? []) {
      const address = parseAddress(text);
      const cidr = address === undefined ? parseCidr(text) : hostCidr(address);
      if (cidr !== undefined) reserved.push(cidr);
    }
  }
  return reserved;
}

/** Blocks a node may own: 20 when neither side says, else the smaller of what is said (calico: IPAM:731-752). */
export function blockLimit(config: IPAMDefaults, requested: number): number {
  const global = config.maxBlocksPerHost;
  if (global === 0 && requested === 0) return config.blocksPerHostWhenUnset;
  if (global === 0 || requested === 0) return Math.max(global, requested);
  return Math.min(global, requested);
}
