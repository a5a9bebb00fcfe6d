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
