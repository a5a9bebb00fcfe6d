import type { LinkAttributes } from "./fabric-spec.js";
import type { FabricTopology } from "./fabric-topology.js";

/**
 * What is cut between the switches of a fabric: independent flags, 1 for cut, for each link, for the links of each rack
 * as a whole, and for each switch. And what each link is like now.
 */
export class SwitchCuts {
  /** By link id. */
  readonly links: Uint8Array;
  /** By switch id: the links of this switch are cut, but it still joins its own hosts. */
  readonly racks: Uint8Array;
  /** By switch id: this switch is dead. */
  readonly switches: Uint8Array;
  /** By link id, as specified or as a degradation left it. */
  readonly attributes: LinkAttributes[];
  private readonly topology: FabricTopology;

  constructor(topology: FabricTopology) {
    this.topology = topology;
    this.links = Uint8Array.from(topology.links, (link) => (link.attributes.up ? 0 : 1));
    this.attributes = topology.links.map(({ attributes }) => attributes);
    this.racks = new Uint8Array(topology.switchNames.length);
    this.switches = new Uint8Array(topology.switchNames.length);
  }

  /** Whether a link carries traffic. */
  linkUp(link: number): boolean {
    const { from, to } = this.topology.links[link]!;
    return (
      this.attributes[link]!.loss < 1 &&
      this.links[link] === 0 &&
      this.racks[from] === 0 &&
      this.racks[to] === 0 &&
      this.switches[from] === 0 &&
      this.switches[to] === 0
    );
  }

  /**
   * What a link costs a path: its latency as specified, in microseconds, since routing protocols look at what was
   * configured; Infinity while it carries no traffic.
   */
  cost(link: number): number {
    return this.linkUp(link) ? this.topology.links[link]!.attributes.latencyUs : Infinity;
  }
}
