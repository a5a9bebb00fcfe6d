import { parseAddress } from "../net/index.js";
import type { BGPConfiguration, BGPPeer, ProgramClusterRoutes } from "./calico.js";
import type { Era } from "./era.js";
import type { Report } from "./issue.js";

/** A value that this release does not know yet falls back to the default, silently. */
export function checkProgramClusterRoutes(
  value: ProgramClusterRoutes | undefined,
  era: Era,
  report: Report,
): void {
  if (value === undefined || era.programClusterRoutesValues.includes(value)) return;
  report({
    severity: "warning",
    code: "VALUE_UNKNOWN",
    message: `Calico ${era.calicoVersion} does not know ${value} and takes its default`,
    path: ["spec", "programClusterRoutes"],
    got: value,
    want: era.programClusterRoutesValues.join(", "),
  });
}

/** Fields that exclude each other: lint L45, L46. @see calico: api/pkg/apis/projectcalico/v3/bgppeer.go */
export function checkBGPPeer(peer: BGPPeer, report: Report): void {
  const { spec } = peer;
  const set = (value: unknown): boolean => value !== undefined && value !== "" && value !== 0;
  const refuse = (rule: string, field: string, message: string): void => {
    report({ code: "FIELDS_CONFLICT", rule, message, path: ["spec", field] });
  };
  if (set(spec.node) && set(spec.nodeSelector)) {
    refuse("L45", "nodeSelector", "node and nodeSelector exclude each other");
  }
  if (set(spec.peerIP) && set(spec.peerSelector)) {
    refuse("L45", "peerSelector", "peerIP and peerSelector exclude each other");
  }
  if (set(spec.asNumber) && set(spec.peerSelector)) {
    refuse("L45", "asNumber", "with peerSelector the AS number comes from the selected nodes");
  }
  if (spec.keepOriginalNextHop === true && set(spec.nextHopMode)) {
    refuse("L45", "nextHopMode", "keepOriginalNextHop and nextHopMode exclude each other");
  }
  if (set(spec.localWorkloadSelector)) {
    if (set(spec.peerIP)) refuse("L46", "peerIP", "localWorkloadSelector excludes peerIP");
    if (set(spec.peerSelector))
      refuse("L46", "peerSelector", "localWorkloadSelector excludes peerSelector");
    if (!set(spec.asNumber)) refuse("L46", "asNumber", "localWorkloadSelector needs an asNumber");
  }
  checkReachableBy(spec.peerIP, spec.reachableBy, report);
}

function checkReachableBy(
  peerIP: string | undefined,
  reachableBy: string | undefined,
  report: Report,
): void {
  if (peerIP !== undefined && peerIP !== "" && peerHost(peerIP) === undefined) {
    report({
      code: "ADDRESS_INVALID",
      message: `${JSON.stringify(peerIP)} is not the address of a peer`,
      path: ["spec", "peerIP"],
      got: peerIP,
      want: "an IP address, with a port if need be: 10.0.0.1, 10.0.0.1:1790, [fd00::1]:1790",
    });
    return;
  }
  if (reachableBy === undefined || reachableBy === "") return;
  const via = parseAddress(reachableBy);
  const peer = peerIP === undefined ? undefined : peerHost(peerIP);
  if (via !== undefined && peer?.family === via.family) return;
  report({
    code: "FIELDS_CONFLICT",
    rule: "L45",
    message: "reachableBy is the gateway towards peerIP, of the same address family",
    path: ["spec", "reachableBy"],
    got: reachableBy,
    want: "an address of the family of peerIP, with peerIP set",
  });
}

/** The address in a `peerIP`: bare, or with a port. */
function peerHost(peerIP: string): ReturnType<typeof parseAddress> {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(peerIP);
  if (bracketed !== null) return parseAddress(bracketed[1] ?? "");
  const withPort = /^([\d.]+):\d{1,5}$/.exec(peerIP);
  return parseAddress(withPort?.[1] ?? peerIP);
}

/** Settings of a mesh that is off, and communities nobody announces: lint L50. @see calico: api/pkg/apis/projectcalico/v3/bgpconfig.go */
export function checkBGPConfiguration(config: BGPConfiguration, report: Report): void {
  const spec = config.spec ?? {};
  if (spec.nodeToNodeMeshEnabled === false) {
    for (const field of ["nodeMeshPassword", "nodeMeshMaxRestartTime"] as const) {
      if (spec[field] === undefined) continue;
      report({
        code: "FIELDS_CONFLICT",
        rule: "L50",
        message: `${field} needs the node-to-node mesh, which is disabled`,
        path: ["spec", field],
      });
    }
  }
  if ((spec.communities?.length ?? 0) > 0 && (spec.prefixAdvertisements?.length ?? 0) === 0) {
    report({
      code: "FIELDS_CONFLICT",
      rule: "L50",
      message: "communities are defined but no prefixAdvertisements use them",
      path: ["spec", "communities"],
    });
  }
}
