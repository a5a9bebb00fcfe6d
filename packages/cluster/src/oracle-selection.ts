import { type Address, type BGPPeer, parseAddress, SelectorError, selects } from "@calico-sim/core";

/** What selects a node. */
interface Selectable {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether a node is one of those that a BGPPeer gives a peer to (node-behaviour §1.4). */
export function isLocal(node: Selectable, { node: name, nodeSelector }: BGPPeer["spec"]): boolean {
  return nodeSelector ? matches(node, nodeSelector) : !name || name === node.name;
}

/** Whether a selector matches a node; one that cannot be read matches none. */
export function matches({ labels }: Selectable, selector: string): boolean {
  try {
    return selects(selector, labels);
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}

/** The address that a BGPPeer names; `10.0.0.1:1179` and `[fd00::1]:1179` are written with a port (node-behaviour §1.4). */
export function peerAddress({ peerIP = "" }: BGPPeer["spec"]): Address | undefined {
  return parseAddress(peerIP.replace(/^([\d.]+):\d+$/, "$1").replace(/^\[(.*)\](:\d+)?$/, "$1"));
}
