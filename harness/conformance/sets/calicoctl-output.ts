import {
  type ApiResource,
  BirdOutputError,
  type BirdRoute,
  type BirdStatus,
  defaultASNumber,
  formatGetTable,
  formatIpamShow,
  formatIpamShowIP,
  type IpamUsage,
  ipamCells,
  type Joinable,
  joinAndTruncate,
  nodeStatusRow,
  type ProtocolPeer,
  peerTypeText,
  readBgpState,
  readProtocolRow,
  scanProtocols,
  scanRoutes,
  scanStatus,
  toNodeStatusBird,
  toNodeStatusPeer,
  toNodeStatusRoute,
} from "@calico-sim/calicoctl";
import { isRecord, parseCidr } from "@calico-sim/core";
import type { ConformanceCase } from "../case.js";
import { compareExpected } from "../compare.js";
import type { CaseResult } from "../run.js";

type Json = Readonly<Record<string, unknown>>;

/** Computes what a case of a kind expects, in the format of the set; see `conformance/calicoctl-output/README.md`. */
const KINDS: Readonly<Record<string, (one: Json) => unknown>> = {
  nodeStatusLine,
  nodeStatusScan: (one) =>
    attempt(() => ({ peers: protocolsOf(one, one["text"]).map(statusPeer) })),
  birdPeersScan,
  nodeStatusPeer: ({ peer }) => {
    const read = peer as ProtocolPeer & { readonly peerType: ProtocolPeer["origin"] };
    return toNodeStatusPeer({ ...read, origin: read.peerType });
  },
  birdRoutesScan: (one) => attempt(() => ({ routes: scanRoutes(text(one["text"])) })),
  nodeStatusRoute: ({ route }) => toNodeStatusRoute(route as BirdRoute),
  birdStatusScan: (one) => attempt(() => scanStatus(text(one["text"]))),
  birdStatusConvert: ({ status }) => toNodeStatusBird(status as BirdStatus),
  tableRow: ({ object, wide }) => ({ cells: tableRow(object as StatusObject, wide === true) }),
  getTable: ({ resources, wide, allNamespaces }) => ({
    text: formatGetTable(resources as readonly ApiResource[], {
      wide: wide === true,
      allNamespaces: allNamespaces === true,
    }),
  }),
  ipamShow: ({ expected }) => ({ text: ipamShow(text((expected as Json)["text"])) }),
  ipamShowCells: ({ input }) => ipamShowCells(input as CellsInput),
  ipamShowIP,
  joinAndTruncate: ({ input }) => {
    const { items, separator, maxLength } = input as JoinInput;
    return { text: joinAndTruncate(items, separator, maxLength) };
  },
  defaultASNumber: ({ input }) => ({ text: defaultASNumber(configuration(input as Json)) }),
};

interface JoinInput {
  readonly items: Joinable;
  readonly separator: string;
  readonly maxLength: number;
}

interface CellsInput {
  readonly pool: string;
  readonly blockSize: number;
  readonly allocated: number;
}

interface StatusObject {
  readonly metadata: { readonly name: string; readonly creationAge: string };
  readonly spec: {
    readonly node: string;
    readonly classes: readonly string[];
    readonly updatePeriodSeconds?: number;
  };
  readonly status: {
    readonly lastUpdatedAge: string;
    readonly agent: Readonly<Record<"birdV4" | "birdV6", { readonly state: string }>>;
    readonly bgp: Readonly<Record<string, number>>;
    readonly routes: Readonly<Record<string, number>>;
  };
}

/** Runs one case: what the tools print or read, against what upstream's tests expect. */
export function runCalicoctlOutput(one: ConformanceCase): CaseResult {
  const { kind, expected } = one.json;
  const compute = Object.hasOwn(KINDS, String(kind)) ? KINDS[String(kind)] : undefined;
  if (compute === undefined)
    return { status: "unsupported", features: [`kind:${String(kind)}`, ...one.features] };
  const { note: _, contains, ...wanted } = lowerKeys(expected) as Json;
  const computed = lowerKeys(compute(one.json)) as Json;
  if (Array.isArray(contains)) return findAll(text(computed["text"]), contains);
  const actual = stated(computed, wanted) as Json;
  return compareExpected(trimText(actual), trimText(wanted));
}

/** The computed fields that the case says something about. */
function stated(actual: unknown, wanted: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(wanted))
    return actual.map((member, i) => stated(member, wanted[i]));
  if (!isRecord(actual) || !isRecord(wanted)) return actual;
  const names = Object.keys(actual).filter((name) => Object.hasOwn(wanted, name));
  return Object.fromEntries(names.map((name) => [name, stated(actual[name], wanted[name])]));
}

