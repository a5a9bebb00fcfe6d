import { type Address, parseAddress, parseCidr, writtenAddress } from "../net/index.js";
import type { CalicoNode, KubernetesNode, Node } from "./kubernetes.js";

/**
 * Where Calico keeps its Node fields on a Kubernetes Node.
 *
 * @see calico: libcalico-go/lib/backend/k8s/resources/node.go
 */
export const NODE_ANNOTATIONS = {
  ipv4Address: "projectcalico.org/IPv4Address",
  ipv6Address: "projectcalico.org/IPv6Address",
  asNumber: "projectcalico.org/ASNumber",
  routeReflectorClusterID: "projectcalico.org/RouteReflectorClusterID",
  ipv4IPIPTunnelAddr: "projectcalico.org/IPv4IPIPTunnelAddr",
  ipv4VXLANTunnelAddr: "projectcalico.org/IPv4VXLANTunnelAddr",
  ipv6VXLANTunnelAddr: "projectcalico.org/IPv6VXLANTunnelAddr",
  vxlanTunnelMACAddr: "projectcalico.org/VXLANTunnelMACAddr",
  vxlanTunnelMACAddrV6: "projectcalico.org/VXLANTunnelMACAddrV6",
  ipv4WireguardInterfaceAddr: "projectcalico.org/IPv4WireguardInterfaceAddr",
  ipv6WireguardInterfaceAddr: "projectcalico.org/IPv6WireguardInterfaceAddr",
  wireguardPublicKey: "projectcalico.org/WireguardPublicKey",
  wireguardPublicKeyV6: "projectcalico.org/WireguardPublicKeyV6",
} as const;

/** What Calico knows of a node, whichever API the Node was written in. Absent means absent, never "". */
export interface NodeView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The BGP address with the length of its subnet: `10.0.0.5/24`. */
  readonly ipv4Address?: string;
  readonly ipv6Address?: string;
  /** The first IPv4 (else IPv6) address the kubelet reports. */
  readonly internalIP?: string;
  /** The first IPv6 address that it reports. */
  readonly internalIPv6?: string;
  readonly podCIDRs: readonly string[];
  readonly unschedulable: boolean;
  readonly asNumber?: number;
  readonly routeReflectorClusterID?: string;
  readonly ipv4IPIPTunnelAddr?: string;
  readonly ipv4VXLANTunnelAddr?: string;
  readonly ipv6VXLANTunnelAddr?: string;
  readonly vxlanTunnelMACAddr?: string;
  readonly vxlanTunnelMACAddrV6?: string;
  readonly ipv4WireguardInterfaceAddr?: string;
  readonly ipv6WireguardInterfaceAddr?: string;
  readonly wireguardPublicKey?: string;
  readonly wireguardPublicKeyV6?: string;
}

type Fields = { -readonly [K in keyof NodeView]?: NodeView[K] | undefined };

/**
 * Reads a Node of either API.
 *
 * A Kubernetes Node that Calico has not annotated yet has an `internalIP` and no `ipv4Address`:
 * start-up autodetection would fill it in (see `packages/cluster`).
 */
export function nodeView(node: Node): NodeView {
  const known = views.get(node);
  if (known !== undefined) return known;
  const view = Object.freeze(node.apiVersion === "v1" ? fromKubernetes(node) : fromCalico(node));
  // A frozen Node cannot change any more: every node of a cluster reads each of its peers.
  if (Object.isFrozen(node)) views.set(node, view);
  return view;
}

const views = new WeakMap<Node, NodeView>();

function fromKubernetes(node: KubernetesNode): NodeView {
  const annotations = node.metadata.annotations ?? {};
  const asNumber = annotations[NODE_ANNOTATIONS.asNumber];
  const view: Fields = {};
  for (const [field, annotation] of Object.entries(NODE_ANNOTATIONS)) {
    if (field !== "asNumber") view[field as "ipv4Address"] = annotations[annotation];
  }
  view.asNumber = parseASNumber(asNumber);
  view.internalIP = internalIP(node);
  view.internalIPv6 = node.status?.addresses?.find(isInternalIPv6)?.address;
  return complete(node, view, node.spec?.podCIDRs ?? singlePodCIDR(node), node.spec?.unschedulable);
}

function fromCalico(node: CalicoNode): NodeView {
  const { bgp, wireguard, ...spec } = node.spec ?? {};
  const view: Fields = {
    ipv4Address: bgp?.ipv4Address,
    ipv6Address: bgp?.ipv6Address,
    asNumber: parseASNumber(bgp?.asNumber),
    routeReflectorClusterID: bgp?.routeReflectorClusterID,
    ipv4IPIPTunnelAddr: bgp?.ipv4IPIPTunnelAddr,
    ipv4VXLANTunnelAddr: spec.ipv4VXLANTunnelAddr,
    ipv6VXLANTunnelAddr: spec.ipv6VXLANTunnelAddr,
    vxlanTunnelMACAddr: spec.vxlanTunnelMACAddr,
    vxlanTunnelMACAddrV6: spec.vxlanTunnelMACAddrV6,
    ipv4WireguardInterfaceAddr: wireguard?.interfaceIPv4Address,
    ipv6WireguardInterfaceAddr: wireguard?.interfaceIPv6Address,
    wireguardPublicKey: node.status?.wireguardPublicKey,
    wireguardPublicKeyV6: node.status?.wireguardPublicKeyV6,
    internalIP: spec.addresses?.find((a) => a.type === "InternalIP")?.address,
    internalIPv6: spec.addresses?.find(isInternalIPv6)?.address,
  };
  return complete(node, view, node.status?.podCIDRs ?? [], false);
}

function complete(
  node: Node,
  view: Fields,
  podCIDRs: readonly string[],
  unschedulable: boolean | undefined,
): NodeView {
  const present = Object.entries(view).filter(([, value]) => value !== undefined && value !== "");
  return {
    name: node.metadata.name,
    labels: node.metadata.labels ?? {},
    podCIDRs,
    unschedulable: unschedulable ?? false,
    ...Object.fromEntries(present),
  };
}

function singlePodCIDR(node: KubernetesNode): readonly string[] {
  const cidr = node.spec?.podCIDR;
  return cidr === undefined || cidr === "" ? [] : [cidr];
}

function isInternalIPv6({ type, address }: { type?: string; address: string }): boolean {
  return type === "InternalIP" && address.includes(":");
}

function internalIP(node: KubernetesNode): string | undefined {
  const addresses = (node.status?.addresses ?? []).filter((a) => a.type === "InternalIP");
  return (addresses.find((a) => !a.address.includes(":")) ?? addresses[0])?.address;
}

/**
 * Reads an AS number as Calico does: a number, its text, or two 16-bit halves (`1.10`).
 *
 * @see calico: api/pkg/lib/numorstring/asnumber.go
 */
export function parseASNumber(value: number | string | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  const halves = /^(\d+)\.(\d+)$/.exec(String(value));
  const number = halves === null ? Number(value) : Number(halves[1]) * 0x1_0000 + Number(halves[2]);
  return Number.isSafeInteger(number) && number >= 0 && number <= 0xffff_ffff ? number : undefined;
}

/** The address in `10.0.0.5/24` or `10.0.0.5`; `undefined` when it is neither. */
export function hostAddress(text: string | undefined): Address | undefined {
  if (text === undefined) return undefined;
  const cidr = parseCidr(text);
  return cidr === undefined ? parseAddress(text) : writtenAddress(cidr);
}
