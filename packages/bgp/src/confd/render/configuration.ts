import { type AddressFamily, sha256 } from "@calico-sim/core";
import { blockRoutes } from "./blocks.js";
import { communityRules } from "./communities.js";
import { NORMAL_ROUTE_PRIORITY } from "./constants.js";
import { filterSet } from "./filters.js";
import {
  asOf,
  type BgpNode,
  type ConfdInputOptions,
  type ConfdInputs,
  type ConfdResource,
  confdInputs,
} from "./inputs.js";
import { meshPeers } from "./mesh.js";
import type { BirdConfiguration, FilterFunction, StaticRoute } from "./model.js";
import { birdPeer } from "./peer.js";
import { type LocalWorkload, type Peering, peeringsOf } from "./peerings.js";
import { exportSteps, kernelPoolRules, wireguardNextHops } from "./pools.js";
import { serviceRoutes } from "./services.js";
import { compareText } from "./text.js";

/** For which node and family a configuration is rendered, and what else the container knows. */
export interface RenderOptions {
  readonly node: string;
  readonly family: AddressFamily;
  /** Environment of calico-node: `CALICO_ROUTER_ID`, `CALICO_ADVERTISE_CLUSTER_IPS`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Local pods that ask to be peers. */
  readonly localWorkloads?: readonly LocalWorkload[];
  /** Host-local IPAM: the node's blocks are its pod CIDRs. @defaultValue false */
  readonly usePodCIDR?: boolean;
}

/**
 * What confd tells BIRD of one family on one node, from the resources of the datastore: a pure
 * function (calico: confd/pkg/backends/calico/bgp_processor.go:66, `GetBirdBGPConfig`).
 *
 * For many nodes, read the resources once with {@link confdInputs} and call {@link renderBird}.
 */
export function bgpConfiguration(
  resources: readonly ConfdResource[],
  options: RenderOptions & ConfdInputOptions,
): BirdConfiguration {
  return renderBird(confdInputs(resources, options), options);
}

/** As {@link bgpConfiguration}, over resources that are read already. */
export function renderBird(inputs: ConfdInputs, options: RenderOptions): BirdConfiguration {
  const { node: name, family, environment = {} } = options;
  const node = inputs.nodeByName.get(name);
  const filters = filterSet(inputs.filters, family);
  const peerings =
    node === undefined
      ? []
      : peeringsOf(inputs, node, options.localWorkloads ?? []).filter((p) => p.family === family);
  const mesh = node === undefined ? [] : meshPeers(inputs, node, family);
  const explicit = peerings.flatMap((peering) => {
    const peer = node && birdPeer(inputs, node, family, peering, filters);
    return peer === undefined ? [] : [peer];
  });
  const blocks = blockRoutes(inputs, name, family, options.usePodCIDR ?? false);
  const services = serviceRoutes(inputs, node, family, environment);
  return {
    node: name,
    family,
    ...nodeSettings(inputs, name, node, family, environment),
    peers: [...mesh, ...explicit].sort((a, b) => compareText(a.name, b.name)),
    filters: [...filters.values()]
      .flatMap((f) => [f.import, f.export])
      .filter((f): f is FilterFunction => f !== undefined),
    communities: communityRules(inputs, name, family),
    exportSteps: exportSteps(inputs, node, family, services),
    kernel: {
      reject: services.reject,
      wireguardNextHops: wireguardNextHops(inputs, node, family),
      pools: kernelPoolRules(inputs, node, family),
    },
    staticRoutes: [
      ...blocks.blackholes,
      ...services.routes.map(
        (cidr): StaticRoute => ({ cidr, type: "blackhole", origin: "service" }),
      ),
      ...reachableBy(peerings),
    ],
    ownBlocks: blocks.ownBlocks,
  };
}

/** The node's own part (calico: confd/pkg/backends/calico/bgp_processor.go:150-256). */
function nodeSettings(
  inputs: ConfdInputs,
  name: string,
  node: BgpNode | undefined,
  family: AddressFamily,
  environment: Readonly<Record<string, string>>,
): Pick<
  BirdConfiguration,
  "address" | "routerId" | "asNumber" | "listen" | "debug" | "direct" | "routePriority"
> {
  const { global } = inputs;
  const own = inputs.nodeSpecs.get(name) ?? {};
  const address = node?.address[family];
  const priority = family === 4 ? global.ipv4NormalRoutePriority : global.ipv6NormalRoutePriority;
  return {
    address,
    routerId: routerIdOf(environment["CALICO_ROUTER_ID"], name, node?.address[4]),
    asNumber: asOf(inputs, node),
    listen: {
      address: global.bindMode === "NodeIP" ? address : undefined,
      port: own.listenPort ?? global.listenPort,
    },
    debug: debugFlags(own.logSeverityScreen ?? global.logSeverityScreen),
    direct: {
      exclude: [...(global.ignoredInterfaces ?? []), "cali*", "kube-ipvs*"],
      include: ["*"],
    },
    routePriority: priority ?? NORMAL_ROUTE_PRIORITY,
  };
}

/** The IPv4 address for both families, a hash of the node's name, or what is given (calico: …/bgp_processor.go:192-207). */
export function routerIdOf(
  given: string | undefined,
  name: string,
  ipv4Address: string | undefined,
): string | undefined {
  if (given === "hash") return hashToIPv4(name);
  return given || ipv4Address;
}

/** Four bytes of a hash; a multicast or reserved first one is brought down (calico: confd/pkg/resource/template/template_funcs.go). */
function hashToIPv4(name: string): string {
  const [first = 0, ...rest] = sha256(name).subarray(0, 4);
  return [first > 223 ? first - 32 : first, ...rest].join(".");
}

/** Severities other than debug and info turn BIRD's log off (calico: confd/pkg/backends/calico/client.go:1412). */
function debugFlags(severity: string | undefined): readonly string[] {
  switch (severity?.toLowerCase() ?? "") {
    case "debug":
      return ["all"];
    case "info":
    case "":
      return ["states", "routes", "filters", "events"];
    default:
      return [];
  }
}

/** The gateways towards peers that are not on the link, each route once. */
function reachableBy(peerings: readonly Peering[]): readonly StaticRoute[] {
  const routes = new Map<string, StaticRoute>();
  for (const { type, address, family, reachableBy: gateway } of peerings) {
    if (gateway === undefined) continue;
    const cidr = `${address}/${family === 4 ? "32" : "128"}`;
    const origin = type === "global" ? "global-peer" : "node-peer";
    if (!routes.has(`${cidr} ${gateway}`))
      routes.set(`${cidr} ${gateway}`, { cidr, type: "via", gateway, origin });
  }
  return [...routes.values()].sort((a, b) => compareText(a.cidr, b.cidr));
}
