import { HOUR, type Micros } from "../engine/time.js";
import { FabricError } from "./fabric-error.js";

/** The most latency or jitter of a link: beyond any timer of the model, and far from where times cannot be counted. Assumed. */
export const LINK_DELAY_MAX: Micros = HOUR;

/** The narrowest link, in megabits a second; narrower ones would be busy for longer than can be counted. Assumed. */
export const LINK_BANDWIDTH_MIN = 0.001;

/** What a link is like, in each direction alike. */
export interface LinkAttributes {
  /** One-way latency with an idle link, in whole microseconds. Includes the share of the stack at its ends. */
  readonly latencyUs: number;
  /** The most that queueing adds to the latency, in whole microseconds; a draw is uniform from 0 to this. */
  readonly jitterUs: number;
  /** Bandwidth in megabits a second (bits a microsecond). Absent: serialisation takes no time. */
  readonly bandwidthMbps?: number;
  /** The share of packets lost, 0 to 1. A link that loses all of them is as good as cut. */
  readonly loss: number;
  /** Whether the link carries traffic at the start. */
  readonly up: boolean;
}

/** A rack: a top-of-rack switch that nodes hang from. */
export interface RackSpec {
  readonly name: string;
  /** The subnet of its nodes in CIDR form. Racks with the same one share it. Absent: a subnet of its own. */
  readonly subnet?: string;
}

/** A router or spine switch. Nodes may hang from it as well. */
export interface RouterSpec {
  readonly name: string;
}

/** A host of the fabric: a cluster node, or a machine that runs part of the control plane. */
export interface HostSpec {
  readonly name: string;
  /** The rack (or router) it hangs from. */
  readonly rack: string;
  /** Its subnet in CIDR form. Absent: that of its rack. */
  readonly subnet?: string;
  /** Its uplink, where it differs from `FabricSpec.hostLink`. */
  readonly link?: Partial<LinkAttributes>;
}

/** A link between two racks or routers. */
export interface LinkSpec extends Partial<LinkAttributes> {
  /** The names of its two ends; their order does not matter. */
  readonly between: readonly [string, string];
}

/** A link as reports show it. */
export interface FabricLink {
  /** The id that `Fabric.cutLink` takes. */
  readonly id: number;
  /** The name of one end: of the node, for an uplink. */
  readonly from: string;
  /** The name of the other end. */
  readonly to: string;
  readonly latencyUs: number;
  readonly jitterUs: number;
  /** Absent: unlimited. */
  readonly bandwidthMbps?: number;
  readonly loss: number;
  /** Whether it carries traffic now: neither it nor one of its ends is cut, and it does not lose everything. */
  readonly up: boolean;
}

/**
 * The underlay as plain frozen data: hosts hang from racks, racks and routers are joined by links.
 *
 * `leafSpine` and `singleMachine` write the common ones; extend their answer with a spread.
 */
export interface FabricSpec {
  readonly racks: readonly RackSpec[];
  readonly routers: readonly RouterSpec[];
  /** The hosts; position is the node id. */
  readonly nodes: readonly HostSpec[];
  readonly links: readonly LinkSpec[];
  /** What the uplink of a host is like. Default: {@link HOST_LINK}. */
  readonly hostLink?: Partial<LinkAttributes>;
  /** What a link between racks and routers is like. Default: {@link SWITCH_LINK}. */
  readonly switchLink?: Partial<LinkAttributes>;
  /** By name, uplinks of hosts that are added later, where they differ from {@link FabricSpec.hostLink}. */
  readonly laterUplinks?: Readonly<Record<string, Partial<LinkAttributes>>>;
  /**
   * Routers that a packet passes from one subnet to another, each of which takes one from its TTL. Assumed: racks are as
   * a rule switches, so one routes. @defaultValue 1
   */
  readonly routersBetweenSubnets?: number;
}

/**
 * The uplink of a host when nothing is said: 50 µs, no jitter, no loss, any bandwidth.
 *
 * Two of them make a round trip of 200 µs in a rack, the order of the TCP round trips that C. Guo et al., "Pingmesh"
 * (SIGCOMM 2015) report within a pod of a data centre. An assumption, not a measurement: state your own where it matters.
 */
export const HOST_LINK: LinkAttributes = Object.freeze({
  latencyUs: 50,
  jitterUs: 0,
  loss: 0,
  up: true,
});

/**
 * A link between switches when nothing is said: 15 µs, no jitter, no loss, any bandwidth. A round trip across racks is
 * then 260 µs: see {@link HOST_LINK}.
 */
export const SWITCH_LINK: LinkAttributes = Object.freeze({
  latencyUs: 15,
  jitterUs: 0,
  loss: 0,
  up: true,
});

/**
 * Completes and checks the attributes of a link; later layers win, but for what they leave undefined.
 *
 * @param name - the link's name, for the error.
 * @throws FabricError INVALID_LINK.
 */
export function resolveLink(
  name: string,
  ...layers: readonly (Partial<LinkAttributes> | undefined)[]
): LinkAttributes {
  const given = layers.flatMap((layer) => Object.entries(layer ?? {}));
  const { latencyUs, jitterUs, bandwidthMbps, loss, up }: LinkAttributes = {
    ...HOST_LINK,
    ...Object.fromEntries(
      given.filter(([, value]: [string, unknown]) => (value ?? undefined) !== undefined),
    ),
  };
  const fail = (reason: string): never => {
    throw new FabricError({ code: "INVALID_LINK", link: name, reason });
  };
  for (const [field, value] of Object.entries({ latencyUs, jitterUs })) {
    if (!Number.isInteger(value) || value < 0 || value > LINK_DELAY_MAX)
      fail(`${field} must be a whole number of microseconds, 0 to ${LINK_DELAY_MAX}, not ${value}`);
  }
  const limited: unknown = bandwidthMbps;
  if (limited !== undefined && !(typeof limited === "number" && limited >= LINK_BANDWIDTH_MIN))
    fail(`bandwidthMbps must be ${LINK_BANDWIDTH_MIN} or more, not ${bandwidthMbps}`);
  if (!(typeof loss === "number" && loss >= 0 && loss <= 1))
    fail(`loss must be from 0 to 1, not ${loss}`);
  return Object.freeze({
    latencyUs,
    jitterUs,
    ...(bandwidthMbps === undefined ? {} : { bandwidthMbps }),
    loss,
    up,
  });
}
