import { type EventHandler, type Micros, SECOND } from "@calico-sim/core";
import type { Lifecycle } from "./lifecycle.js";
import type { ClusterParts } from "./parts.js";

/** The pod garbage collector looks this often for pods whose Node does not exist (kubernetes: pkg/controller/podgc/gc_controller.go, gcCheckPeriod). */
const CHECK_PERIOD: Micros = 20 * SECOND;
/** It deletes those that it has known for this long (kubernetes: pkg/controller/podgc/gc_controller.go, quarantineTime). */
const QUARANTINE: Micros = 40 * SECOND;
/** Pause of the scheduler before it looks again for a node with room. Assumed. */
const PENDING_PAUSE: Micros = 10 * SECOND;

/**
 * The Deployment of Typha, as far as it moves pods: one whose Node object is gone is collected, and the
 * pod that replaces it runs on another node. Typha uses the host's network, so no node runs two.
 */
export class TyphaDeployment implements EventHandler {
  private readonly parts: ClusterParts;
  private readonly lifecycle: Lifecycle;
  private readonly kindCollect: number;
  private readonly kindPending: number;

  constructor(parts: ClusterParts, lifecycle: Lifecycle) {
    this.parts = parts;
    this.lifecycle = lifecycle;
    this.kindCollect = parts.engine.defineKind("typha-pod-collect", this);
    this.kindPending = parts.engine.defineKind("typha-pod-pending", this, { background: true });
  }

  /** A Node object was deleted. */
  nodeDeleted(node: number): void {
    const { engine, typhaNodes } = this.parts;
    const found = Math.ceil(engine.now / CHECK_PERIOD) * CHECK_PERIOD;
    typhaNodes.forEach((host, typha) => {
      if (host === node) engine.schedule(found + QUARANTINE, this.kindCollect, typha, node);
    });
  }

  /** See {@link EventHandler}. */
  onEvent(_kind: number, typha: number, node: number): void {
    const { datastore, engine, nodes, typhaNodes } = this.parts;
    // A node that registered anew in time keeps its pods.
    if (typhaNodes[typha] !== node || this.registered(nodes.name(node))) return;
    const free = this.lifecycle
      .liveNodes()
      .filter((name) => this.registered(name) && !typhaNodes.includes(nodes.id(name)));
    if (!datastore.up || free.length === 0) {
      engine.after(PENDING_PAUSE, this.kindPending, typha, node);
      return;
    }
    // kube-scheduler picks at random among equals.
    const pick = engine.stream("scheduler", "typha").below(free.length);
    this.parts.typha!.replace(typha, nodes.id(free[pick]!));
  }

  private registered(name: string): boolean {
    return this.parts.datastore.get("Node", name) !== undefined;
  }
}

/** Nodes on which Typhas begin: they are spread over the workers, as the scheduler spreads a host-network Deployment. */
export function placeTyphas(
  typhas: number,
  nodes: number,
  controlPlane: readonly number[],
): number[] {
  const workers = Array.from({ length: nodes }, (_, i) => i).filter(
    (i) => !controlPlane.includes(i),
  );
  const hosts = workers.length >= typhas ? workers : Array.from({ length: nodes }, (_, i) => i);
  return Array.from(
    { length: typhas },
    (_, t) => hosts[Math.floor((t * hosts.length) / typhas)] ?? 0,
  );
}
