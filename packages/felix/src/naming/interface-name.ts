import { sha1Hex } from "./sha1.js";

/**
 * Host side of a pod's veth: `cali` and the first 11 hexadecimal digits of the SHA-1 of
 * `<namespace>.<pod>` (calico: libcalico-go/lib/backend/k8s/conversion/workload_endpoint_default.go).
 *
 * @example workloadInterfaceName("default", "pod-1") // "cali83dbd022cd5"
 */
export function workloadInterfaceName(namespace: string, pod: string): string {
  return `cali${sha1Hex(`${namespace}.${pod}`).slice(0, 11)}`;
}

/**
 * MAC of a node's VXLAN tunnel endpoint when none is configured: `66` and five bytes of the SHA-1 of
 * its name (calico: felix/calc/vxlan_resolver.go:340-367).
 */
export function vtepMac(node: string, family: 4 | 6 = 4): string {
  const digits = sha1Hex(family === 4 ? node : `${node}-v6`).slice(0, 10);
  return `66:${digits.match(/../g)!.join(":")}`;
}
