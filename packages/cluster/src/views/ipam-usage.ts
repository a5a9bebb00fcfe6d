import type { IpamAssignment, IpamUsage } from "@calico-sim/calicoctl";
import {
  type Address,
  addressCount,
  allocationsOf,
  type Cidr,
  cidrOverlaps,
  hostCidr,
  type IPAMBlock,
  type IPPool,
  type IPReservation,
  ordinalOf,
  parseAddress,
  parseCidr,
} from "@calico-sim/core";

/** What the table of `calicoctl ipam show` is counted from. */
export interface IpamContent {
  readonly pools: readonly IPPool[];
  readonly blocks: readonly IPAMBlock[];
  readonly reservations: readonly IPReservation[];
}

/**
 * The rows of `calicoctl ipam show`: pools, each followed by its blocks if `showBlocks`, then blocks outside any
 * pool (control-plane-behaviour §6.3).
 */
export function ipamUsages(content: IpamContent, showBlocks: boolean): readonly IpamUsage[] {
  const reserved = content.reservations
    .flatMap((one) => one.spec.reservedCIDRs ?? [])
    .flatMap((text) => {
      const address = parseAddress(text);
      return (address === undefined ? parseCidr(text) : hostCidr(address)) ?? [];
    });
  const left = new Set(content.blocks);
  const rows: IpamUsage[] = [];
  for (const pool of content.pools) {
    const cidr = parseCidr(pool.spec.cidr);
    if (cidr === undefined) continue;
    const inside = content.blocks.filter((block) => {
      const own = parseCidr(block.spec.cidr);
      return own !== undefined && cidrOverlaps(cidr, own);
    });
    const usages = inside.map((block) => blockUsage(block, reserved));
    const inUse = usages.reduce((sum, usage) => sum + usage.inUse, 0n);
    rows.push({
      grouping: "IP Pool",
      cidr: pool.spec.cidr,
      capacity: BigInt(addressCount(cidr)),
      inUse,
      reserved: reservedIn(cidr, reserved),
    });
    for (const block of inside) left.delete(block);
    if (showBlocks) rows.push(...usages);
  }
  if (showBlocks) rows.push(...[...left].map((block) => blockUsage(block, reserved)));
  return rows;
}

/** Who holds an address; undefined when nobody does. */
export function assignmentOf(
  blocks: readonly IPAMBlock[],
  address: Address,
): IpamAssignment | undefined {
  for (const block of blocks) {
    const ordinal = ordinalOf(block, address);
    const index = ordinal < 0 ? null : (block.spec.allocations[ordinal] ?? null);
    if (index === null) continue;
    const attributes = block.spec.attributes[index];
    return { handle: attributes?.handle_id ?? "", attributes: attributes?.secondary ?? {} };
  }
  return undefined;
}

function blockUsage(block: IPAMBlock, reserved: readonly Cidr[]): IpamUsage {
  const cidr = parseCidr(block.spec.cidr)!;
  return {
    grouping: "Block",
    cidr: block.spec.cidr,
    capacity: BigInt(addressCount(cidr)),
    inUse: BigInt(allocationsOf(block).length),
    reserved: reservedIn(cidr, reserved),
  };
}

/** Addresses of a prefix that reservations cover; reservations are taken not to overlap one another. */
function reservedIn(cidr: Cidr, reserved: readonly Cidr[]): bigint {
  let sum = 0n;
  for (const one of reserved) {
    if (one.family !== cidr.family) continue;
    if (one.length <= cidr.length && cidrOverlaps(one, cidr)) return BigInt(addressCount(cidr));
    if (cidrOverlaps(one, cidr)) sum += BigInt(addressCount(one));
  }
  return sum;
}
