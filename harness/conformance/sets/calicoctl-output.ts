import {
  type ApiResource,
  BirdOutputError,
  type BirdRoute,
  type BirdStatus,
  defaultASNumber,
  formatGetTable,
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
import { isRecord } from "@calico-sim/core";
import type { ConformanceCase } from "../case.js";
import { compareExpected } from "../compare.js";
import type { CaseResult } from "../run.js";
import { type CellsInput, ipamShow, ipamShowCells, ipamShowIP } from "./calicoctl-ipam.js";

type Json = Readonly<Record<string, unknown>>;

/** Computes what a case of a kind expects, in the format of the set; see `conformance/calicoctl-output/README.md`. */
const KINDS: Readonly<Record<string, (one: Json) => unknown>> = {
  nodeStatusLine,
  nodeStatusScan: (one) =>
    attempt(() => ({ peers: protocolsOf(one, one["text"]).map(statusPeer) })),
  birdPeersScan,
  nodeStatusPeer: ({ peer }) => toNodeStatusPeer(peerOf(peer as Json)),
  birdRoutesScan: (one) => attempt(() => ({ routes: scanRoutes(text(one["text"])) })),
  nodeStatusRoute: ({ route }) => toNodeStatusRoute(route as BirdRoute),
  birdStatusScan: (one) => attempt(() => scanStatus(text(one["text"]))),
  birdStatusConvert: ({ status }) => toNodeStatusBird({ ...NO_STATUS, ...(status as BirdStatus) }),
  tableRow: ({ object, wide }) => ({ cells: tableRow(object as StatusObject, wide === true) }),
  getTable: ({ resources, wide, allNamespaces }) => ({
    text: formatGetTable(listOf(resources), {
      wide: wide === true,
      allNamespaces: allNamespaces === true,
    }),
  }),
  ipamShow: ({ expected }) => ({ text: ipamShow(text((expected as Json)["text"])) }),
  ipamShowCells: ({ input }) => ipamShowCells(input as CellsInput),
  ipamShowIP: ({ input }) => ({ text: ipamShowIP(input as Json) }),
  joinAndTruncate: ({ input }) => {
    const { items, separator, maxLength } = input as JoinInput;
    return { text: joinAndTruncate(items, separator ?? ",", maxLength ?? 0) };
  },
  defaultASNumber: ({ input }) => ({ text: defaultASNumber(configuration((input ?? {}) as Json)) }),
};

/** What `show status` says of a BIRD that does not answer. */
const NO_STATUS: BirdStatus = {
  version: "",
  routerID: "",
  serverTime: "",
  lastBootTime: "",
  lastReconfigTime: "",
  ready: false,
};

interface JoinInput {
  readonly items: Joinable;
  readonly separator?: string | null;
  readonly maxLength?: number | null;
}

interface StatusObject {
  readonly metadata: { readonly name: string; readonly creationAge: string };
  readonly spec: {
    readonly node: string;
    readonly classes: readonly string[];
    readonly updatePeriodSeconds?: number;
  };
  /** What the object's classes do not ask for is absent. */
  readonly status?: {
    readonly lastUpdatedAge?: string;
    readonly agent?: Readonly<Record<string, { readonly state?: string } | null>> | null;
    readonly bgp?: Readonly<Record<string, number>> | null;
    readonly routes?: Readonly<Record<string, number>> | null;
  } | null;
}

/** Runs one case: what the tools print or read, against what upstream's tests expect. */
export function runCalicoctlOutput(one: ConformanceCase): CaseResult {
  const { kind, expected } = one.json;
  const compute = Object.hasOwn(KINDS, String(kind)) ? KINDS[String(kind)] : undefined;
  if (compute === undefined)
    return { status: "unsupported", features: [`kind:${String(kind)}`, ...one.features] };
  const { note: _, contains, ...wanted } = displayed(lowerKeys(expected)) as Json;
  const computed = displayed(lowerKeys(compute(one.json))) as Json;
  if (contains !== undefined) return findAll(text(computed["text"]), [contains].flat());
  const actual = stated(computed, wanted) as Json;
  return compareExpected(trimText(actual), trimText(wanted));
}

/** The computed fields that the case says something about. Go leaves blank what JSON calls null, or leaves out. */
function stated(actual: unknown, wanted: unknown): unknown {
  if (isBlank(actual) && isBlank(wanted)) return wanted;
  if (Array.isArray(actual) && Array.isArray(wanted))
    return actual.map((member, i) => stated(member, wanted[i]));
  if (!isRecord(actual) || !isRecord(wanted)) return actual;
  const names = Object.keys(wanted).filter(
    (name) => Object.hasOwn(actual, name) || wanted[name] === "",
  );
  return Object.fromEntries(names.map((name) => [name, stated(actual[name], wanted[name])]));
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === false;
}

/** Types of peers in the words of the table, where a case has those of BIRD's names. */
function displayed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(displayed);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => {
      const origin = key === "peertype" ? originOf(below) : undefined;
      return [key, origin === undefined ? displayed(below) : peerTypeText({ origin })];
    }),
  );
}

