import {
  Fabric,
  FabricError,
  type FabricSpec,
  type LinkAttributes,
  type LinkSpec,
} from "@calico-sim/core";
import { ClusterError } from "./cluster-error.js";

/** What the links of a cluster's underlay are like, where they differ from its defaults. */
export interface UnderlayOptions {
  /** Every uplink of a node. @defaultValue 50 µs and nothing else */
  readonly hostLink?: Partial<LinkAttributes>;
  /** Every link from a rack to the spine. @defaultValue 15 µs and nothing else */
  readonly rackLink?: Partial<LinkAttributes>;
  /**
   * Single links, by the names of their ends: a node and its rack, or a rack and `spine-0`. A rack of the default underlay
   * has the name of its subnet.
   */
  readonly links?: readonly LinkSpec[];
}

/**
 * A fabric whose links are described anew.
 *
 * @throws ClusterError naming the option when a link is not there, or cannot be so.
 */
export function describeLinks(
  fabric: FabricSpec,
  { hostLink, rackLink, links = [] }: UnderlayOptions,
): FabricSpec {
  const wholesale: FabricSpec = {
    ...fabric,
    hostLink: { ...fabric.hostLink, ...hostLink },
    switchLink: { ...fabric.switchLink, ...rackLink },
  };
  const described = links.reduce(withLink, wholesale);
  if (faultOf(described) === undefined) return Object.freeze(described);
  // Which one it was is found by leaving out those behind it.
  const upTo = (count: number): string | undefined =>
    faultOf(links.slice(0, count).reduce(withLink, wholesale));
  let wrong = 0;
  while (upTo(wrong) === undefined) wrong++;
  const path = wrong === 0 ? ["underlay"] : ["underlay", "links", wrong - 1];
  throw new ClusterError(upTo(wrong)!, path);
}

function withLink(fabric: FabricSpec, { between, ...change }: LinkSpec, i: number): FabricSpec {
  const joins = (a: string, b: string): boolean =>
    between.length === 2 && a !== b && between.includes(a) && between.includes(b);
  if (fabric.links.some((link) => joins(...link.between))) {
    const links = fabric.links.map((link) =>
      joins(...link.between) ? { ...link, ...change } : link,
    );
    return { ...fabric, links };
  }
  if (fabric.nodes.some(({ name, rack }) => joins(name, rack))) {
    const nodes = fabric.nodes.map((node) =>
      joins(node.name, node.rack) ? { ...node, link: { ...node.link, ...change } } : node,
    );
    return { ...fabric, nodes };
  }
  const known = [
    ...fabric.links.slice(0, 3).map((link) => link.between),
    ...fabric.nodes.slice(0, 1).map(({ name, rack }) => [name, rack]),
  ];
  throw new ClusterError(
    `there is no link between ${between.join(" and ")}; there are, for example, ${known.map((pair) => `[${pair.join(", ")}]`).join(", ")}`,
    ["underlay", "links", i, "between"],
  );
}

/** What keeps a fabric from being built. */
function faultOf(fabric: FabricSpec): string | undefined {
  try {
    Fabric.build(fabric);
    return undefined;
  } catch (error) {
    if (error instanceof FabricError) return error.message;
    throw error;
  }
}
