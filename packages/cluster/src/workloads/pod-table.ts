import { type NodeDirectory, resourceKey } from "@calico-sim/core";
import type { PodSpec } from "./pod-objects.js";
import type { PodPhase, PodRow } from "./workload-types.js";

/** The pods that are there, by serial number, which is never used again, and by key. */
export class PodTable {
  private readonly nodes: NodeDirectory;
  private readonly rows: Map<number, PodRow> = new Map();
  private readonly byKey: Map<string, PodRow> = new Map();
  private serials = 0;

  constructor(nodes: NodeDirectory) {
    this.nodes = nodes;
  }

  /** Adds a pod. @throws RangeError when a pod of this name is there, or its node is not known. */
  add(spec: PodSpec, phase: PodPhase): PodRow {
    const key = resourceKey("Pod", spec.name, spec.namespace);
    if (this.byKey.has(key)) throw new RangeError(`pod ${key} is there already`);
    const node = this.nodes.id(spec.node);
    if (node < 0) throw new RangeError(`pod ${key} is to run on "${spec.node}", which is no node`);
    const row: PodRow = {
      serial: this.serials++,
      key,
      spec,
      node,
      phase,
      addresses: [],
      container: undefined,
      copied: [],
      attempts: 0,
      failures: 0,
      deleting: false,
      marked: false,
      process: -1,
    };
    this.rows.set(row.serial, row);
    this.byKey.set(key, row);
    return row;
  }

  /** A pod is gone. */
  remove(row: PodRow): void {
    this.rows.delete(row.serial);
    this.byKey.delete(row.key);
  }

  /** A pod by its serial number, unless it is gone. */
  get(serial: number): PodRow | undefined {
    return this.rows.get(serial);
  }

  /** A pod by its key, unless it is gone. */
  named(key: string): PodRow | undefined {
    return this.byKey.get(key);
  }

  /** All pods, in the order of their creation. */
  all(): Iterable<PodRow> {
    return this.rows.values();
  }
}
