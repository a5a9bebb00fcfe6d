import {
  type SyncerSink,
  type SyncerSource,
  type SyncerType,
  WatcherSyncers,
} from "@calico-sim/core";
import type { ClusterParts } from "./parts.js";

/** A syncer whose clients are only connections: what they receive is of no consequence yet. */
class NullSink implements SyncerSink {
  onBatch(): void {}
  onStatus(): void {}
}

/** A syncer's clients are the nodes themselves. */
class SameNode {
  nodeOf(client: number): number {
    return client;
  }
}

/**
 * Connects the daemons to the datastore: each by itself, or through Typha, which then watches in their place. Services
 * are confd's own affair in either case.
 *
 * @returns the syncers whose clients are only connections.
 */
export function connectSyncers({
  engine,
  datastore,
  typha,
  felix,
  confd,
}: Pick<
  ClusterParts,
  "engine" | "datastore" | "typha" | "felix" | "confd"
>): readonly SyncerSource[] {
  const none = new NullSink();
  const nodeOf = new SameNode();
  confd.setServiceSource(
    new WatcherSyncers(engine, datastore, {
      type: "services",
      client: "confd",
      nodeOf,
      sink: confd.serviceWatch,
    }),
  );
  if (typha === undefined) {
    const direct = (
      type: SyncerType,
      client: "felix" | "confd" | "tunnel-ip" | "node-status",
      sink: SyncerSink,
    ): WatcherSyncers => new WatcherSyncers(engine, datastore, { type, client, nodeOf, sink });
    felix.setSource(direct("felix", "felix", felix));
    confd.setSource(direct("bgp", "confd", confd));
    return [
      direct("tunnel-ip-allocation", "tunnel-ip", none),
      direct("node-status", "node-status", none),
    ];
  }
  const auxiliary: SyncerSource[] = [];
  for (const type of ["felix", "bgp", "tunnel-ip-allocation", "node-status"] as const) {
    const syncer = typha.syncer(type);
    const upstream = new WatcherSyncers(engine, datastore, {
      type,
      client: "typha",
      nodeOf: typha,
      sink: syncer,
    });
    const daemon = type === "felix" ? felix : type === "bgp" ? confd : undefined;
    typha.bind(
      type,
      daemon === undefined ? { upstream } : { upstream, downstream: daemon, pace: daemon },
    );
    if (type === "felix") felix.setSource(syncer);
    else if (type === "bgp") confd.setSource(syncer);
    else auxiliary.push(syncer);
  }
  return auxiliary;
}
