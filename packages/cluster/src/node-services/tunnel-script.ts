import {
  blockName,
  cidrAround,
  cidrContains,
  eraOf,
  formatCidr,
  type IPAMBlock,
  type IPPool,
  type Node,
  type NodeView,
  nodeView,
  ordinalOf,
  type PoolView,
  parseAddress,
  parseCidr,
  poolView,
  selects,
} from "@calico-sim/core";
import { withNodeFields } from "./node-edit.js";
import { ask, editNode, type NodeOrder, ownNode, type Part } from "./node-script.js";

const CLIENT = "tunnel-ip";

/** The tunnels that need an address, in the order of calico: node/pkg/allocateip/allocateip.go; WireGuard is not modelled. */
const TUNNELS = [
  { field: "ipv4IPIPTunnelAddr", family: 4, handle: "ipip-tunnel-addr", type: "ipipTunnelAddress" },
  {
    field: "ipv4VXLANTunnelAddr",
    family: 4,
    handle: "vxlan-tunnel-addr",
    type: "vxlanTunnelAddress",
  },
  {
    field: "ipv6VXLANTunnelAddr",
    family: 6,
    handle: "vxlan-v6-tunnel-addr",
    type: "vxlanV6TunnelAddress",
  },
] as const;

type Tunnel = (typeof TUNNELS)[number];

/**
 * One round of the tunnel address allocator (node-behaviour §2.9): GET Node, LIST pools; for each
 * encapsulation in use an address of its pools, checked or assigned; one Node update if any changed.
 * Returns the Node.
 */
export function* tunnels(order: NodeOrder): Part<Node> {
  const node = yield* ownNode(order, CLIENT);
  const listed = yield* ask(order, CLIENT, { verb: "list", kind: "IPPool" });
  const pools = (listed.items ?? []) as readonly IPPool[];
  const view = nodeView(node);
  const changes: Record<string, string | null> = {};
  for (const tunnel of TUNNELS) {
    const usable = poolsOf(tunnel, pools, view, order);
    const held = view[tunnel.field];
    if (usable.length === 0) {
      if (held === undefined) continue;
      yield* release(order, tunnel);
      changes[tunnel.field] = null;
      continue;
    }
    if (held !== undefined) {
      if (yield* isOurs(order, tunnel, held, usable)) continue;
      yield* release(order, tunnel);
    }
    const address = yield* assign(order, tunnel, usable);
    if (address !== undefined) changes[tunnel.field] = address;
    else if (held !== undefined) changes[tunnel.field] = null;
  }
  if (Object.keys(changes).length === 0) return node;
  return yield* editNode(order, CLIENT, (n) => withNodeFields(n, changes));
}

function poolsOf(
  tunnel: Tunnel,
  pools: readonly IPPool[],
  node: NodeView,
  { parameters }: NodeOrder,
): readonly PoolView[] {
  const era = eraOf(parameters.calicoVersion);
  const mode = tunnel.field === "ipv4IPIPTunnelAddr" ? "ipipMode" : "vxlanMode";
  return pools
    .map((pool) => poolView(pool, era))
    .filter(
      (pool) =>
        pool.family === tunnel.family &&
        pool[mode] !== "Never" &&
        !pool.disabled &&
        pool.allowedUses.includes("Tunnel") &&
        selects(pool.nodeSelector, node.labels),
    );
}

/** Whether an address lies in a pool still in use and is held by this node's handle: a LIST of pools and a GET of the block. */
function* isOurs(
  order: NodeOrder,
  tunnel: Tunnel,
  text: string,
  pools: readonly PoolView[],
): Part<boolean> {
  const address = parseAddress(text);
  if (address === undefined) return false;
  const pool = pools.find((p) => {
    const cidr = parseCidr(p.cidr);
    return cidr !== undefined && cidrContains(cidr, address);
  });
  if (pool === undefined) return false;
  yield* ask(order, CLIENT, { verb: "list", kind: "IPPool" });
  const name = blockName(formatCidr(cidrAround(address, pool.blockSize)));
  const { resource } = yield* ask(order, CLIENT, { verb: "get", kind: "IPAMBlock", name });
  if (resource === undefined) return false;
  const block = resource as IPAMBlock;
  const index = block.spec.allocations[ordinalOf(block, address)];
  if (index === null || index === undefined) return false;
  return block.spec.attributes[index]?.handle_id === handleOf(order, tunnel);
}

function* assign(
  order: NodeOrder,
  tunnel: Tunnel,
  pools: readonly PoolView[],
): Part<string | undefined> {
  const { result } = yield {
    type: "ipam",
    order: {
      type: "assign",
      node: order.name,
      family: tunnel.family,
      count: 1,
      handle: handleOf(order, tunnel),
      attributes: Object.freeze({ node: order.name, type: tunnel.type }),
      use: "Tunnel",
      pools: pools.map((pool) => pool.cidr),
    },
  };
  return result?.type === "assign" ? result.addresses[0] : undefined;
}

function* release(order: NodeOrder, tunnel: Tunnel): Part<void> {
  yield { type: "ipam", order: { type: "release", handle: handleOf(order, tunnel) } };
}

function handleOf(order: NodeOrder, tunnel: Tunnel): string {
  return `${tunnel.handle}-${order.name}`;
}
