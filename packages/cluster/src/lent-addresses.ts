import type { Pod, WatchEvent } from "@calico-sim/core";
import { endpointAddresses } from "./oracle-endpoints.js";
import type { OracleBlock } from "./oracle-terms.js";

/** Addresses in use on another node than their block's owner, and whether a pod has them. Nearly always there are none. */
export class LentAddresses {
  /** By address: who has it, and its block. */
  private readonly held: Map<string, { readonly holder: string; readonly block: string }> =
    new Map();
  /** By block: its addresses of that kind. */
  private readonly byBlock: Map<string, readonly string[]> = new Map();
  /** Lent addresses that a workload endpoint has. */
  private readonly present: Set<string> = new Set();

  /** Addresses lent now. */
  get size(): number {
    return this.held.size;
  }

  /** Every address lent now. */
  addresses(): readonly string[] {
    return [...this.held.keys()];
  }

  /** A block as it is now; returns the addresses whose holder changed. */
  blockChanged({ text, borrowed }: OracleBlock): readonly string[] {
    const before = this.byBlock.get(text) ?? [];
    if (before.length === 0 && borrowed.length === 0) return [];
    const now = new Map(borrowed.map(({ address, node }) => [address, node]));
    const changed: string[] = [];
    for (const address of before) {
      if (now.has(address)) continue;
      this.held.delete(address);
      this.present.delete(address);
      changed.push(address);
    }
    for (const [address, holder] of now) {
      if (this.held.get(address)?.holder === holder) continue;
      this.held.set(address, { holder, block: text });
      changed.push(address);
    }
    if (now.size === 0) this.byBlock.delete(text);
    else this.byBlock.set(text, [...now.keys()]);
    return changed;
  }

  /** A pod was written or deleted; returns the lent addresses that it got or lost. */
  podChanged({ type, resource, previous }: WatchEvent): readonly string[] {
    if (this.held.size === 0) return [];
    const before = previous === undefined ? [] : endpointAddresses(previous as Pod);
    const after = type === "deleted" ? [] : endpointAddresses(resource as Pod);
    const gone = before.filter(
      (address) => !after.includes(address) && this.present.delete(address),
    );
    const come = after.filter((address) => this.held.has(address) && !this.present.has(address));
    for (const address of come) this.present.add(address);
    return [...gone, ...come];
  }

  /** Pods that are there from the beginning. */
  seedPod(pod: Pod): void {
    if (this.held.size === 0) return;
    for (const address of endpointAddresses(pod))
      if (this.held.has(address)) this.present.add(address);
  }

  /** Node that has an address, if it has a pod with it where that is asked for. */
  holderOf(address: string, withPod: boolean): string | undefined {
    return withPod && !this.present.has(address) ? undefined : this.held.get(address)?.holder;
  }

  /** The block that an address was lent from, as text; undefined for one that is not lent. */
  blockOf(address: string): string | undefined {
    return this.held.get(address)?.block;
  }
}
