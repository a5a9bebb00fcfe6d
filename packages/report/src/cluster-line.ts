import type { Result } from "@calico-sim/cluster";
import { counted } from "./format/quantity.js";

/** The cluster in a line. */
export function describeCluster({ cluster }: Result): string {
  return [
    counted(cluster.nodes, "node"),
    ...(cluster.externalRouters === 0 ? [] : [counted(cluster.externalRouters, "external router")]),
    counted(cluster.subnets, "subnet"),
    typhasOf(cluster.typhas),
    `Calico ${cluster.calicoVersion}`,
    cluster.backend === "bird" ? "BIRD" : `backend ${cluster.backend}`,
    cluster.datastore === "kubernetes" ? "Kubernetes datastore" : "etcd",
    `${cluster.pools.length === 1 ? "pool" : "pools"} ${cluster.pools.length === 0 ? "none" : cluster.pools.join(", ")}`,
  ].join(" · ");
}

/** `no Typha`, `1 Typha`, `3 Typhas`. */
export function typhasOf(count: number): string {
  return count === 0 ? "no Typha" : counted(count, "Typha");
}

/** `without Typha`, `with 3 Typhas`. */
export function withTyphas(count: number): string {
  return count === 0 ? "without Typha" : `with ${counted(count, "Typha")}`;
}
