import type { Micros } from "@calico-sim/core";
import type { AttributeSet } from "../rib/attributes.js";

/** One path to a prefix, as a daemon's table has it. */
export interface PathView {
  /** Node at the other end of the session that it came over; undefined for an own route. */
  readonly peer: number | undefined;
  /** Node that it leads to. */
  readonly nextHop: number;
  /** Interface that leads there where it is a pod; empty where it resolves over nothing. Undefined for a host. */
  readonly device: string | undefined;
  readonly attributes: AttributeSet;
  /** Set for a route that BIRD learnt from its own kernel (`learn`): a pod's. */
  readonly kernel: KernelRouteView | undefined;
  readonly preference: number;
  /** Since when it is known as it is, in whole seconds as BIRD prints it. Without a route log: since its protocol is up. */
  readonly since: Micros;
}

/** What BIRD knows of a route of its kernel. */
export interface KernelRouteView {
  readonly device: string;
  readonly protocol: number;
  readonly metric: number;
}

/** A prefix in a daemon's table. */
export interface RouteView {
  /** Prefix id. */
  readonly prefix: number;
  /** The preferred one first. */
  readonly paths: readonly PathView[];
  /** What was preferred before, and until when; undefined without a route log, or when nothing was. */
  readonly replaced: { readonly path: PathView; readonly at: Micros } | undefined;
}
