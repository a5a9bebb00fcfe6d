import type { DaemonName } from "@calico-sim/cluster";
import { type Micros, SECOND } from "@calico-sim/core";
import fc from "fast-check";
import { ENCAPSULATIONS, type Encapsulation } from "./pools.js";

/** What can happen in a generated scenario. */
export type IncidentKind =
  | "pods"
  | "churn"
  | "block-add"
  | "block-remove"
  | "kill"
  | "typha"
  | "cut"
  | "crash"
  | "link"
  | "quality"
  | "rack"
  | "datastore"
  | "join"
  | "remove"
  | "pool-mode"
  | "router"
  | "router-cut"
  | "router-process";

/** Every {@link IncidentKind}, the harmless ones first. */
export const INCIDENT_KINDS: readonly IncidentKind[] = Object.freeze([
  "pods",
  "churn",
  "block-add",
  "block-remove",
  "kill",
  "typha",
  "cut",
  "crash",
  "link",
  "quality",
  "rack",
  "datastore",
  "join",
  "remove",
  "pool-mode",
  "router",
  "router-cut",
  "router-process",
]);

/** Something that happens, before it is known to whom; every field is read by some kinds only. */
export interface Incident {
  readonly kind: IncidentKind;
  readonly at: Micros;
  /** Until it is healed, or as long as it goes on. */
  readonly lasts: Micros;
  /** Chooses node, rack, link, Typha, pool or external router, modulo how many there are. */
  readonly target: number;
  /** How many pods or blocks. */
  readonly count: number;
  readonly daemon: Exclude<DaemonName, "typha">;
  readonly signal: "KILL" | "TERM";
  readonly encapsulation: Encapsulation;
}

/** Bounds of an arbitrary {@link Incident}. */
export interface IncidentConstraints {
  readonly kinds: readonly IncidentKind[];
  readonly during: Micros;
  readonly podsMax: number;
  /** The cluster has BIRDs and confds. @defaultValue true */
  readonly bgp?: boolean;
  /** The cluster has BIRDs of IPv6. @defaultValue false */
  readonly ipv6?: boolean;
  readonly encapsulations?: readonly Encapsulation[];
}

/** Shrinks to the first kind, at a round time, to the first target, for 10 s. */
export function arbitraryIncident(constraints: IncidentConstraints): fc.Arbitrary<Incident> {
  const { kinds, during, podsMax, bgp = true, ipv6 = false } = constraints;
  const { encapsulations = ENCAPSULATIONS } = constraints;
  const daemons = bgp
    ? (["bird", "felix", "confd", "calico-node", ...(ipv6 ? (["bird6"] as const) : [])] as const)
    : (["felix", "calico-node"] as const);
  return fc.record({
    kind: fc.constantFrom(...kinds),
    at: roundTime(SECOND, during),
    lasts: roundTime(SECOND, Math.min(during, 500 * SECOND)),
    target: fc.nat({ max: 9_999 }),
    count: fc.integer({ min: 1, max: Math.max(1, Math.min(6, podsMax)) }),
    daemon: fc.constantFrom(...daemons),
    signal: fc.constantFrom("KILL", "TERM"),
    encapsulation: fc.constantFrom(...encapsulations),
  });
}

/** Mostly whole tens of seconds, now and then any microsecond; the odd ones shrink to the round ones. */
function roundTime(min: Micros, max: Micros): fc.Arbitrary<Micros> {
  const ten = 10 * SECOND;
  return fc.oneof(
    { withCrossShrink: true },
    {
      weight: 3,
      arbitrary: fc
        .integer({ min: 1, max: Math.max(1, Math.floor(max / ten)) })
        .map((n) => n * ten),
    },
    { weight: 1, arbitrary: fc.integer({ min, max }) },
  );
}
