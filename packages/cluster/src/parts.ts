import type { BirdFleet, ConfdFleet } from "@calico-sim/bgp";
import type {
  Datastore,
  Engine,
  Era,
  Fabric,
  Kernels,
  NodeDirectory,
  PrefixTable,
  SyncerSource,
} from "@calico-sim/core";
import type { FelixFleet } from "@calico-sim/felix";
import type { TyphaFleet } from "@calico-sim/typha";
import type { ClusterDatastorePath } from "./datastore-path.js";
import type { EtcdEndpoints } from "./etcd-endpoints.js";
import type { NodeServices } from "./node-services/index.js";
import type { ClusterSpec } from "./spec.js";
import type { Tracker } from "./tracker.js";
import type { WorkloadRouters } from "./workload-routers.js";
import type { Workloads } from "./workloads/index.js";

/** The fleets of both families. */
export function birdsOf({ bird, bird6 }: Pick<ClusterParts, "bird" | "bird6">): BirdFleet[] {
  return bird6 === undefined ? [bird] : [bird, bird6];
}

/** The parts of a running cluster, for those who act on them or look at them. */
export interface ClusterParts {
  readonly spec: ClusterSpec;
  readonly era: Era;
  readonly engine: Engine;
  readonly nodes: NodeDirectory;
  readonly prefixes: PrefixTable;
  readonly kernels: Kernels;
  readonly fabric: Fabric;
  readonly datastore: Datastore;
  readonly bird: BirdFleet;
  /** The BIRDs of IPv6; undefined in a cluster without any, see `usesIpv6`. */
  readonly bird6: BirdFleet | undefined;
  readonly confd: ConfdFleet;
  readonly felix: FelixFleet;
  readonly typha: TyphaFleet | undefined;
  readonly typhaNodes: readonly number[];
  readonly workloads: Workloads;
  readonly nodeServices: NodeServices;
  readonly tracker: Tracker;
  readonly routers: WorkloadRouters;
  readonly etcd: EtcdEndpoints;
  readonly path: ClusterDatastorePath;
  /** Syncers whose clients are only connections. */
  readonly auxiliary: readonly SyncerSource[];
}
