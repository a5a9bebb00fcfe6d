import { FabricError } from "./fabric-error.js";
import type { LinkAttributes } from "./fabric-spec.js";

/** What a host is, once its specification has been resolved. */
export interface Host {
  readonly name: string;
  /** The switch it hangs from. */
  readonly switchId: number;
  /** Its subnet in canonical form. */
  readonly subnet: string;
  readonly link: LinkAttributes;
}

/** The uplink itself is cut. */
export const UPLINK_CUT = 1;
/** The whole host is cut off. */
export const HOST_CUT = 2;

/**
 * The hosts of a fabric by dense node id, in typed arrays that grow as nodes join. Entries beyond `count` are NaN, so
 * that arithmetic over an unknown id shows.
 */
export class HostTable {
  /** The hosts by node id. */
  readonly hosts: Host[] = [];
  /** Node ids by switch, in the order of joining. */
  readonly bySwitch: number[][];
  /** The switch of each host. */
  switchIds: Int32Array = new Int32Array(0);
  /** The subnet of each host, as a dense number. */
  subnetIds: Int32Array = new Int32Array(0);
  /** What each uplink is like now: as specified, or as a degradation left it. */
  readonly links: LinkAttributes[] = [];
  /** Latency of each uplink now, in microseconds; Infinity while cut. */
  latency: Float64Array = new Float64Array(0);
  /** {@link UPLINK_CUT} and {@link HOST_CUT}, joined by or. */
  cuts: Uint8Array = new Uint8Array(0);
  /** Guests, and the host that each runs on. */
  readonly guests: Map<number, number> = new Map();
  private readonly ids: Map<string, number> = new Map();
  private readonly subnets: Map<string, number> = new Map();

  constructor(switches: number) {
    this.bySwitch = Array.from({ length: switches }, () => []);
  }

  /** How many hosts there are. */
  get count(): number {
    return this.hosts.length;
  }

  /** Whether a name is taken by a host. */
  has(name: string): boolean {
    return this.ids.has(name);
  }

  /** Adds a host whose name is free; returns its node id. */
  add(host: Host): number {
    const id = this.hosts.length;
    if (id === this.latency.length) this.grow(Math.max(16, id * 2));
    this.hosts.push(host);
    this.links.push(host.link);
    this.ids.set(host.name, id);
    this.bySwitch[host.switchId]!.push(id);
    this.switchIds[id] = host.switchId;
    this.subnetIds[id] = this.subnetId(host.subnet);
    this.setCut(id, UPLINK_CUT, !host.link.up);
    return id;
  }

  /** Says on which host a guest runs, from now on. */
  setGuest(id: number, host: number): void {
    this.guests.set(id, host);
    this.setLatency(id);
  }

  /** Sets or clears one kind of cut. Returns whether that changed anything. */
  setCut(id: number, kind: typeof UPLINK_CUT | typeof HOST_CUT, cut: boolean): boolean {
    const before = this.cuts[id]!;
    const after = cut ? before | kind : before & ~kind;
    this.cuts[id] = after;
    this.setLatency(id);
    return before !== after;
  }

  /** Changes what an uplink is like. */
  setLink(id: number, link: LinkAttributes): void {
    this.links[id] = link;
    this.setLatency(id);
  }

  /** Whether an uplink carries traffic, as far as it and its host are concerned. */
  linkUp(id: number): boolean {
    return this.cuts[id] === 0 && this.links[id]!.loss < 1;
  }

  private setLatency(id: number): void {
    // Not a number: whoever asks is to look further.
    if (this.guests.has(id)) this.latency[id] = Number.NaN;
    else this.latency[id] = this.linkUp(id) ? this.links[id]!.latencyUs : Infinity;
  }

  /** The id of a host, given by name or by id. Throws FabricError UNKNOWN_NODE. */
  resolve(node: number | string): number {
    const id = typeof node === "number" ? node : this.ids.get(node);
    if (id === undefined || this.hosts[id] === undefined) {
      throw new FabricError({ code: "UNKNOWN_NODE", node });
    }
    return id;
  }

  private subnetId(subnet: string): number {
    const known = this.subnets.get(subnet);
    if (known !== undefined) return known;
    this.subnets.set(subnet, this.subnets.size);
    return this.subnets.size - 1;
  }

  private grow(capacity: number): void {
    const { switchIds, subnetIds, latency, cuts } = this;
    this.switchIds = new Int32Array(capacity);
    this.switchIds.set(switchIds);
    this.subnetIds = new Int32Array(capacity);
    this.subnetIds.set(subnetIds);
    this.latency = new Float64Array(capacity).fill(Number.NaN);
    this.latency.set(latency);
    this.cuts = new Uint8Array(capacity);
    this.cuts.set(cuts);
  }
}
