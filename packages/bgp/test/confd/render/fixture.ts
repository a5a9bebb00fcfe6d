import { type AddressFamily, type BGPConfiguration, type BGPPeer, eraOf } from "@calico-sim/core";
import {
  type BirdConfiguration,
  type BirdPeer,
  bgpConfiguration,
  type ConfdResource,
  type RenderOptions,
} from "../../../src/index.js";

/** What a test says of a node; the name stands beside it. */
export interface NodeParts {
  readonly v4?: string;
  readonly v6?: string;
  readonly as?: number;
  readonly cluster?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly wireguard?: string;
}

/** A Calico Node. */
export function node(name: string, parts: NodeParts): ConfdResource {
  const { v4, v6, as: asNumber, cluster, labels, wireguard } = parts;
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "Node",
    metadata: { name, ...(labels === undefined ? {} : { labels }) },
    spec: {
      bgp: {
        ...(v4 === undefined ? {} : { ipv4Address: v4 }),
        ...(v6 === undefined ? {} : { ipv6Address: v6 }),
        ...(asNumber === undefined ? {} : { asNumber }),
        ...(cluster === undefined ? {} : { routeReflectorClusterID: cluster }),
      },
      ...(wireguard === undefined ? {} : { wireguard: { interfaceIPv4Address: wireguard } }),
    },
  };
}

/** Any Calico resource by kind, name and spec. */
export function resource(kind: ConfdResource["kind"], name: string, spec: object): ConfdResource {
  return { apiVersion: "projectcalico.org/v3", kind, metadata: { name }, spec };
}

/** The BGPConfiguration `default`, or that of a node. */
export function settings(
  spec: NonNullable<BGPConfiguration["spec"]>,
  name = "default",
): ConfdResource {
  return resource("BGPConfiguration", name, spec);
}

/** A BGPPeer. */
export function bgpPeer(name: string, spec: BGPPeer["spec"]): ConfdResource {
  return resource("BGPPeer", name, spec);
}

/** Mesh off: only what a test configures is left. */
export const NO_MESH: ConfdResource = settings({ nodeToNodeMeshEnabled: false });

/** Renders with the defaults of 3.33. */
export function render(
  resources: readonly ConfdResource[],
  name: string,
  family: AddressFamily = 4,
  more: Partial<RenderOptions> & { readonly version?: string } = {},
): BirdConfiguration {
  const { version = "3.33", ...options } = more;
  return bgpConfiguration(resources, { node: name, family, era: eraOf(version), ...options });
}

/** The peer of that name; a test that asks for one expects it. */
export function peerOf(config: BirdConfiguration, name: string): BirdPeer {
  const found = config.peers.find((peer) => peer.name === name);
  if (found === undefined)
    throw new Error(`no ${name} among ${config.peers.map((p) => p.name).join(", ")}`);
  return found;
}

/** The names of a node's peers. */
export function names(config: BirdConfiguration): readonly string[] {
  return config.peers.map((peer) => peer.name);
}