/** `error: true` where the text is refused. */
function attempt(read: () => object): Json {
  try {
    return { error: false, ...read() };
  } catch (error) {
    if (error instanceof BirdOutputError) return { error: true };
    throw error;
  }
}

function protocolsOf(one: Json, answer: unknown): readonly ProtocolPeer[] {
  return scanProtocols(text(answer), separatorOf(one));
}

/** A case about IPv6 says so by its separator, or by its features. */
function separatorOf({ separator, features }: Json): "." | ":" {
  if (typeof separator === "string") return separator === ":" ? ":" : ".";
  return Array.isArray(features) && features.includes("ipv6") ? ":" : ".";
}

function statusPeer(peer: ProtocolPeer): Json {
  const { peerIP, state, since, bgpState, info } = peer;
  return { peerIP, peerType: peerTypeText(peer), state, since, bgpState, info };
}

function nodeStatusLine(one: Json): Json {
  const peer = readProtocolRow(text(one["line"]), separatorOf(one));
  return { parsed: peer !== undefined, peer: peer === undefined ? null : statusPeer(peer) };
}

/** The state of each session comes from its own text, in the order of the peers. */
function birdPeersScan(one: Json): Json {
  const details = Array.isArray(one["protocolDetailTexts"]) ? one["protocolDetailTexts"] : [];
  return attempt(() => ({
    peers: protocolsOf(one, one["protocolsText"]).map((peer, i) => {
      const { origin, bgpState, ...rest } = peer;
      const state = readBgpState(text(details[i])) ?? bgpState;
      return { ...rest, peerType: origin, bgpState: state };
    }),
  }));
}

function tableRow({ metadata, spec, status }: StatusObject, wide: boolean): string[] {
  const { agent, bgp, routes } = status;
  const families = (name: string, of: Readonly<Record<string, number>>) => ({
    v4: of[`${name}V4`] ?? 0,
    v6: of[`${name}V6`] ?? 0,
  });
  return nodeStatusRow(
    {
      name: metadata.name,
      node: spec.node,
      classes: spec.classes,
      updatePeriodSeconds: spec.updatePeriodSeconds,
      age: metadata.creationAge,
      lastUpdatedAge: status.lastUpdatedAge,
      birdState: { v4: agent.birdV4.state, v6: agent.birdV6.state },
      established: families("numberEstablished", bgp),
      notEstablished: families("numberNotEstablished", bgp),
      learned: families("learned", routes),
    },
    wide,
  );
}

/** The case is a documented example without an input: prefixes and used addresses are read from it, the rest is computed. */
function ipamShow(example: string): string {
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
function ipamShowCells({ pool, blockSize, allocated }: CellsInput): Json {
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

function ipamShowIP({ input }: Json): Json {
  const { ip, allocated, handle, attributes } = input as Json;
  const assignment = {
    ...(typeof handle === "string" ? { handle } : {}),
    attributes: (attributes ?? {}) as Readonly<Record<string, string>>,
  };
  return { text: formatIpamShowIP(text(ip), allocated === true ? assignment : undefined) };
}

function configuration({ asNumber }: Json): ApiResource | undefined {
  if (asNumber === null || asNumber === undefined) return undefined;
  return { kind: "BGPConfiguration", metadata: { name: "default" }, spec: { asNumber } };
}

function capacity(cidr: string): bigint {
  const parsed = parseCidr(cidr);
  if (parsed === undefined) throw new RangeError(`"${cidr}" is no prefix`);
  return 1n << BigInt((parsed.family === 4 ? 32 : 128) - parsed.length);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Blanks at the end of lines and text do not count. */
function trimText(one: Json): Json {
  return typeof one["text"] === "string"
    ? { ...one, text: one["text"].replace(/ +$/gm, "").trimEnd() }
    : one;
}

/** Field names of the set follow Go's in one place and JSON's in another. */
function lowerKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerKeys);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => [key.toLowerCase(), lowerKeys(below)]),
  );
}

function findAll(actual: string, parts: readonly unknown[]): CaseResult {
  const missing = parts.filter((part) => !actual.includes(String(part)));
  if (missing.length === 0) return { status: "passed" };
  return {
    status: "failed",
    why: `${JSON.stringify(actual)} does not hold ${missing.map((m) => JSON.stringify(m)).join(", ")}`,
  };
}
