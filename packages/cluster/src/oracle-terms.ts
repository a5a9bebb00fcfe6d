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
  readonly device: "eth0" | "tunl0" | "vxlan.calico";
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
