import type { NodeDirectory, Pod, SyncerUpdate } from "@calico-sim/core";
import type { Endpoints } from "./endpoints.js";

/** From so many askers on, all pods are sorted by node; a client that lost its connection usually comes alone. */
const SORT_FROM = 3;

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
  private asked = 0;

  constructor(updates: readonly SyncerUpdate[], endpoints: Endpoints, nodes: NodeDirectory) {
    this.updates = updates;
    this.endpoints = endpoints;
    this.nodes = nodes;
  }

  /** Endpoint id by pod key, of the pods on a node that have one. */
  of(node: number): Map<string, number> {
    const found = new Map<string, number>();
    for (const { key, resource } of this.updatesOf(node)) {
      const id = this.endpoints.intern(key, resource as Pod);
      if (id !== 0) found.set(key, id);
    }
    return found;
  }

  private updatesOf(node: number): readonly SyncerUpdate[] {
    if (++this.asked >= SORT_FROM) {
      this.byNode ??= this.sort();
      return this.byNode.get(node) ?? [];
    }
    const name = this.nodes.name(node);
    const own: SyncerUpdate[] = [];
    for (const update of this.updates) {
      if (update.kind !== "Pod") continue;
      if ((update.resource as Pod | undefined)?.spec?.nodeName === name) own.push(update);
    }
    return own;
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
