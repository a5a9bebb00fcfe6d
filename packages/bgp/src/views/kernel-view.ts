import { PROTOCOL } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { RUNNING } from "../fleet/daemon.js";
import { KERNEL } from "../rib/paths.js";
import type { KernelProtocolView } from "./daemon-view.js";

/** The kernel protocol of a daemon; undefined when it does not run. */
export function kernelView(x: FleetContext, node: number): KernelProtocolView | undefined {
  if (x.state[node] !== RUNNING) return undefined;
  const { rib, podRoutes, foreign } = x.daemons[node]!;
  const others = [...foreign].filter((prefix) => x.paths.peer(rib.best(prefix)) !== KERNEL);
  return Object.freeze({
    imported: podRoutes,
    preferred: podRoutes - others.length,
    exported: x.kernelStats?.exported(node) ?? (x.kernelReady[node] === 1 ? written(x, node) : 0),
    changes: x.kernelStats?.changes(node),
  });
}

/** Routes of BIRD in the kernel. */
function written({ kernels, family }: FleetContext, node: number): number {
  return kernels
    .table(node)
    .filter(
      ({ prefix, route }) =>
        kernels.familyOf(prefix) === family && kernels.route(route).protocol === PROTOCOL.bird,
    ).length;
}
