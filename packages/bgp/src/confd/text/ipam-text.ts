import { ELEVATED_PREFERENCE, LOCAL_PREF_BASE } from "../render/constants.js";
import type { BirdConfiguration, ExportStep, KernelPoolRule } from "../render/model.js";
import { communityLine, filterFunctions } from "./filter-text.js";
import { braced, type Lines, quoted, sections, when } from "./lines.js";

/** `bird_ipam.cfg`: functions of BGPFilters, what peers are told, what the kernel gets (node-behaviour §1.6). */
export function ipamText(config: BirdConfiguration): string {
  return sections(
    ...filterFunctions(config.filters, config.family),
    communities(config),
    braced(
      "function calico_export_to_bgp_peers(bool internal_peer)",
      config.exportSteps.flatMap(exportStep),
    ),
    kernelFilter(config),
  );
}

function communities({ communities: rules }: BirdConfiguration): Lines {
  return braced(
    "function apply_communities()",
    rules.flatMap(({ cidr, add }) => when([`net ~ ${cidr}`], add.map(communityLine))),
  );
}

function exportStep(step: ExportStep): Lines {
  switch (step.kind) {
    case "pool":
      return when([`net ~ ${step.cidr}`], [`${step.action};`]);
    case "reject-tunnel-to-internal":
      return when(["internal_peer", "defined(ifname)", oneOf(step.interfaces)], ["reject;"]);
    case "reject-local":
      return when(["defined(ifname)", oneOf(step.interfaces)], ["reject;"]);
    case "add-communities":
      return ["apply_communities();"];
    case "own-blocks":
      return ["calico_aggr();"];
    case "static":
    case "service-range":
      return when([`net ~ ${step.cidr}`], ["accept;"]);
  }
}

function oneOf(interfaces: readonly string[]): string {
  return interfaces.map((name) => `(ifname ~ ${quoted(name)})`).join(" || ");
}

function kernelFilter(config: BirdConfiguration): Lines {
  const { reject, wireguardNextHops, pools } = config.kernel;
  return braced("filter calico_kernel_programming", [
    ...reject.flatMap((cidr) => when([`net ~ ${cidr}`], ["reject;"])),
    ...metric(config),
    ...wireguardNextHops.flatMap((address) =>
      when(["defined(bgp_next_hop)", `bgp_next_hop = ${address}`], ["reject;"]),
    ),
    ...pools.flatMap((rule) => when([`net ~ ${rule.cidr}`], poolBody(rule))),
    "accept;",
  ]);
}

/** A route from a peer gets the metric that its local preference stands for. */
function metric({ routePriority }: BirdConfiguration): Lines {
  const base = String(LOCAL_PREF_BASE);
  const normal = String(routePriority);
  return when(
    ["source = RTS_BGP", "!defined(krt_metric)"],
    [
      `krt_metric = ${normal};`,
      ...when(["defined(bgp_local_pref)"], [`krt_metric = ${base} - bgp_local_pref;`]),
      ...when([`krt_metric < ${normal}`], [`preference = ${String(ELEVATED_PREFERENCE)};`]),
    ],
  );
}

function poolBody(rule: KernelPoolRule): Lines {
  if (rule.action === "reject") return ["reject;"];
  const { tunnel } = rule;
  if (tunnel === undefined) return ["accept;"];
  const through = `krt_tunnel = ${quoted(tunnel.device)};`;
  if (tunnel.direct === undefined) return [through, "accept;"];
  return [
    ...when(["defined(bgp_next_hop)", `bgp_next_hop ~ ${tunnel.direct}`], ["accept;"]),
    through,
    "accept;",
  ];
}
