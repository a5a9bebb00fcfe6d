import type { NodeDirectory, Pod, SyncerUpdate } from "@calico-sim/core";
import type { Endpoints } from "./endpoints.js";

/**
 * The pods of a snapshot by node. Each Felix asks for its own alone, so the others' endpoints are not
 * even read: a Typha that loses a connection makes a snapshot of all pods for one client.
 */
export class SnapshotPods {
  private readonly endpoints: Endpoints;
  private readonly updates: readonly SyncerUpdate[];
  /** Updates by node; undefined until somebody asks. */
  private byNode: Map<number, SyncerUpdate[]> | undefined = undefined;
  private readonly nodes: NodeDirectory;

  constructor(updates: readonly SyncerUpdate[], endpoints: Endpoints, nodes: NodeDirectory) {
    this.updates = updates;
    this.endpoints = endpoints;
    this.nodes = nodes;
  }

  /** Endpoint id by pod key, of the pods on a node that have one. */
  of(node: number): Map<string, number> {
    this.byNode ??= this.sort();
    const found = new Map<string, number>();
    for (const { key, resource } of this.byNode.get(node) ?? []) {
      const id = this.endpoints.intern(key, resource as Pod);
      if (id !== 0) found.set(key, id);
    }
    return found;
  }

  private sort(): Map<number, SyncerUpdate[]> {
    const byNode = new Map<number, SyncerUpdate[]>();
    for (const update of this.updates) {
      if (update.kind !== "Pod" || update.resource === undefined) continue;
      const node = this.nodes.id((update.resource as Pod).spec?.nodeName ?? "");
      const list = byNode.get(node);
      if (list === undefined) byNode.set(node, [update]);
      else list.push(update);
    }
    return byNode;
  }
}
