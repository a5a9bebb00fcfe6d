import { type AddressFamily, micros, parseASNumber, SECOND } from "@calico-sim/core";
import { type FilterSet, filterCalls } from "./filters.js";
import { asOf, type BgpNode, type ConfdInputs } from "./inputs.js";
import type { BirdPeer, PeeringType } from "./model.js";
import { passwordOf } from "./passwords.js";
import type { Peering } from "./peerings.js";

const PREFIX: Readonly<Record<PeeringType, string>> = {
  mesh: "Mesh_",
  global: "Global_",
  node: "Node_",
  "local-workload": "Local_Workload_",
};

/** The name of a peer's protocol (calico: confd/pkg/backends/calico/bgp_processor.go:504-633). */
export function peerName(type: PeeringType, address: string, port: number | undefined): string {
  const suffix = port === undefined ? "" : `_port_${String(port)}`;
  return `${PREFIX[type]}${address.replace(/[.:]/g, "_")}${suffix}`;
}

/** A duration of the API in whole seconds; `undefined` when it is unset or no duration. */
export function seconds(duration: string | undefined): number | undefined {
  if (duration === undefined || duration === "") return undefined;
  try {
    return Math.round(micros(duration) / SECOND);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * What BIRD is told of one peering, or `undefined` where the peer is this node itself
 * (calico: confd/pkg/backends/calico/bgp_processor.go:504-633).
 */
export function birdPeer(
  inputs: ConfdInputs,
  node: BgpNode,
  family: AddressFamily,
  peering: Peering,
  filters: FilterSet,
): BirdPeer | undefined {
  const own = node.address[family];
  const { type, address, port, spec } = peering;
  if (own === undefined || address === own) return undefined;
  const localAS = parseASNumber(spec.localASNumber) || undefined;
  const internal = peering.asNumber === (localAS ?? asOf(inputs, node));
  const reflects = internal && node.clusterId !== "" && peering.clusterId !== node.clusterId;
  const positive = (value: number | undefined): number | undefined =>
    value !== undefined && value > 0 ? value : undefined;
  return {
    name: peerName(type, address, port),
    type,
    address,
    port,
    asNumber: peering.asNumber,
    localAS,
    allowLocalAS: positive(spec.numAllowedLocalASNumbers),
    sourceAddress: type === "local-workload" || spec.sourceAddress === "None" ? undefined : own,
    passive: type === "local-workload" || waits(peering, own),
    ttlSecurity: positive(spec.ttlSecurity),
    nextHop: nextHop(spec, internal),
    reflectorClusterId: reflects ? node.clusterId : undefined,
    gracefulRestartSeconds: seconds(spec.maxRestartTime),
    keepaliveSeconds: seconds(spec.keepaliveTime),
    password: passwordOf(inputs.secrets, spec.password),
    internal,
    importFilters: filterCalls(filters, spec.filters, "import", internal),
    exportFilters: filterCalls(filters, spec.filters, "export", internal),
  };
}

/**
 * Type `Node_` never waits, nor does what a peerSelector made, for that leaves `calicoNode` unset:
 * both ends open and BIRD resolves the collision (calico: …/bgp_processor.go:619-625).
 */
function waits(peering: Peering, own: string): boolean {
  return peering.type === "global" && peering.calicoNode && peering.address > own;
}

/** `keepOriginalNextHop` is the older spelling and keeps towards external peers alone (calico: …/bgp_processor.go:504-633). */
function nextHop(spec: Peering["spec"], internal: boolean): BirdPeer["nextHop"] {
  if (spec.nextHopMode === "Self") return "self";
  if (spec.nextHopMode === "Keep") return "keep";
  return spec.keepOriginalNextHop === true && !internal ? "keep" : "auto";
}
