import {
  BGP_TEMPLATE,
  type BirdConfiguration,
  type BirdPeer,
  ELEVATED_PREFERENCE,
  type ExportStep,
  type FilterCall,
  type FilterFunction,
  KERNEL_PROTOCOL,
  type KernelPoolRule,
  LOCAL_PREF_BASE,
  type StaticRoute,
} from "@calico-sim/bgp";
import { formatCidr, isRecord, parseCidr } from "@calico-sim/core";

/** A configuration in the format of the set: see `conformance/bgp-peers/README.md`. */
export function asGolden(config: BirdConfiguration): Readonly<Record<string, unknown>> {
  const enabled = config.address !== undefined;
  const { kernel, routePriority } = config;
  const tunnels = config.exportSteps.find((s) => s.kind === "reject-tunnel-to-internal");
  const local = config.exportSteps.find((s) => s.kind === "reject-local");
  return {
    routerId: config.routerId ?? null,
    enabled,
    listen: { address: config.listen.address ?? null, port: config.listen.port ?? null },
    localAs: enabled ? config.asNumber : null,
    debug: enabled && config.debug.length > 0 ? config.debug : null,
    direct: {
      excludeInterfaces: config.direct.exclude,
      includeInterfaces: config.direct.include,
    },
    kernel: {
      learn: KERNEL_PROTOCOL.learn,
      persist: KERNEL_PROTOCOL.persist,
      scanTime: KERNEL_PROTOCOL.scanSeconds,
      mergePaths: KERNEL_PROTOCOL.mergePaths,
      gracefulRestart: KERNEL_PROTOCOL.gracefulRestart,
    },
    bgpDefaults: enabled
      ? {
          gateway: BGP_TEMPLATE.gateway,
          addPaths: BGP_TEMPLATE.addPaths,
          gracefulRestart: BGP_TEMPLATE.gracefulRestart,
          connectDelayTime: BGP_TEMPLATE.connectDelaySeconds,
          connectRetryTime: BGP_TEMPLATE.connectRetrySeconds,
          errorWaitTime: BGP_TEMPLATE.errorWaitSeconds,
        }
      : null,
    communities: config.communities,
    bgpFilters: config.filters.map((f) => goldenFilter(f, config.family)),
    peers: config.peers.map((peer) => goldenPeer(peer, config)),
    exportToPeers: {
      rejectTunnelRoutesToInternalPeers: tunnels?.interfaces ?? [],
      rejectLocalInterfaces: local?.interfaces ?? [],
      steps: config.exportSteps.map(goldenStep),
    },
    kernelProgramming: {
      pools: kernel.pools.map(goldenPool),
      staticReject: kernel.reject,
      default: "accept",
      defaultMetric: routePriority,
      metricFromLocalPrefBase: LOCAL_PREF_BASE,
      preferenceBoost: { metricBelow: routePriority, preference: ELEVATED_PREFERENCE },
      // The set has no field for these; a case with WireGuard must not pass unseen.
      ...(kernel.wireguardNextHops.length > 0 ? { wireguard: kernel.wireguardNextHops } : {}),
    },
    staticRoutes: config.staticRoutes.map(goldenRoute),
    aggregation: config.ownBlocks.map(({ cidr, state }) => ({
      cidr,
      state,
      exportSubBlockIfMetricBelow: routePriority,
    })),
  };
}

function goldenPeer(peer: BirdPeer, config: BirdConfiguration): unknown {
  const { family, routePriority } = config;
  return {
    name: peer.name,
    neighbor: peer.address,
    port: peer.port ?? null,
    as: peer.asNumber,
    localAs: peer.localAS ?? null,
    allowLocalAs: peer.allowLocalAS ?? null,
    sourceAddress: peer.sourceAddress ?? null,
    passive: peer.passive,
    ttlSecurity: peer.ttlSecurity !== undefined,
    multihop: peer.ttlSecurity ?? true,
    nextHopSelf: peer.nextHop === "self",
    nextHopKeep: peer.nextHop === "keep",
    rrClient: peer.reflectorClusterId !== undefined,
    rrClusterId: peer.reflectorClusterId ?? null,
    gracefulRestartTime: peer.gracefulRestartSeconds ?? null,
    keepaliveTime: peer.keepaliveSeconds ?? null,
    password: peer.password ?? null,
    import: {
      filters: peer.importFilters.map((call) => goldenCall(call, "import", family)),
      preferenceBoost: {
        localPrefAbove: LOCAL_PREF_BASE - routePriority,
        preference: ELEVATED_PREFERENCE,
      },
      default: "accept",
    },
    export: {
      filters: peer.exportFilters.map((call) => goldenCall(call, "export", family)),
      metricToLocalPref: { base: LOCAL_PREF_BASE, defaultMetric: routePriority },
      internalPeer: peer.internal,
      default: "reject",
    },
  };
}

