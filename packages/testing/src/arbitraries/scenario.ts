import {
  at,
  type ClusterSpec,
  pods,
  type Scenario,
  type Step,
  start,
  usesIpv6,
} from "@calico-sim/cluster";
import {
  blockCount,
  type Cidr,
  type DurationInput,
  eraOf,
  formatCidr,
  MINUTE,
  type Micros,
  micros,
  nodeView,
  ofKind,
  parseCidr,
  poolView,
  SECOND,
} from "@calico-sim/core";
import fc from "fast-check";
import { arbitraryIncident, INCIDENT_KINDS, type Incident, type IncidentKind } from "./incident.js";
import { carriedOut, type Possibilities } from "./incident-steps.js";
import { ENCAPSULATIONS, type Encapsulation } from "./pools.js";

/** Bounds of {@link arbitraryScenario}. */
export interface ScenarioConstraints {
  /** Incidents, each of one or two steps. @defaultValue 5 */
  readonly incidentsMax?: number;
  /** What may happen. @defaultValue all that the cluster allows */
  readonly kinds?: readonly IncidentKind[];
  /** When the last incident begins, at the latest. @defaultValue `10m` */
  readonly during?: DurationInput;
  /** Whatever fails is back before the end. @defaultValue true */
  readonly healed?: boolean;
  /** Pods that exist from the first minute on, at most. @defaultValue 12 */
  readonly podsMax?: number;
}

/**
 * A valid scenario for a cluster: it starts, gets pods, and then things happen to it. Every name exists,
 * nothing fails twice at once, and with `healed` whatever failed comes back.
 *
 * Shrinks to no incident, or to one that lasts 10 s at a round time.
 *
 * @example
 * fc.property(
 *   arbitraryCluster().chain((spec) => fc.tuple(fc.constant(spec), arbitraryScenario(spec))),
 *   ([spec, scenario]) => simulate(spec, scenario, { until: quietAfter(scenario) }).converged,
 * )
 */
export function arbitraryScenario(
  spec: ClusterSpec,
  constraints: ScenarioConstraints = {},
): fc.Arbitrary<Scenario> {
  const { incidentsMax = 5, podsMax = 12, healed = true } = constraints;
  const possible = possibilities(spec, podsMax);
  const kinds = (constraints.kinds ?? INCIDENT_KINDS).filter((kind) => possible.kinds.has(kind));
  const during = Math.max(10 * SECOND, micros(constraints.during ?? "10m"));
  const incidents =
    kinds.length === 0
      ? fc.constant<Incident[]>([])
      : fc.array(
          arbitraryIncident({
            kinds,
            during,
            podsMax,
            bgp: spec.backend === "bird",
            ipv6: usesIpv6(spec),
            encapsulations: possible.encapsulations,
          }),
          { maxLength: incidentsMax },
        );
  return fc
    .record({
      stagger: fc.constantFrom(0, SECOND, 10 * SECOND),
      count: fc.nat({ max: podsMax }),
      over: fc.constantFrom(SECOND, 30 * SECOND),
      incidents,
    })
    .map(({ stagger, count, over, incidents: happened }) => {
      const first: Step[] = [at(0, start({ stagger }))];
      if (count > 0) first.push(at("20s", pods.create(count, { over })));
      const steps = [...first, ...carriedOut(happened, possible, healed)];
      return Object.freeze(
        steps
          .map((step, i) => ({ step, i }))
          .sort(byTime)
          .map(({ step }) => step),
      );
    });
}

/**
 * When a scenario is over and its cluster has surely come to rest: hold timers, retries, and Typha's and
 * graceful restart's waits included.
 */
export function quietAfter(scenario: Scenario, rest: DurationInput = 15 * MINUTE): Micros {
  let last: Micros = 0;
  for (const { at: begin, action } of scenario) {
    let lasts: Micros = 0;
    if (action.type === "pods-create") lasts = action.over;
    if (action.type === "pods-churn") lasts = action.duration + 10 * action.lifetime;
    if (action.type === "kill" && Number.isFinite(action.restartAfter)) lasts = action.restartAfter;
    last = Math.max(last, begin + lasts);
  }
  return last + micros(rest);
}

function byTime(
  x: { readonly step: Step; readonly i: number },
  y: { readonly step: Step; readonly i: number },
): number {
  return x.step.at - y.step.at || x.i - y.i;
}

function possibilities(spec: ClusterSpec, podsMax: number): Possibilities {
  const { fabric, resources, typhas } = spec;
  const pools = ofKind(resources, "IPPool");
  const kinds = new Set<IncidentKind>(INCIDENT_KINDS);
  const subnets = fabric.racks.flatMap(({ subnet }) => (subnet === undefined ? [] : [subnet]));
  const routers = spec.backend === "bird" ? (spec.externalRouters ?? []) : [];
  if (routers.length === 0)
    for (const kind of ["router", "router-cut", "router-process"] as const) kinds.delete(kind);
  if (typhas === 0) kinds.delete("typha");
  if (fabric.racks.length === 0) kinds.delete("rack");
  if (pools.length === 0) kinds.delete("pool-mode");
  if (subnets.length === 0) kinds.delete("join");
  // A block is added to the first pool, and it is an error if there is none left.
  const [first] = pools.map((pool) => poolView(pool, eraOf(spec.calicoVersion)));
  const cidr = first === undefined ? undefined : parseCidr(first.cidr);
  const count = cidr === undefined ? 0 : blockCount(cidr, first?.blockSize ?? 26);
  if (count < 4 * (fabric.nodes.length + podsMax)) kinds.delete("block-add");
  const nodes = ofKind(resources, "Node").map((node) => node.metadata.name);
  // Whoever holds the datastore stays: without it no pod is ever deleted, and nothing settles.
  const workers = nodes.slice(1);
  // Typhas stay where they are, also when their node leaves for good: nobody schedules them anew yet.
  if (workers.length === 0 || typhas > 0) kinds.delete("remove");
  return {
    kinds,
    nodes,
    removable: workers,
    racks: fabric.racks.map(({ name }) => name),
    subnets,
    subnets6: ipv6Subnets(spec),
    links: [
      ...fabric.links.map(({ between }) => between),
      ...fabric.nodes.map(({ name, rack }): readonly [string, string] => [name, rack]),
    ],
    typhas,
    routers: routers.map(({ name }) => name),
    pools,
    encapsulations: encapsulationsFor(spec),
  };
}

/** The IPv6 subnet of each IPv4 subnet whose nodes have one. */
function ipv6Subnets({ resources }: ClusterSpec): ReadonlyMap<string, Cidr> {
  const found = new Map<string, Cidr>();
  for (const node of ofKind(resources, "Node")) {
    const { ipv4Address, ipv6Address } = nodeView(node);
    const [v4, v6] = [parseCidr(ipv4Address ?? ""), parseCidr(ipv6Address ?? "")];
    if (v4 !== undefined && v6 !== undefined) found.set(formatCidr(v4), v6);
  }
  return found;
}

/** Modes that a pool of this cluster may change to and still be carried by BIRD and underlay. */
function encapsulationsFor(spec: ClusterSpec): readonly Encapsulation[] {
  return ENCAPSULATIONS.filter((encapsulation) => {
    if (spec.backend !== "bird") return encapsulation.startsWith("vxlan");
    return encapsulation !== "none" || spec.fabric.racks.length === 1;
  });
}
