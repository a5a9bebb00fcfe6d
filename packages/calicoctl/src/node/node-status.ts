import { type ProtocolPeer, scanProtocols } from "../bird/protocols.js";
import { type BoxStyle, formatBoxTable } from "../table/box-table.js";

/** What `calicoctl node status` meets of the BIRD of one family. */
export type BirdAnswer =
  /** There is no such process. */
  | { readonly state: "absent" }
  /** Its control socket does not answer. */
  | { readonly state: "unreachable"; readonly error: string }
  /** The answer to `show protocols`. */
  | { readonly state: "answers"; readonly protocols: string };

/** What `calicoctl node status` finds on a node. */
export interface NodeStatusInput {
  /** Felix runs. */
  readonly felixRuns: boolean;
  readonly birdV4: BirdAnswer;
  readonly birdV6: BirdAnswer;
}

/** Options of {@link formatNodeStatus}. */
export interface NodeStatusOptions {
  /** Look of the tables; `centred` is that of older releases. @defaultValue `left` */
  readonly style?: BoxStyle;
}

const HEADINGS = ["Peer address", "Peer type", "State", "Since", "Info"];

/** How a peering is called. */
const PEER_TYPES: Readonly<Record<ProtocolPeer["origin"], string>> = {
  Mesh: "node-to-node mesh",
  Node: "node specific",
  Global: "global",
};

/** The type of a peer as the table shows it. */
export function peerTypeText(peer: Pick<ProtocolPeer, "origin">): string {
  return PEER_TYPES[peer.origin];
}

/**
 * The output of `calicoctl node status`, to the character (calico:
 * calicoctl/calicoctl/commands/node/status.go; control-plane-behaviour §6.1).
 *
 * @throws BirdOutputError when BIRD's answer is of another form.
 */
export function formatNodeStatus(input: NodeStatusInput, options: NodeStatusOptions = {}): string {
  if (!input.felixRuns) return "Calico process is not running.\n";
  const { birdV4, birdV6 } = input;
  const { style = "left" } = options;
  const sections =
    birdV4.state === "absent" && birdV6.state === "absent"
      ? "\nThe BGP backend process (BIRD) is not running.\n"
      : section(4, birdV4, style) + section(6, birdV6, style);
  return `Calico process is running.\n${sections}\n`;
}

function section(family: 4 | 6, answer: BirdAnswer, style: BoxStyle): string {
  const v = String(family);
  if (answer.state === "absent") {
    const process = family === 4 ? "bird" : "bird6";
    return `\nINFO: BIRDv${v} process: '${process}' is not running.\n`;
  }
  const heading = `\nIPv${v} BGP status\n`;
  if (answer.state === "unreachable")
    return `${heading}Error querying BIRD: unable to connect to BIRDv${v} socket: ${answer.error}`;
  const peers = scanProtocols(answer.protocols, family === 4 ? "." : ":");
  if (peers.length === 0) return `${heading}No IPv${v} peers found.\n`;
  const rows = peers.map((peer) => [
    peer.peerIP,
    peerTypeText(peer),
    peer.state,
    peer.since,
    [peer.bgpState, peer.info].filter((text) => text !== "").join(" "),
  ]);
  return `${heading}${formatBoxTable({ headings: HEADINGS, rows }, style)}\n`;
}
