import { UndirectedGraph } from "graphology";
import { formatCidr, parseCidr } from "../net/cidr.js";
import { FabricError } from "./fabric-error.js";
import {
  type FabricSpec,
  HOST_LINK,
  type LinkAttributes,
  resolveLink,
  SWITCH_LINK,
} from "./fabric-spec.js";

/** A link between two switches. */
export interface SwitchLink {
  readonly from: number;
  readonly to: number;
  readonly attributes: LinkAttributes;
}

/** More switches would make the matrices over pairs of them larger than 32 MB each. */
const SWITCHES_MAX = 2048;

/**
 * The part of a fabric that never changes while it runs: its switches (racks, then routers) by dense id, the links
 * between them by dense id, and the graph that shortest paths are sought in.
 *
 * Frozen, hence shared by all forks. Which links are up is no part of it.
 */
export class FabricTopology {
  /** The names of the racks; their ids are their positions here. */
  readonly racks: readonly string[];
  /** What the uplink of a host is like unless it says otherwise. */
  readonly hostLink: LinkAttributes;
  /** See {@link FabricSpec.laterUplinks}. */
  readonly laterUplinks: ReadonlyMap<string, Partial<LinkAttributes>>;
  /** See {@link FabricSpec.routersBetweenSubnets}. */
  readonly routersBetweenSubnets: number;
  readonly switchNames: readonly string[];
  /** Subnet of each switch: CIDR text in canonical form, or a name that no CIDR has. */
  readonly switchSubnets: readonly string[];
  readonly switchIds: ReadonlyMap<string, number>;
  readonly links: readonly SwitchLink[];
  /** Vertices are switch ids and edges are link ids, as text: graphology's Dijkstra trips over names like "constructor". */
  readonly graph: UndirectedGraph;

  /** @throws FabricError when the specification contradicts itself. */
  constructor(spec: FabricSpec) {
    this.racks = Object.freeze(spec.racks.map((rack) => rack.name));
    this.routersBetweenSubnets = spec.routersBetweenSubnets ?? 1;
    this.hostLink = resolveLink("of a host", HOST_LINK, spec.hostLink);
    this.laterUplinks = new Map(Object.entries(spec.laterUplinks ?? {}));
    const switches = [...spec.racks, ...spec.routers];
    if (switches.length > SWITCHES_MAX) {
      const fault = { switches: switches.length, switchesMax: SWITCHES_MAX };
      throw new FabricError({ code: "TOO_MANY_SWITCHES", ...fault });
    }
    const ids = new Map<string, number>();
    for (const { name } of switches) {
      if (ids.has(name)) throw new FabricError({ code: "DUPLICATE_NAME", name });
      ids.set(name, ids.size);
    }
    this.switchIds = ids;
    this.switchNames = Object.freeze([...ids.keys()]);
    this.switchSubnets = Object.freeze([
      ...spec.racks.map((rack) =>
        rack.subnet === undefined ? ownSubnet(rack.name) : canonicalSubnet(rack.name, rack.subnet),
      ),
      ...spec.routers.map((router) => ownSubnet(router.name)),
    ]);

    const graph = new UndirectedGraph({ allowSelfLoops: false });
    for (let id = 0; id < switches.length; id++) graph.addNode(String(id));
    this.links = Object.freeze(
      spec.links.map(({ between, ...attributes }, id) => {
        const [a, b] = between;
        const name = linkName(a, b);
        const from = this.switchId(a);
        const to = this.switchId(b);
        if (from === to) {
          const reason = "its two ends are the same switch";
          throw new FabricError({ code: "INVALID_LINK", link: name, reason });
        }
        if (graph.hasEdge(String(from), String(to))) {
          throw new FabricError({ code: "DUPLICATE_LINK", between });
        }
        graph.addEdgeWithKey(String(id), String(from), String(to));
        return Object.freeze({
          from,
          to,
          attributes: resolveLink(name, SWITCH_LINK, spec.switchLink, attributes),
        });
      }),
    );
    this.graph = graph;
    Object.freeze(this);
  }

  /** The id of a rack or router. Throws FabricError UNKNOWN_SWITCH. */
  switchId(name: string): number {
    const id = this.switchIds.get(name);
    if (id === undefined) {
      throw new FabricError({ code: "UNKNOWN_SWITCH", name, known: [...this.switchIds.keys()] });
    }
    return id;
  }

  /** The link between two switches; -1 if they are not neighbours. */
  linkBetween(a: number, b: number): number {
    const edge = this.graph.edge(String(a), String(b));
    return edge === undefined ? -1 : Number(edge);
  }
}

/** A link's name in reports and errors. */
export function linkName(a: string, b: string): string {
  return `${a} -- ${b}`;
}

/** The canonical form of a subnet. Throws FabricError INVALID_SUBNET. */
export function canonicalSubnet(owner: string, subnet: string): string {
  const cidr = parseCidr(subnet);
  if (cidr === undefined) throw new FabricError({ code: "INVALID_SUBNET", owner, subnet });
  return formatCidr(cidr);
}

/** Stands for the subnet of a switch that states none. */
function ownSubnet(name: string): string {
  return `of ${name}`;
}
