import {
  addressEquals,
  type Era,
  formatCidr,
  hostCidr,
  isHostCidr,
  networkAddress,
  ofKind,
  parseAddress,
  parseCidr,
  type Resource,
} from "@calico-sim/core";
import type { ExternalRouter } from "./external-router.js";
import { expectedOutside, expectedRoute, stateFor, vxlanDevice } from "./oracle.js";
import { endpointAddresses } from "./oracle-endpoints.js";
import { type OracleState, oracleBlock, oracleState } from "./oracle-state.js";
import type { ExpectedRoute, Liveness, OracleBlock } from "./oracle-terms.js";
import { SpeakingPods } from "./speaking-pods.js";
import type { WorkloadRouter } from "./workload-router.js";

/**
 * A route that a kernel must hold: to a block or borrowed address, or to a pod of the node itself. `unknown`: it may hold one
 * or none.
 */
export type TableRoute =
  | ExpectedRoute
  | { readonly type: "unknown" }
  | {
      readonly type: "unicast";
      /** An interface of its own, `cali…`. */
      readonly device: "cali";
      /** `namespace/name`. */
      readonly pod: string;
      readonly writer: "felix";
    };

/** What a datastore holds, as far as it decides routes. */
export interface OracleContent {
  readonly state: OracleState;
  readonly blocks: readonly OracleBlock[];
  /** By node: addresses of its workload endpoints. */
  readonly endpoints: ReadonlyMap<
    string,
    readonly { readonly pod: string; readonly cidr: string }[]
  >;
}

/**
 * Reads a datastore's whole content at once. Where {@link import("./tracker.js").Tracker} follows every
 * change of the blocks, this starts from nothing each time: slower, and of no use to a mistake of the other.
 */
export function oracleContent(
  resources: Iterable<Resource>,
  era: Era,
  backend: "bird" | "vxlan" | "none",
  routers: readonly ExternalRouter[] = [],
  routerId = "",
  workloads: readonly WorkloadRouter[] = [],
): OracleContent {
  const all = [...resources];
  const pods = new SpeakingPods(workloads);
  for (const pod of ofKind(all, "Pod")) pods.changed(pod, false);
  const state = oracleState(all, era, backend, {}, routers, routerId, pods.placed());
  const endpoints = new Map<string, { pod: string; cidr: string }[]>();
  for (const pod of ofKind(all, "Pod")) {
    const node = pod.spec?.nodeName ?? "";
    const rows = endpoints.get(node) ?? [];
    endpoints.set(node, rows);
    for (const text of endpointAddresses(pod)) {
      const address = parseAddress(text);
      if (address === undefined) continue;
      const name = `${pod.metadata.namespace ?? ""}/${pod.metadata.name}`;
      rows.push({ pod: name, cidr: formatCidr(hostCidr(address)) });
    }
  }
  const blocks = ofKind(all, "IPAMBlock").map((block) => oracleBlock(block, state));
  return { state, blocks, endpoints };
}

/**
 * Every route that one node's kernel must hold once all is quiet, by destination: blocks, addresses
 * borrowed from them, and the node's own pods. Any other destination there is a leftover.
 *
 * @see node-behaviour §4.4: a local workload wins over every other class.
 */
export function expectedTable(
  content: OracleContent,
  live: Liveness,
  node: string,
): ReadonlyMap<string, TableRoute> {
  const { state } = content;
  const table = new Map<string, TableRoute>();
  for (const block of content.blocks) {
    const route = expectedRoute(state, live, node, block);
    if (route !== undefined) table.set(block.text, plain(state, block, block.owner, route));
    for (const { address, node: holder } of block.borrowed) {
      const parsed = parseAddress(address);
      if (parsed === undefined) continue;
      const cidr = hostCidr(parsed);
      const lent = { ...block, cidr, owner: holder, lender: block.owner, borrowed: [] };
      const borrowed = expectedRoute(state, live, node, lent);
      if (borrowed === undefined) continue;
      // BIRD tells of a pod's route, not of an allocation (node-behaviour §2.5).
      const pods = content.endpoints.get(holder) ?? [];
      if (isOfBird(borrowed) && !pods.some((pod) => pod.cidr === formatCidr(cidr))) continue;
      table.set(formatCidr(cidr), plain(state, lent, holder, borrowed));
    }
  }
  const outside = [...state.outside.routers, ...(state.ipv6?.outside.routers ?? [])];
  for (const text of new Set(outside.flatMap(({ prefixes }) => [...prefixes]))) {
    const cidr = parseCidr(text);
    const route = cidr && expectedOutside(state, live, node, cidr);
    if (route !== undefined) table.set(text, route === "unknown" ? UNKNOWN : route);
  }
  for (const { pod, cidr } of content.endpoints.get(node) ?? []) {
    if (cidr.includes(":") && !state.felix.ipv6) continue;
    table.set(cidr, { type: "unicast", device: "cali", pod, writer: "felix" });
  }
  return table;
}

const UNKNOWN: TableRoute = Object.freeze({ type: "unknown" });

function isOfBird(route: ExpectedRoute | "unknown"): boolean {
  return route === "unknown" || route.writer === "bird";
}

/** The address of a VXLAN device is on the link behind the tunnel: its own route has no gateway (§4.4). */
function plain(
  state: OracleState,
  block: OracleBlock,
  holder: string | undefined,
  route: ExpectedRoute | "unknown",
): TableRoute {
  if (route === "unknown") return UNKNOWN;
  const own = stateFor(state, block.cidr);
  const device = vxlanDevice(own);
  if (route.device !== device || !isHostCidr(block.cidr)) return route;
  const tunnel = own.nodes.get(holder ?? "")?.vxlanAddress;
  const address = tunnel === undefined ? undefined : parseAddress(tunnel);
  if (address === undefined || !addressEquals(address, networkAddress(block.cidr))) return route;
  return { type: "unicast", device, writer: "felix" };
}