function goldenCall(call: FilterCall, direction: "import" | "export", family: 4 | 6): unknown {
  return {
    function: symbol(call.filter, direction, family),
    ...(call.internal === undefined ? {} : { sameAs: call.internal }),
    filterName: call.filter,
  };
}

function goldenFilter(filter: FilterFunction, family: 4 | 6): unknown {
  return {
    function: symbol(filter.filter, filter.direction, family),
    filterName: filter.filter,
    direction: filter.direction,
    dependsOnPeerType: filter.dependsOnPeerType,
    rules: filter.rules.map(({ peerType, match, operations, action }) => ({
      ...(peerType === undefined ? {} : { peerType }),
      match,
      ...(operations.length === 0 ? {} : { operations }),
      action,
    })),
  };
}

function symbol(filter: string, direction: "import" | "export", family: 4 | 6): string {
  return `bgp_${filter}_${direction}FilterV${String(family)}`;
}

function goldenStep(step: ExportStep): unknown {
  switch (step.kind) {
    case "pool":
      return {
        cidr: step.cidr,
        action: step.action,
        kind: "pool",
        ...(step.action === "reject" ? { reason: "bgp-export-disabled" } : {}),
      };
    case "static":
    case "service-range":
      return { cidr: step.cidr, action: "accept", kind: "static" };
    case "reject-tunnel-to-internal":
      return { kind: "rejectTunnelRoutesToInternalPeers" };
    case "reject-local":
      return { kind: "rejectLocalRoutes" };
    case "add-communities":
      return { kind: "applyCommunities" };
    case "own-blocks":
      return { kind: "aggregation" };
  }
}

function goldenPool(rule: KernelPoolRule): unknown {
  const { cidr, action } = rule;
  if (action === "reject") return { cidr, action, reason: rule.reason, krtTunnel: null };
  const { tunnel } = rule;
  if (tunnel?.direct === undefined) return { cidr, action, krtTunnel: tunnel?.device ?? null };
  const crossSubnet = {
    nextHopIn: tunnel.direct,
    // biome-ignore lint/suspicious/noThenProperty: the set's own field name.
    then: "",
    else: tunnel.device,
  };
  return { cidr, action, krtTunnel: crossSubnet };
}

const SECTIONS: Readonly<Record<StaticRoute["origin"], string>> = {
  block: "ip-block",
  service: "service-static",
  "global-peer": "reachable-by-global-peer",
  "node-peer": "reachable-by-node-peer",
};

function goldenRoute(route: StaticRoute): unknown {
  return {
    cidr: route.cidr,
    section: SECTIONS[route.origin],
    type: route.type,
    ...(route.type === "via" ? { via: route.gateway } : {}),
  };
}

/** The lists whose order says nothing, and what their members are sorted by. */
const SETS: Readonly<Record<string, readonly string[]>> = {
  peers: ["name"],
  staticRoutes: ["section", "cidr", "via"],
  aggregation: ["cidr"],
  communities: ["cidr"],
  add: [],
  debug: [],
};

/**
 * Either side brought to one spelling: sets sorted, prefixes of filters canonical, a blank router id
 * none.
 */
export function normalise(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const members = value.map((member) => normalise(member));
    const fields = SETS[key];
    if (fields === undefined) return members;
    const rank = (member: unknown): string =>
      JSON.stringify(isRecord(member) ? fields.map((field) => member[field] ?? "") : member);
    return members.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  }
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([field, member]) => [field, normalise(member, field)]),
    );
  }
  if (key === "routerId" && value === "") return null;
  if (key !== "cidr" || typeof value !== "string") return value;
  const cidr = parseCidr(value);
  return cidr === undefined ? value : formatCidr(cidr);
}
