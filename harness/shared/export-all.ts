import type { KernelFilter } from "@calico-sim/bgp";
import { type Kernels, PROTOCOL } from "@calico-sim/core";

/** A kernel filter that exports everything: an unencapsulated pool, so that BIRD programs every route. */
export class ExportAll implements KernelFilter {
  private readonly blackhole: number;
  private readonly via: readonly number[];

  constructor(kernels: Kernels, nodes: number) {
    const common = { onlink: false, metric: 1024, protocol: PROTOCOL.bird };
    this.blackhole = kernels.intern({ type: "blackhole", device: "", gateway: -1, ...common });
    this.via = Array.from({ length: nodes }, (_, gateway) =>
      kernels.intern({ type: "unicast", device: "eth0", gateway, ...common }),
    );
  }

  kernelRoute(_node: number, _prefix: number, peer: number): number {
    return peer < 0 ? this.blackhole : (this.via[peer] ?? 0);
  }
}
