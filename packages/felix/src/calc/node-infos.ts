import {
  type Cidr,
  cidrContains,
  hostAddress,
  type Node,
  netmaskIPv4,
  nodeView,
  parseCidr,
} from "@calico-sim/core";

/** What routes depend on, of one Node as it was at some moment. Frozen. */
interface NodeInfo {
  readonly ip4: number;
  readonly ip6: bigint;
  /** The node's own subnets; only its own Felix looks at them. */
  readonly subnet4: Cidr | undefined;
  readonly subnet6: Cidr | undefined;
  /** Its tunnel addresses, which are its own Felix's configuration. */
  readonly tunnels: string;
  readonly vxlan4: number;
  readonly vxlan6: bigint;
}

/**
 * Interned states of Nodes: equal content, equal id; id 0 is "no such Node".
 *
 * Addresses lie in arrays by id, since resolving a route reads them for every (node, block).
 */
export class NodeInfos {
  private readonly infos: NodeInfo[] = [];
  private readonly ids: Map<string, number> = new Map();
  /** The last object seen for a name: the same object again needs no reading. */
  private readonly latest: Map<string, { readonly node: Node; readonly id: number }> = new Map();
  private readonly address4: number[] = [];
  private readonly subnet4: number[] = [];
  private readonly mask4: number[] = [];
  private readonly vtep4: boolean[] = [];
  private readonly vtep6: boolean[] = [];

  constructor() {
    this.add("", {
      ip4: -1,
      ip6: -1n,
      subnet4: undefined,
      subnet6: undefined,
      tunnels: "",
      vxlan4: -1,
      vxlan6: -1n,
    });
  }

  /** Id of a Node's state. */
  intern(node: Node): number {
    const name = node.metadata.name;
    const known = this.latest.get(name);
    if (known?.node === node) return known.id;
    const view = nodeView(node);
    const vxlan4 = view.ipv4VXLANTunnelAddr ?? "";
    const vxlan6 = view.ipv6VXLANTunnelAddr ?? "";
    // L3RouteResolver: BGP address, else InternalIP (calico: felix/calc/l3_route_resolver.go).
    const text = [view.ipv4Address, view.ipv6Address, view.internalIP, view.ipv4IPIPTunnelAddr];
    const key = [...text, vxlan4, vxlan6].join("|");
    let id = this.ids.get(key);
    if (id === undefined) {
      const inner = hostAddress(view.internalIP);
      const v4 = hostAddress(view.ipv4Address) ?? inner;
      const v6 = hostAddress(view.ipv6Address) ?? inner;
      const tunnel4 = hostAddress(vxlan4);
      const tunnel6 = hostAddress(vxlan6);
      id = this.add(key, {
        ip4: v4?.family === 4 ? v4.value : -1,
        ip6: v6?.family === 6 ? v6.value : -1n,
        subnet4: parseCidr(view.ipv4Address ?? ""),
        subnet6: parseCidr(view.ipv6Address ?? ""),
        tunnels: [view.ipv4IPIPTunnelAddr, vxlan4, vxlan6].join("|"),
        vxlan4: tunnel4?.family === 4 ? tunnel4.value : -1,
        vxlan6: tunnel6?.family === 6 ? tunnel6.value : -1n,
      });
      // A VTEP needs the tunnel address and a BGP address (calico: felix/calc/vxlan_resolver.go).
      this.vtep4[id] = vxlan4 !== "" && view.ipv4Address !== undefined;
      this.vtep6[id] = vxlan6 !== "" && view.ipv6Address !== undefined;
    }
    this.latest.set(name, { node, id });
    return id;
  }

  /** Whether the node has an address of this family. */
  reachable(id: number, family: 4 | 6): boolean {
    return family === 4 ? this.address4[id]! >= 0 : this.infos[id]!.ip6 >= 0n;
  }

  /** Whether the node is a VXLAN tunnel endpoint. */
  hasVtep(id: number, family: 4 | 6): boolean {
    return family === 4 ? this.vtep4[id]! : this.vtep6[id]!;
  }

  /** Whether `other`'s address lies in the subnet of `own` (calico: felix/calc/l3_route_resolver.go:885). */
  sameSubnet(own: number, other: number, family: 4 | 6): boolean {
    if (family === 4) {
      const mask = this.mask4[own]!;
      return mask !== -1 && ((this.address4[other]! ^ this.subnet4[own]!) & mask) === 0;
    }
    const { subnet6 } = this.infos[own]!;
    const value = this.infos[other]!.ip6;
    return subnet6 !== undefined && cidrContains(subnet6, { family: 6, value });
  }

  /** Whether a host prefix is the node's VXLAN tunnel address. */
  isTunnelAddress(id: number, cidr: Cidr): boolean {
    const info = this.infos[id]!;
    return cidr.value === (cidr.family === 4 ? info.vxlan4 : info.vxlan6);
  }

  /** The tunnel addresses of a Node, as one comparable text. */
  tunnels(id: number): string {
    return this.infos[id]!.tunnels;
  }

  private add(key: string, info: NodeInfo): number {
    const id = this.infos.length;
    this.infos.push(Object.freeze(info));
    this.ids.set(key, id);
    const own = info.subnet4?.family === 4 ? info.subnet4 : undefined;
    this.address4.push(info.ip4);
    this.subnet4.push(own?.value ?? 0);
    // −1 marks "no subnet": a real mask of /32 is −1 too, but holds nobody else.
    this.mask4.push(own === undefined ? -1 : netmaskIPv4(own.length) | 0);
    this.vtep4.push(false);
    this.vtep6.push(false);
    return id;
  }
}
