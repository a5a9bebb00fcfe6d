import type { Offer } from "./offer.js";
import type { Counted } from "./updates.js";

/** A route by prefix and path identifier, as one number. */
export type RouteKey = number;

/** Routes of which some peer is to learn something, each with what was offered before; undefined for nothing. */
export type News = ReadonlyMap<RouteKey, Offer | undefined>;

/** One step of a table that is told again. */
export interface RefeedStep {
  readonly offers: readonly Offer[];
  /** Octets of the connected subnet, which is in no table here, among what is withdrawn. */
  readonly subnet: number;
  /** Its messages, for a peer that told none of it. */
  readonly messages: readonly Counted[];
  /** Nodes that told some of what is announced in it. */
  readonly from: ReadonlySet<number>;
  readonly news: News;
  /** The record of what goes with this step, if it has no news and its peer told none of that; −1 = not written yet. */
  record: number;
}

/** A table that is told again to peers that are told the same. */
export interface RefeedPlan {
  readonly addPath: boolean;
  readonly steps: readonly RefeedStep[];
}

/** How far a peer is with its plan; written on as it goes. */
export interface RefeedPlace {
  /** Side of the connection on which it began. */
  readonly side: number;
  readonly plan: RefeedPlan;
  /** The step that comes next. */
  step: number;
  /** The first of the steps written before that are not on their way yet; their messages, and octets of these. */
  first: number;
  messages: number;
  bytes: number;
}
