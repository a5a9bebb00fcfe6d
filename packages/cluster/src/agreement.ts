import { type NodeDirectory, nextHopsOf, PROTOCOL, type Route } from "@calico-sim/core";
import { isOnTunnelLink } from "./delivery.js";
import type { ExpectedRoute } from "./oracle-terms.js";

/** Whether a kernel's route is the one that it must hold. */
export function agrees(nodes: NodeDirectory, route: Route, want: ExpectedRoute): boolean {
  if (route.type !== want.type) return false;
  if ((want.writer === "bird") !== (route.protocol === PROTOCOL.bird)) return false;
  return want.type === "blackhole" || sameHops(nodes, route, want);
}

/** `cali*` stands for the interface of a pod. */
function isDevice(wanted: string, device: string): boolean {
  return wanted === device || (wanted === "cali*" && device.startsWith("cali"));
}

function sameHops(nodes: NodeDirectory, route: Route, want: ExpectedRoute): boolean {
  if (isOnTunnelLink(route)) return want.device === route.device;
  const hops = nextHopsOf(route);
  const { device = "", gateway = "", further = [] } = want;
  const wanted = [{ device, gateway }, ...further];
  return (
    hops.length === wanted.length &&
    hops.every((hop) =>
      wanted.some((w) => isDevice(w.device, hop.device) && w.gateway === nodes.name(hop.gateway)),
    )
  );
}
