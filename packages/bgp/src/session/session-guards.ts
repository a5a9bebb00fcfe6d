import type { FleetContext } from "../fleet/context.js";
import { RUNNING } from "../fleet/daemon.js";
import { routersBetween } from "./ttl.js";

/** What meets a SYN at the host that it reaches, before any daemon sees it. */
export type SynFate = "accepted" | "refused" | "dropped";

/**
 * What the kernel of a host that is up does with the SYN of connection `c`.
 *
 * A key on one side alone, or two that differ, make it drop the SYN without a word (linux: net/ipv4/tcp.c,
 * tcp_inbound_md5_hash). Where nobody listens it answers with a RST that carries no key, which an opener with
 * a password drops in turn: it sees no refusal, and goes on waiting. Both measured with BIRD 1.6.8
 * (docs/model/fidelity.md, peer options).
 */
export function synFate(x: FleetContext, c: number): SynFate {
  const side = 2 * c;
  const target = x.conns.node(side + 1);
  const listens =
    x.state[target] === RUNNING && x.listenPort[target] === x.portOf(side) && accepts(x, target);
  if (x.policies.uniform) return listens ? "accepted" : "refused";
  const { password } = x.policy(x.conns.end(side));
  if (!listens) return password === "" ? "refused" : "dropped";
  const e = expectingEnd(x, c);
  const key = e < 0 ? "" : x.policy(e).password;
  return key === password ? "accepted" : "dropped";
}

/** The end that expects connection `c`, from the address that it comes from; −1 = none (bird: proto/bgp/bgp.c, bgp_incoming_connection). */
export function expectingEnd(x: FleetContext, c: number): number {
  const { conns, ends } = x;
  const opener = conns.node(2 * c);
  const from = x.policy(conns.end(2 * c)).sourceAddress;
  if (from !== 0 && from !== x.address[opener]) return -1;
  const e = ends.find(conns.node(2 * c + 1), opener);
  return e >= 0 && ends.configured[e] === 1 ? e : -1;
}

/** BIRD opens its listening socket with the first BGP protocol that does not wait for its neighbour (bird: proto/bgp/bgp.c, bgp_open). */
function accepts(x: FleetContext, node: number): boolean {
  if (x.path.routersBetween === undefined) return true;
  const { ends } = x;
  let peers = 0;
  for (const e of ends.of(node)) {
    if (ends.configured[e] === 0) continue;
    if (!waitsForNeighbour(x, e)) return true;
    peers++;
  }
  return peers === 0;
}

/** Whether an end may only have a peer on its link, and has one elsewhere: BIRD leaves it Idle for good (bird: nest/neighbor.c). */
export function waitsForNeighbour(x: FleetContext, e: number): boolean {
  return x.policy(e).onLink && routersBetween(x, x.ends.node[e]!, x.ends.peer[e]!) > 0;
}
