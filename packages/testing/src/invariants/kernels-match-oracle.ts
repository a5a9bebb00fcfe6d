import {
  type ExpectedRoute,
  expectedTable,
  oracleContent,
  type Simulation,
  type TableRoute,
} from "@calico-sim/cluster";
import { nextHopsOf, PROTOCOL, type Resource, type Route } from "@calico-sim/core";
import { liveNodes, type Violation, Violations } from "./violation.js";

/** A route that the oracle does not leave open. */
type KnownRoute = Exclude<TableRoute, { readonly type: "unknown" }>;

const KINDS = [
  "Node",
  "IPPool",
  "BGPConfiguration",
  "BGPPeer",
  "BGPFilter",
  "FelixConfiguration",
  "IPAMBlock",
  "Pod",
] as const;

/**
 * Every live node's kernel holds exactly the routes that follow from the datastore: blocks, borrowed
 * addresses and the node's own pods. What is left over is a violation; the CNI plugin's own copy of a
 * pod's route (metric 0) is not.
 *
 * Holds once all is quiet.
 */
export function kernelsMatchOracle(simulation: Simulation): readonly Violation[] {
  const { datastore, era, spec, nodes, tracker } = simulation;
  const resources = KINDS.flatMap((kind): readonly Resource[] => datastore.list(kind));
  const { backend, externalRouters, workloadRouters, routerId } = spec;
  const content = oracleContent(
    resources,
    era,
    backend,
    externalRouters,
    routerId,
    workloadRouters,
  );
  const violations = new Violations("kernelsMatchOracle", simulation);
  for (const node of liveNodes(simulation)) {
    const name = nodes.name(node);
    const missing = new Map(expectedTable(content, tracker, name));
    for (const [prefix, routes] of heldBy(simulation, node)) {
      const want = missing.get(prefix);
      missing.delete(prefix);
      if (want?.type === "unknown") continue;
      const held = want?.device === "cali" ? withoutCniCopy(routes) : routes;
      const texts = held.map((route) => routeText(simulation, route)).join(" and ");
      if (want === undefined) violations.add(`${name} still has ${prefix} ${texts}`);
      else if (held.length !== 1 || !agrees(simulation, held[0]!, want)) {
        violations.add(`${name} has ${prefix} ${texts}; expected ${wantedText(want)}`);
      }
    }
    for (const [prefix, want] of missing) {
      if (want.type === "unknown") continue;
      violations.add(`${name} lacks ${prefix} ${wantedText(want)}`);
    }
  }
  return violations.found;
}

function heldBy({ kernels, prefixes }: Simulation, node: number): Map<string, Route[]> {
  const held = new Map<string, Route[]>();
  for (const { prefix, route } of kernels.table(node)) {
    const text = prefixes.text(prefix);
    const routes = held.get(text);
    if (routes === undefined) held.set(text, [kernels.route(route)]);
    else routes.push(kernels.route(route));
  }
  return held;
}

function withoutCniCopy(routes: readonly Route[]): readonly Route[] {
  const others = routes.filter(
    ({ metric, protocol, device }) =>
      !(metric === 0 && protocol === PROTOCOL.boot && device.startsWith("cali")),
  );
  return others.length === 0 ? routes : others;
}

function agrees({ nodes }: Simulation, route: Route, want: KnownRoute): boolean {
  if (route.type !== want.type) return false;
  if ((want.writer === "bird") !== (route.protocol === PROTOCOL.bird)) return false;
  if (want.type === "blackhole") return true;
  if (want.device === "cali") return route.device.startsWith("cali") && route.gateway < 0;
  const held = nextHopsOf(route).map(({ device, gateway }) =>
    hopText(device, gateway < 0 ? undefined : nodes.name(gateway)),
  );
  return held.sort().join() === wantedHops(want).sort().join();
}

function wantedHops({ device, gateway, further = [] }: ExpectedRoute): string[] {
  return [hopText(device, gateway), ...further.map((hop) => hopText(hop.device, hop.gateway))];
}

function hopText(name = "", gateway: string | undefined): string {
  const device = gateway !== undefined && name.startsWith("cali") ? "cali*" : name;
  return `${gateway === undefined ? "" : `via ${gateway} `}dev ${device}`;
}

/** A route as `ip route` prints it, with the gateway's node for its address. */
export function routeText({ nodes }: Pick<Simulation, "nodes">, route: Route): string {
  const { type, metric, protocol } = route;
  const hops = nextHopsOf(route).map(({ device, gateway }) =>
    hopText(device, gateway < 0 ? undefined : nodes.name(gateway)),
  );
  const path = type === "unicast" ? hops.join(" nexthop ") : type;
  return `${path} proto ${String(protocol)} metric ${String(metric)}`;
}

function wantedText(want: KnownRoute): string {
  if (want.type === "blackhole") return `blackhole by ${want.writer}`;
  if (want.device === "cali") return `dev cali… of pod ${want.pod}`;
  return `${wantedHops(want).join(" nexthop ")} by ${want.writer}`;
}
