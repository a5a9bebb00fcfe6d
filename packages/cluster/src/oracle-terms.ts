import type { Address, Cidr } from "@calico-sim/core";
import type { RuledRoute } from "./oracle-filter-rules.js";

/** What the oracle knows of a node, in one family. */
export interface OracleNode {
  readonly name: string;
  readonly address: Address | undefined;
  readonly subnet: Cidr | undefined;
  readonly vxlanAddress: string | undefined;
  readonly clusterId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly asNumber: number;
  /** BGP identifier: what `CALICO_ROUTER_ID` says, else the IPv4 address, in both families; 0 for none. */
  readonly identifier: number;
  /** It has a BIRD of this family: one of IPv6 needs an identifier that confd knows, one of IPv4 any address of the host. */
  readonly hasBird: boolean;
  /** That has peers: it has an address for them, too. */
  readonly speaks: boolean;
}

/** What the oracle knows of a pool. */
export interface OraclePool {
  readonly name: string;
  readonly cidr: Cidr;
  readonly encapsulation: "none" | "ipip" | "vxlan";
  readonly crossSubnet: boolean;
  /** Its blocks are told to BGP peers (not `disableBGPExport`). */
  readonly exported: boolean;
}

/** What the oracle knows of a block. */
export interface OracleBlock {
  readonly cidr: Cidr;
  readonly text: string;
  /** Node that it is affine to; undefined when none. */
  readonly owner: string | undefined;
  readonly pool: OraclePool | undefined;
  /** Set for an address that another node uses: the owner of the block that it lies in. */
  readonly lender?: string | undefined;
  /** Addresses used by other nodes than the owner. */
  readonly borrowed: readonly { readonly address: string; readonly node: string }[];
}

/** A next hop as it must be in a node's kernel. */
export interface ExpectedHop {
  /** `cali*`: the interface of the pod that is the gateway. */
  readonly device: "eth0" | "tunl0" | "vxlan.calico" | "vxlan-v6.calico" | "cali*";
  /** Name of the node or external router whose address is the gateway. */
  readonly gateway: string;
}

/** A route as it must be in a node's kernel once all is quiet. */
export interface ExpectedRoute extends Partial<ExpectedHop> {
  /** `blackhole`: without a next hop. */
  readonly type: "unicast" | "blackhole";
  /** Next hops beside the first, of a route over several equally good paths; a packet takes any of them. */
  readonly further?: readonly ExpectedHop[];
  /** Who writes it. */
  readonly writer: "felix" | "bird";
}

/** Which pairs of nodes can have a BGP session: both run, and the underlay joins them. */
export interface Liveness {
  /** Whether the first can tell the second something. */
  connected(from: string, to: string): boolean;
}

/** What the oracle knows of an external router. */
export interface OracleRouter {
  readonly name: string;
  readonly address: Address;
  readonly asNumber: number;
  /** BGP identifier: the IPv4 address. Assumed where there is none: below those of all nodes, in the order of description. */
  readonly identifier: number;
  /** Blank when it is no route reflector. */
  readonly clusterId: string;
  /** Names of nodes and routers; undefined: every node. */
  readonly peersWith: ReadonlySet<string> | undefined;
  /** In canonical form. */
  readonly prefixes: ReadonlySet<string>;
  /** Its neighbours may be behind routers; undefined: those that are not on its link. */
  readonly multihop: boolean | undefined;
  /** Set for a pod that speaks BGP with the node that it runs on. */
  readonly pod: { readonly node: string; readonly labels: OracleNode["labels"] } | undefined;
}

/** A peering that BGPPeers ask of a node. */
export interface Asked {
  readonly router: OracleRouter;
  /** AS that the node shows to it. */
  readonly asNumber: number;
  /** Times that the node's own AS may be in a path that it takes. */
  readonly ownAS: number;
}

/** What lies outside the cluster, and which node is told to peer with whom there. */
export interface OracleOutside {
  /** By address. */
  readonly routers: readonly OracleRouter[];
  /** By node and router; only what the router agrees to. */
  readonly agreed: ReadonlyMap<string, ReadonlyMap<string, Asked>>;
  /** Nodes that are told to peer with somebody there, whether or not he agrees. */
  readonly asking: ReadonlySet<string>;
  /** Subnets of the nodes, each once. */
  readonly subnets: readonly Cidr[];
  /** What the routers hear, by destination; emptied when somebody lives, dies or is cut off. */
  readonly heard: Map<string, Heard>;
}

/** What the routers hear of a destination. */
export interface Heard {
  /** The best path of each router that has one, by name. */
  readonly best: ReadonlyMap<string, Path>;
  /** Where nodes send for it, by name, as far as somebody asked. */
  readonly gateways: Map<string, readonly string[]>;
}

/** The best path of a router to a destination. */
export interface Path {
  readonly asPath: readonly number[];
  /** Name of the node or router that it leads to. */
  readonly nextHop: string;
  /** Who told it; the router itself for what it originates. */
  readonly from: string;
  readonly fromAddress: Address;
  /** Told by somebody of the router's own AS. */
  readonly internal: boolean;
  readonly preference: number;
  /** Told by somebody on the same link, who knows the link-local address of the next hop; matters in IPv6. @defaultValue false */
  readonly linkLocal?: boolean;
}

/** What decides the routes to and through what lies outside. */
export interface OutsideState {
  readonly nodes: ReadonlyMap<string, OracleNode>;
  readonly pools: readonly OraclePool[];
  readonly outside: OracleOutside;
}

/** Where a block, or a borrowed address of one, comes from. */
export interface OracleOrigin {
  /** The node that originates it. */
  readonly holder: string;
  /** The node that tells nobody of it, whatever it hears: the owner of the block that the address lies in. */
  readonly silent: string | undefined;
}

/** A path as one speaker holds it. */
export interface SpreadPath extends RuledRoute {
  /** Name of the node or router that it leads to. */
  readonly nextHop: string;
  /** Who told it; the speaker itself for its own. */
  readonly from: string;
  /** Told by a peer of the same AS. */
  readonly internal: boolean;
  /** Told by a client (RFC 4456). */
  readonly ofClient: boolean;
  /** See {@link Path.linkLocal}. */
  readonly linkLocal?: boolean;
  /** ORIGINATOR_ID and CLUSTER_LIST (RFC 4456 §8), by names and ids. */
  readonly originator: string | undefined;
  readonly clusters: readonly string[];
  /** BIRD's preference, which comes before everything else. */
  readonly preference: number;
}

/** Where a route comes from. */
export interface SpreadOrigin {
  readonly prefix: Cidr;
  /** Nodes or routers that originate it. */
  readonly origins: readonly string[];
  /** The node that has the block which the address lies in. */
  readonly lender: string | undefined;
}

/** The paths of a destination that every speaker ends up with, or why that is not known. */
export interface Spread {
  readonly paths: ReadonlyMap<string, readonly SpreadPath[]>;
  readonly unknown: string | undefined;
}
