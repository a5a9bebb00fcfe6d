import { type Address, cidrContains, formatAddress, nthAddress } from "../net/index.js";
import type { IPAMBlock } from "../resources/index.js";
import { blockCidr, ownerOf } from "./block.js";

/** One address in use. */
export interface Allocation {
  readonly address: string;
  readonly ordinal: number;
  readonly handle: string;
  /** The node that uses it. */
  readonly node: string | undefined;
  /** True if that is not the block's owner: every Felix then routes it as a /32 of its own. */
  readonly borrowed: boolean;
}

/** The addresses in use, in order. */
export function allocationsOf(block: IPAMBlock): readonly Allocation[] {
  const cidr = blockCidr(block);
  const owner = ownerOf(block);
  const found: Allocation[] = [];
  block.spec.allocations.forEach((index, ordinal) => {
    if (index === null) return;
    const attributes = block.spec.attributes[index];
    const node = attributes?.secondary?.["node"];
    found.push({
      address: formatAddress(nthAddress(cidr, ordinal)),
      ordinal,
      handle: attributes?.handle_id ?? "",
      node,
      borrowed: node !== undefined && node !== owner,
    });
  });
  return found;
}

/** Position of an address in its block; −1 if it lies outside. */
export function ordinalOf(block: IPAMBlock, address: Address): number {
  const cidr = blockCidr(block);
  if (!cidrContains(cidr, address)) return -1;
  return Number(BigInt(address.value) - BigInt(cidr.value));
}
