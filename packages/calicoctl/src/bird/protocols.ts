import { scanAnswer, words } from "./scan.js";

/** A BGP peer as a row of `show protocols` tells of it. */
export interface ProtocolPeer {
  /** Name of the protocol, e.g. `Mesh_10_0_0_5`. */
  readonly session: string;
  /** First part of the name: where the peering comes from. */
  readonly origin: "Global" | "Node" | "Mesh";
  readonly peerIP: string;
  readonly state: string;
  readonly since: string;
  readonly bgpState: string;
  /** What follows the state: the last error; words joined by one blank. */
  readonly info: string;
}

/** What stands in an address where its protocol's name has `_`. */
export type AddressSeparator = "." | ":";

/** A row needs a sixth column: a protocol that is down says nothing and is left out. */
const COLUMNS_MIN = 6;

const NAME = /^(Global|Node|Mesh)_(.+)$/;

const HEADINGS = ["name", "proto", "table", "state", "since", "info"];

/**
 * Reads one row of `show protocols`; `undefined` for a row that is no peer of Calico's, pods among them
 * (calico: calicoctl/calicoctl/commands/node/status.go; control-plane-behaviour §6.1).
 *
 * A peer with a port of its own comes out as `10.0.0.5.port.1790`, as it does in Calico.
 */
export function readProtocolRow(
  line: string,
  separator: AddressSeparator = ".",
): ProtocolPeer | undefined {
  const columns = words(line);
  const [session, protocol, , state, since, bgpState, ...info] = columns;
  if (columns.length < COLUMNS_MIN || protocol !== "BGP") return undefined;
  const [, origin, rest] = NAME.exec(session ?? "") ?? [];
  if (origin === undefined || rest === undefined) return undefined;
  return {
    session: session ?? "",
    origin: origin as ProtocolPeer["origin"],
    peerIP: rest.replaceAll("_", separator),
    state: state ?? "",
    since: since ?? "",
    bgpState: bgpState ?? "",
    info: info.join(" "),
  };
}

/**
 * The peers in the answer to `show protocols`, in BIRD's order.
 *
 * @throws BirdOutputError for a text that is no such answer.
 */
export function scanProtocols(text: string, separator: AddressSeparator = "."): ProtocolPeer[] {
  const form = { rows: ["1002"], headings: { code: "2002", words: HEADINGS } };
  return scanAnswer(text, form).flatMap(({ text: line }) => {
    const peer = readProtocolRow(line, separator);
    return peer === undefined ? [] : [peer];
  });
}

/** The BGP state in the answer to `show protocols all NAME`; `undefined` where it says none. */
export function readBgpState(text: string): string | undefined {
  return /^(?:\d{4}-)?\s*BGP state:\s+(\S+)/m.exec(text)?.[1];
}
