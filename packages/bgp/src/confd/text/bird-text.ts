import {
  BGP_TEMPLATE,
  ELEVATED_PREFERENCE,
  KERNEL_PROTOCOL,
  LOCAL_PREF_BASE,
} from "../render/constants.js";
import type { BirdConfiguration, BirdPeer, FilterCall } from "../render/model.js";
import { functionName } from "./filter-text.js";
import { braced, type Lines, quoted, sections, when } from "./lines.js";

/** `bird.cfg`: everything but addresses of this node's own (node-behaviour §1.5, §1.6). */
export function birdText(config: BirdConfiguration, suffix: "" | "6"): string {
  const { routerId, address } = config;
  return sections(
    [`include "bird${suffix}_aggr.cfg";`, `include "bird${suffix}_ipam.cfg";`],
    routerId === undefined ? [] : [`router id ${routerId};`],
    listenLines(config),
    kernelProtocol(),
    braced("protocol device", [
      ...debugLines(config),
      `scan time ${String(KERNEL_PROTOCOL.scanSeconds)};`,
    ]),
    directProtocol(config),
    ...(address === undefined ? [] : [bgpTemplate(config)]),
    ...config.peers.map((peer) => peerProtocol(config, peer)),
  );
}

function listenLines({ listen: { address, port } }: BirdConfiguration): Lines {
  if (address === undefined && port === undefined) return [];
  const parts = [
    ...(address === undefined ? [] : [`address ${address}`]),
    ...(port === undefined ? [] : [`port ${String(port)}`]),
  ];
  return [`listen bgp ${parts.join(" ")};`];
}

function debugLines({ debug }: BirdConfiguration): Lines {
  if (debug.length === 0) return [];
  return [debug.includes("all") ? "debug all;" : `debug { ${debug.join(", ")} };`];
}

function kernelProtocol(): Lines {
  const { learn, persist, scanSeconds, gracefulRestart, mergePaths } = KERNEL_PROTOCOL;
  return braced("protocol kernel", [
    ...(learn ? ["learn;"] : []),
    ...(persist ? ["persist;"] : []),
    `scan time ${String(scanSeconds)};`,
    "import all;",
    "export filter calico_kernel_programming;",
    ...(gracefulRestart ? ["graceful restart;"] : []),
    ...(mergePaths ? ["merge paths on;"] : []),
  ]);
}

function directProtocol(config: BirdConfiguration): Lines {
  const { exclude, include } = config.direct;
  const patterns = [...exclude.map((name) => `-${quoted(name)}`), ...include.map(quoted)];
  return braced("protocol direct", [...debugLines(config), `interface ${patterns.join(", ")};`]);
}

function bgpTemplate(config: BirdConfiguration): Lines {
  const { gateway, connectDelaySeconds, connectRetrySeconds, errorWaitSeconds } = BGP_TEMPLATE;
  return braced("template bgp bgp_template", [
    ...debugLines(config),
    'description "Connection to BGP peer";',
    `local as ${String(config.asNumber)};`,
    `gateway ${gateway};`,
    ...(BGP_TEMPLATE.addPaths ? ["add paths on;"] : []),
    ...(BGP_TEMPLATE.gracefulRestart ? ["graceful restart;"] : []),
    `connect delay time ${String(connectDelaySeconds)};`,
    `connect retry time ${String(connectRetrySeconds)};`,
    `error wait time ${errorWaitSeconds.join(",")};`,
  ]);
}

function peerProtocol(config: BirdConfiguration, peer: BirdPeer): Lines {
  const on = (statement: string, wanted: boolean): Lines => (wanted ? [statement] : []);
  const valued = (statement: string, value: string | number | undefined): Lines =>
    value === undefined ? [] : [`${statement} ${String(value)};`];
  const port = peer.port === undefined ? "" : ` port ${String(peer.port)}`;
  const { reflectorClusterId, password, ttlSecurity } = peer;
  return braced(`protocol bgp ${peer.name} from bgp_template`, [
    ...valued("local as", peer.localAS),
    `neighbor ${peer.address}${port} as ${String(peer.asNumber)};`,
    ...valued("source address", peer.sourceAddress),
    ...(ttlSecurity === undefined
      ? ["ttl security off;", "multihop;"]
      : ["ttl security on;", `multihop ${String(ttlSecurity)};`]),
    ...on("rr client;", reflectorClusterId !== undefined),
    ...valued("rr cluster id", reflectorClusterId),
    ...on("next hop self;", peer.nextHop === "self"),
    ...on("next hop keep;", peer.nextHop === "keep"),
    ...valued("allow local as", peer.allowLocalAS),
    ...valued("graceful restart time", peer.gracefulRestartSeconds),
    ...valued("keepalive time", peer.keepaliveSeconds),
    ...valued("password", password === undefined ? undefined : quoted(password)),
    ...on("passive on;", peer.passive),
    ...importFilter(config, peer),
    ...exportFilter(config, peer),
  ]);
}

function callLines(
  calls: readonly FilterCall[],
  direction: "import" | "export",
  { family }: BirdConfiguration,
): Lines {
  return calls.map(({ filter, internal }) => {
    const argument = internal === undefined ? "" : String(internal);
    return `${functionName(filter, direction, family)}(${argument});`;
  });
}

/** A route that its sender prefers to ordinary ones is preferred here too (node-behaviour §1.6). */
function importFilter(config: BirdConfiguration, peer: BirdPeer): Lines {
  const ordinary = LOCAL_PREF_BASE - config.routePriority;
  return statement(
    braced("import filter", [
      ...callLines(peer.importFilters, "import", config),
      ...when(
        ["defined(bgp_local_pref)", `bgp_local_pref > ${String(ordinary)}`],
        [`preference = ${String(ELEVATED_PREFERENCE)};`],
      ),
      "accept;",
    ]),
  );
}

/** The metric of a route travels as its local preference (node-behaviour §1.6). */
function exportFilter(config: BirdConfiguration, peer: BirdPeer): Lines {
  const base = String(LOCAL_PREF_BASE);
  return statement(
    braced("export filter", [
      ...braced("if (source = RTS_BGP) then", [
        ...when(["defined(bgp_local_pref)"], [`krt_metric = ${base} - bgp_local_pref;`]),
      ]),
      ...braced("else", [
        ...when(["!defined(krt_metric)"], [`krt_metric = ${String(config.routePriority)};`]),
        `bgp_local_pref = ${base} - krt_metric;`,
      ]),
      ...callLines(peer.exportFilters, "export", config),
      `calico_export_to_bgp_peers(${String(peer.internal)});`,
      "reject;",
    ]),
  );
}

/** An inline filter is a statement, which ends like one. */
function statement(lines: Lines): Lines {
  return [...lines.slice(0, -1), `${lines.at(-1) ?? ""};`];
}
