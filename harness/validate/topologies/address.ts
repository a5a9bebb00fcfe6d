import { parseAddress } from "@calico-sim/core";

/** An IPv4 address as an unsigned integer. */
export function addressNumber(text: string): number {
  const address = parseAddress(text);
  if (address?.family !== 4) throw new RangeError(`"${text}" is no IPv4 address`);
  return address.value;
}
