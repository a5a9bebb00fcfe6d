import {
  type Cidr,
  type FabricSpec,
  formatCidr,
  type LinkAttributes,
  type LinkSpec,
  leafSpine,
} from "@calico-sim/core";
import { withoutNulls } from "./check-fields.js";
import { type Ends, linkKey } from "./link-faults.js";

/** What the links of a cluster's underlay are like, where they differ from its defaults. */
export interface UnderlayOptions {
  /** Every uplink of a node or an external router. @defaultValue 50 µs and nothing else */
  readonly hostLink?: Partial<LinkAttributes>;
  /** Every link from a rack to the spine. @defaultValue 15 µs and nothing else */
  readonly rackLink?: Partial<LinkAttributes>;
  /**
   * Single links, by the names of their ends: a node or an external router and its rack, or a rack and `spine-0`. A rack
   * of the default underlay has the name of its subnet.
   */
  readonly links?: readonly LinkSpec[];
}

/** A host that joins the underlay when the cluster starts, and the rack or router it will hang from. */
export interface LaterHost {
  readonly name: string;
  readonly rack: string;
}

/** What is said of links, without fields that are null, which count as absent. */
export function soundUnderlay(underlay: UnderlayOptions): UnderlayOptions {
  const { hostLink, rackLink, links } = withoutNulls(underlay);
  return {
    ...(hostLink === undefined ? {} : { hostLink: withoutNulls(hostLink) }),
    ...(rackLink === undefined ? {} : { rackLink: withoutNulls(rackLink) }),
    ...(links === undefined ? {} : { links: links.map(withoutNulls) }),
  };
}

/** The default underlay of nodes: one rack per subnet behind one router. */
export function underlayOf(
  nodes: readonly { readonly name: string; readonly subnet: Cidr }[],
  { hostLink = {}, rackLink = {} }: UnderlayOptions = {},
): FabricSpec {
  return leafSpine({
    hostLink,
    rackLink,
    nodes: nodes.map(({ name, subnet }) => ({ name, subnet: formatCidr(subnet) })),
  });
}

/** The links of a fabric, by their ends. */
export function linksOf({ links, nodes }: FabricSpec, later: readonly LaterHost[]): Ends[] {
  return [
    ...links.map(({ between }) => between),
    ...[...nodes, ...later].map(({ name, rack }) => [name, rack] as const),
  ];
}

/** A fabric whose links are described anew; what is said was checked before. */
export function describeLinks(
  fabric: FabricSpec,
  { hostLink, rackLink, links = [] }: UnderlayOptions,
  later: readonly LaterHost[],
): FabricSpec {
  const said = new Map<string, Partial<LinkAttributes>>();
  for (const { between, ...change } of links) said.set(linkKey(between), change);
  const uplink = ({ name, rack }: LaterHost): Partial<LinkAttributes> | undefined =>
    said.get(linkKey([name, rack]));
  return Object.freeze({
    ...fabric,
    hostLink: { ...fabric.hostLink, ...hostLink },
    switchLink: { ...fabric.switchLink, ...rackLink },
    links: fabric.links.map((link) => ({ ...link, ...said.get(linkKey(link.between)) })),
    nodes: fabric.nodes.map((node) => {
      const change = uplink(node);
      return change === undefined ? node : { ...node, link: { ...node.link, ...change } };
    }),
    laterUplinks: Object.fromEntries(
      later.flatMap((host) => {
        const change = uplink(host);
        return change === undefined ? [] : [[host.name, change]];
      }),
    ),
  });
}
