import type { RibChange } from "./path-lists.js";
import type { RibListener } from "./rib.js";

/** Told of the tables of several daemons: as {@link RibListener}, with whose it is. */
export interface TablesListener {
  onChange(node: number, prefix: number, change: RibChange): void;
  onSame?(node: number, path: number): void;
  onMissing?(node: number, peer: number): void;
  onClear(node: number): void;
}

/** Tells of the table of one daemon. */
export class TableListener implements RibListener {
  private readonly of: TablesListener;
  private readonly node: number;

  constructor(of: TablesListener, node: number) {
    this.of = of;
    this.node = node;
  }

  onChange(prefix: number, change: RibChange): void {
    this.of.onChange(this.node, prefix, change);
  }

  onSame(path: number): void {
    this.of.onSame?.(this.node, path);
  }

  onMissing(peer: number): void {
    this.of.onMissing?.(this.node, peer);
  }

  onClear(): void {
    this.of.onClear(this.node);
  }
}
