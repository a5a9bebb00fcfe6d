import { isHostCidr, parseCidr } from "../net/cidr.js";
import type { FabricSpec, HostSpec, LinkAttributes, LinkSpec, RackSpec } from "./fabric-spec.js";
import { HOST_LINK, SWITCH_LINK } from "./fabric-spec.js";
import { canonicalSubnet } from "./fabric-topology.js";

/** A node as {@link leafSpine} takes it. */
export interface LeafSpineNode {
  readonly name: string;
  /** Its subnet in CIDR form; `10.0.1.7/24`, as Calico writes node addresses, will do. */
  readonly subnet?: string;
  /** Its rack. Default: one rack a subnet. */
  readonly rack?: string;
  /** Its uplink, where it differs from {@link LeafSpineOptions.hostLink}. */
  readonly link?: Partial<LinkAttributes>;
}

/** What {@link leafSpine} builds from. */
export interface LeafSpineOptions {
  readonly nodes: readonly LeafSpineNode[];
  /** How many spine routers each rack is joined to. Default: 1. */
  readonly spines?: number;
  /** Every uplink of a node. Default: {@link HOST_LINK}. */
  readonly hostLink?: Partial<LinkAttributes>;
  /** Every link from a rack to a spine. Default: {@link SWITCH_LINK}. */
  readonly rackLink?: Partial<LinkAttributes>;
}

/** The rack of nodes about which neither rack nor subnet is known. */
const RACK_DEFAULT = "rack-0";

/**
 * The default underlay of a cluster: every subnet is a rack, and every rack is joined to one router, `spine-0`, or to
 * several.
 *
 * A rack is named by its nodes' `rack`, else by their subnet in canonical form, else `rack-0`. Nodes whose subnet is a
 * single address (/32 or /128, as some clouds hand out) share it with nobody: they hang from `spine-0` directly, as far
 * from it as if a rack were between, rather than each from a rack of its own.
 *
 * @throws FabricError INVALID_SUBNET; names that clash show when the fabric is built.
 */
export function leafSpine(options: LeafSpineOptions): FabricSpec {
  const { nodes, spines = 1, hostLink = {}, rackLink = {} } = options;
  const routers = Array.from({ length: Math.max(1, spines) }, (_, i) => ({ name: `spine-${i}` }));
  const alone = aloneLink(hostLink, rackLink);
  const racks = new Map<string, RackSpec>();
  const hosts: HostSpec[] = [];
  for (const { name, subnet: written, rack: stated, link = {} } of nodes) {
    const subnet = written === undefined ? undefined : canonicalSubnet(name, written);
    const own = subnet === undefined ? {} : { subnet };
    if (stated === undefined && subnet !== undefined && isSingleAddress(subnet)) {
      hosts.push({ name, rack: "spine-0", ...own, link: { ...alone, ...link } });
      continue;
    }
    const rack = stated ?? subnet ?? RACK_DEFAULT;
    if (!racks.has(rack)) racks.set(rack, { name: rack, ...own });
    hosts.push({ name, rack, ...own, link });
  }
  const links: LinkSpec[] = [];
  for (const rack of racks.keys()) {
    for (const router of routers) links.push({ between: [rack, router.name] });
  }
  return Object.freeze({
    racks: Object.freeze([...racks.values()]),
    routers: Object.freeze(routers),
    nodes: Object.freeze(hosts),
    links: Object.freeze(links),
    hostLink,
    switchLink: rackLink,
  });
}

function isSingleAddress(subnet: string): boolean {
  const cidr = parseCidr(subnet);
  return cidr !== undefined && isHostCidr(cidr);
}

/** The uplink of a node without a rack: as long as an uplink and the link of a rack together. */
function aloneLink(
  hostLink: Partial<LinkAttributes>,
  rackLink: Partial<LinkAttributes>,
): Partial<LinkAttributes> {
  const host = { ...HOST_LINK, ...hostLink };
  const rack = { ...SWITCH_LINK, ...rackLink };
  const bandwidthMbps = Math.min(host.bandwidthMbps ?? Infinity, rack.bandwidthMbps ?? Infinity);
  return {
    latencyUs: host.latencyUs + rack.latencyUs,
    jitterUs: host.jitterUs + rack.jitterUs,
    loss: 1 - (1 - host.loss) * (1 - rack.loss),
    up: host.up && rack.up,
    ...(bandwidthMbps === Infinity ? {} : { bandwidthMbps }),
  };
}
