import type { PeerConfig, SpeakerConfig } from "@calico-sim/bgp";
import type { RandomStream } from "@calico-sim/core";
import type { LabParameters } from "../ground-truth.js";

/** One node, reflector or router of the lab, as its configuration describes it. */
export interface LabNode {
  readonly address: string;
  /** What it originates, as CIDRs. */
  readonly prefixes: readonly string[];
  /** Its peers by node number, in the order of its configuration. */
  readonly peers: readonly PeerConfig[];
  /** What its daemon says of itself. */
  readonly speaker?: SpeakerConfig;
  /** An external router, which starts without `-R`, and which no operation is carried out on. @defaultValue false */
  readonly external?: boolean;
}

/** Who peers with whom: one plug-in per value of the parameter `topology`. */
export interface Topology {
  /** Parameters that it reads. */
  readonly parameters: readonly string[];
  /** Every node in the order of the ground-truth README's numbers. */
  nodes(parameters: LabParameters, random: RandomStream): readonly LabNode[];
}
