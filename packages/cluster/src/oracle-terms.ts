import type { Address, Cidr } from "@calico-sim/core";

/** What the oracle knows of a node. */
export interface OracleNode {
  readonly name: string;
  readonly address: Address | undefined;
  readonly subnet: Cidr | undefined;
  readonly vxlanAddress: string | undefined;
  readonly clusterId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly asNumber: number;
}

/** What the oracle knows of a pool. */
export interface OraclePool {
  readonly name: string;
  readonly cidr: Cidr;
  readonly encapsulation: "none" | "ipip" | "vxlan";
  readonly crossSubnet: boolean;
  /** BGP tells of it beyond the cluster. */
  readonly exported: boolean;
}

/** Which pairs of nodes can have a BGP session: both run, and the underlay joins them. */
export interface Liveness {
  connected(a: string, b: string): boolean;
}

/** What the oracle knows of an external router. */
export interface OracleRouter {
  readonly name: string;
  readonly address: Address;
  readonly asNumber: number;
  /** Blank when it is no route reflector. */
  readonly clusterId: string;
  /** Names of nodes and routers; undefined: every node. */
  readonly peersWith: ReadonlySet<string> | undefined;
  /** In canonical form. */
  readonly prefixes: ReadonlySet<string>;
  /** Its neighbours may be behind routers; undefined: those that are not on its link. */
  readonly multihop: boolean | undefined;
}

/** A peering that BGPPeers ask of a node. */
export interface Asked {
  /** BGPFilters have a say in what is told: the oracle does not know. */
  readonly filtered: boolean;
  /** Times that the node's own AS may be in a path that it takes. */
  readonly ownAS: number;
}

/** What lies outside the cluster, and which node is told to peer with whom there. */
export interface OracleOutside {
  /** By address. */
  readonly routers: readonly OracleRouter[];
  /** By node and router. */
  readonly asked: ReadonlyMap<string, ReadonlyMap<string, Asked>>;
  /** What the routers hear, by destination; emptied when somebody lives, dies or is cut off. */
  readonly heard: Map<string, ReadonlyMap<string, Path>>;
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
}

/** What decides the routes to and through what lies outside. */
export interface OutsideState {
  readonly nodes: ReadonlyMap<string, OracleNode>;
  readonly pools: readonly OraclePool[];
  readonly outside: OracleOutside;
}
