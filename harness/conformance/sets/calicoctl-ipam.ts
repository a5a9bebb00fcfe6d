import { formatIpamShow, formatIpamShowIP, type IpamUsage, ipamCells } from "@calico-sim/calicoctl";
import { parseCidr } from "@calico-sim/core";

type Json = Readonly<Record<string, unknown>>;

/** Addresses of one pool, given away block by block. */
export interface CellsInput {
  readonly pool: string;
  readonly blockSize: number;
  readonly allocated: number;
}

/** The case is a documented example without an input: prefixes and used addresses are read from it, the rest is computed. */
export function ipamShow(example: string): string {
  const usages = example.split("\n").flatMap((line): IpamUsage[] => {
    const cells = line.split("|").map((cell) => cell.trim());
    const [, grouping = "", cidr = "", , inUse = ""] = cells;
    if (grouping !== "IP Pool" && grouping !== "Block") return [];
    return [{ grouping, cidr, capacity: capacity(cidr), inUse: BigInt(parseInt(inUse, 10)) }];
  });
  return formatIpamShow(usages, {
    reserved: example.includes("IPS RESERVED"),
    style: /\| {2,}CIDR {2,}\|/.test(example) ? "centred" : "left",
  });
}

/** IPAM fills the blocks of a node one after the other. */
export function ipamShowCells({ pool, blockSize, allocated }: CellsInput): Json {
  const of = (cidr: string, inUse: number, grouping: IpamUsage["grouping"]) =>
    ipamCells({ grouping, cidr, capacity: capacity(cidr), inUse: BigInt(inUse) });
  const block = pool.replace(/\/\d+$/, `/${String(blockSize)}`);
  const size = Number(capacity(block));
  const names = ["first", "second", "third"];
  const cells: Record<string, string> = {};
  const add = (name: string, { total, inUse, free }: ReturnType<typeof ipamCells>): void => {
    cells[`${name}Total`] = total;
    cells[`${name}InUse`] = inUse;
    cells[`${name}Free`] = free;
  };
  add("pool", of(pool, allocated, "IP Pool"));
  // A case with one block does not number it.
  add("block", of(block, Math.min(size, allocated), "Block"));
  names.forEach((name, i) => {
    add(`${name}Block`, of(block, Math.max(0, Math.min(size, allocated - i * size)), "Block"));
  });
  return cells;
}

/** What `ipam show --ip` answers. */
export function ipamShowIP({ ip, allocated, handle, attributes }: Json): string {
  const assignment = {
    ...(typeof handle === "string" ? { handle } : {}),
    attributes: (attributes ?? {}) as Readonly<Record<string, string>>,
  };
  return formatIpamShowIP(String(ip), allocated === true ? assignment : undefined);
}

function capacity(cidr: string): bigint {
  const parsed = parseCidr(cidr);
  if (parsed === undefined) throw new RangeError(`"${cidr}" is no prefix`);
  return 1n << BigInt((parsed.family === 4 ? 32 : 128) - parsed.length);
}
