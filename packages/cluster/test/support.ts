import { type DurationInput, type Micros, micros, parseCidr } from "@calico-sim/core";
import { type ClusterOptions, cluster, Simulation, type Step } from "../src/index.js";

/** Runs a scenario on a cluster until a moment. */
export function run(
  options: ClusterOptions,
  scenario: readonly Step[],
  until: DurationInput,
  seed = 11,
): Simulation {
  const simulation = new Simulation(cluster(options), { seed });
  simulation.schedule(scenario);
  simulation.run(micros(until));
  return simulation;
}

/** Routes of a node to blocks, as text: what to where. */
export function blockRoutes(simulation: Simulation, node: string): Record<string, string> {
  const { kernels, nodes, prefixes } = simulation;
  const routes: Record<string, string> = {};
  for (const { prefix, route } of kernels.table(nodes.id(node))) {
    if (prefixes.isHost(prefix)) continue;
    const { type, device, gateway } = kernels.route(route);
    routes[prefixes.text(prefix)] =
      type === "blackhole" ? "blackhole" : `${nodes.name(gateway)} ${device}`;
  }
  return routes;
}

/** When a node's best route of a prefix last went, after a moment; undefined if it is still there. */
export class RouteWatch {
  removed: Micros | undefined;
  private readonly node: number;
  private readonly prefix: number;
  private readonly simulation: Simulation;

  constructor(simulation: Simulation, node: string, block: string) {
    this.simulation = simulation;
    this.node = simulation.nodes.id(node);
    this.prefix = simulation.prefixes.intern(parseCidr(block)!);
    simulation.kernels.listen(this);
  }

  onRouteChange(node: number, prefix: number, _before: number, after: number): void {
    if (node !== this.node || prefix !== this.prefix) return;
    this.removed = after === 0 ? this.simulation.engine.now : undefined;
  }
}