const ORIGINS = ["Mesh", "Node", "Global"] as const;

/** Where a peering comes from, by BIRD's name for it or by the table's. */
function originOf(type: unknown): ProtocolPeer["origin"] | undefined {
  return ORIGINS.find((origin) => type === origin || type === peerTypeText({ origin }));
}

function peerOf({
  peerIP,
  peerType,
  since,
  ...peer
}: Json): Parameters<typeof toNodeStatusPeer>[0] {
  return {
    peerIP: text(peerIP),
    origin: originOf(peerType) ?? "Global",
    since: text(since),
    bgpState: text(peer["bgpState"] ?? peer["bGPState"]),
  };
}

/** A list of resources, as calicoctl takes them: one, several, or a `List` of them. */
function listOf(resources: unknown): readonly ApiResource[] {
  return [resources].flat().flatMap((one) => {
    const { items } = one as { readonly items?: readonly ApiResource[] };
    return items ?? [one as ApiResource];
  });
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
  return scanProtocols(text(answer), separatorOf(one, text(answer)));
}

/** A case about IPv6 says so by its separator, by its features, or by the name of a peer that is no IPv4 address. */
function separatorOf({ separator, features }: Json, answer: string): "." | ":" {
  if (typeof separator === "string") return separator === ":" ? ":" : ".";
  if (Array.isArray(features) && features.includes("ipv6")) return ":";
  const peer = /^(?:1002-| )?(?:Global|Node|Mesh)_(\S+)/m.exec(answer)?.[1];
  return peer === undefined || /^\d+(?:_\d+){3}(?:_port_\d+)?$/.test(peer) ? "." : ":";
}

function statusPeer(peer: ProtocolPeer): Json {
  const { peerIP, state, since, bgpState, info } = peer;
  return { peerIP, peerType: peerTypeText(peer), state, since, bgpState, info };
}

function nodeStatusLine(one: Json): Json {
  const line = text(one["line"]);
  const peer = readProtocolRow(line, separatorOf(one, line));
  return { parsed: peer !== undefined, peer: peer === undefined ? null : statusPeer(peer) };
}

/** The state of each session comes from the text that names it, or else from the one in its place. */
function birdPeersScan(one: Json): Json {
  const details = Object.values(one["protocolDetailTexts"] ?? []).map(text);
  return attempt(() => ({
    peers: protocolsOf(one, one["protocolsText"] ?? one["text"]).map((peer, i) => {
      const { origin, bgpState, ...rest } = peer;
      const own = details.find((detail) => words(detail).includes(peer.session));
      const state = readBgpState(own ?? details[i] ?? "") ?? bgpState;
      return { ...rest, peerType: origin, bgpState: state };
    }),
  }));
}

function tableRow({ metadata, spec, status }: StatusObject, wide: boolean): string[] {
  const { agent, bgp, routes, lastUpdatedAge = "" } = status ?? {};
  const families = (name: string, of: Readonly<Record<string, number>> | null | undefined) => ({
    v4: of?.[`${name}V4`] ?? 0,
    v6: of?.[`${name}V6`] ?? 0,
  });
  return nodeStatusRow(
    {
      name: metadata.name,
      node: spec.node,
      classes: spec.classes,
      updatePeriodSeconds: spec.updatePeriodSeconds,
      age: metadata.creationAge,
      lastUpdatedAge,
      birdState: { v4: agent?.["birdV4"]?.state ?? "", v6: agent?.["birdV6"]?.state ?? "" },
      established: families("numberEstablished", bgp),
      notEstablished: families("numberNotEstablished", bgp),
      learned: families("learned", routes),
    },
    wide,
  );
}

function configuration({ asNumber }: Json): ApiResource | undefined {
  if (asNumber === null || asNumber === undefined) return undefined;
  return { kind: "BGPConfiguration", metadata: { name: "default" }, spec: { asNumber } };
}

function words(text: string): readonly string[] {
  return text.split(/[\s-]+/);
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
