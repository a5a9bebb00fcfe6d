import type { CaseRunner } from "./run.js";
import { runBgpPeers } from "./sets/bgp-peers.js";
import { runCalicoctlOutput } from "./sets/calicoctl-output.js";
import { runEncapMtu } from "./sets/encap-mtu.js";

/**
 * The conformance sets by name. `undefined` is a set that no part of the model answers yet: its
 * cases are reported as unsupported, each by name.
 */
export const CONFORMANCE_SETS: Readonly<Record<string, CaseRunner | undefined>> = {
  "bgp-peers": runBgpPeers,
  "calicoctl-output": runCalicoctlOutput,
  "encap-mtu": runEncapMtu,
  "felix-routes": undefined,
  ipam: undefined,
  policy: undefined,
};
