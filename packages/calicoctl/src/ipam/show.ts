import { type BoxStyle, formatBoxTable } from "../table/box-table.js";
import { fiveDigits, wholePercent } from "./quantity.js";

/** Addresses of a pool or a block. */
export interface IpamUsage {
  readonly grouping: "IP Pool" | "Block";
  readonly cidr: string;
  readonly capacity: bigint;
  readonly inUse: bigint;
  /** Kept free by an IPReservation. @defaultValue 0 */
  readonly reserved?: bigint;
}

/** Options of {@link formatIpamShow}. */
export interface IpamShowOptions {
  /** The column IPS RESERVED, which older releases do not have. @defaultValue true */
  readonly reserved?: boolean;
  /** @defaultValue `left` */
  readonly style?: BoxStyle;
}

/** The cells of a row, by what they count. */
export interface IpamCells {
  readonly total: string;
  readonly inUse: string;
  readonly reserved: string;
  readonly free: string;
}

/** Counts with their share of the whole (calico: calicoctl/calicoctl/commands/ipam/show.go). */
export function ipamCells(usage: IpamUsage): IpamCells {
  const { capacity, inUse, reserved = 0n } = usage;
  const share = (count: bigint): string =>
    `${fiveDigits(count)} (${wholePercent(count, capacity)})`;
  return {
    total: fiveDigits(capacity),
    inUse: share(inUse),
    reserved: share(reserved),
    free: share(capacity - inUse - reserved),
  };
}

/** The table of `calicoctl ipam show`, with `--show-blocks` if `usages` holds blocks (control-plane-behaviour §6.3). */
export function formatIpamShow(
  usages: readonly IpamUsage[],
  options: IpamShowOptions = {},
): string {
  const { reserved = true, style = "left" } = options;
  const rows = usages.map((usage) => {
    const cells = ipamCells(usage);
    const counts = [cells.total, cells.inUse, ...(reserved ? [cells.reserved] : []), cells.free];
    return [usage.grouping, usage.cidr, ...counts];
  });
  const headings = [
    "Grouping",
    "CIDR",
    "IPs total",
    "IPs in use",
    ...(reserved ? ["IPs reserved"] : []),
    "IPs free",
  ];
  const right = headings.flatMap((_, i) => (i < 2 ? [] : [i]));
  return formatBoxTable({ headings, rows, right }, style);
}

/** An address that is given away. */
export interface IpamAssignment {
  readonly handle?: string | undefined;
  /** Of the active owner, e.g. `namespace`, `pod`, `node`. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Of the owner to come, while a pod is migrated. */
  readonly alternateAttributes?: Readonly<Record<string, string>>;
}

/** `calicoctl ipam show --ip=A`: who holds an address; `assignment` is `undefined` for one that is free. */
export function formatIpamShowIP(ip: string, assignment: IpamAssignment | undefined): string {
  if (assignment === undefined) return `${ip} is not assigned\n`;
  const { handle, attributes = {}, alternateAttributes = {} } = assignment;
  return [
    `IP ${ip} is in use`,
    `Handle ID: ${handle === undefined || handle === "" ? "<none>" : handle}`,
    ...owner("Active", attributes, true),
    ...owner("Alternate", alternateAttributes, false),
    "",
  ].join("\n");
}

function owner(
  which: string,
  attributes: Readonly<Record<string, string>>,
  always: boolean,
): readonly string[] {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return always ? [`No ${which} Owner attributes defined`] : [];
  return [
    `${which} Owner Attributes:`,
    ...names.map((name) => `  ${name}: ${attributes[name] ?? ""}`),
  ];
}
