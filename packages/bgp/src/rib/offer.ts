/** A route offered to a group of peers in a feed. */
export interface Offer {
  readonly prefix: number;
  /** Path identifier that it is told with. */
  readonly source: number;
  /** Node that it was learnt from, or OWN. */
  readonly from: number;
  /** Attribute set as told, or REJECTED. */
  readonly attributes: number;
}
