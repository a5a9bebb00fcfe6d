/** What to do, and why this run says so. */
export interface Advice {
  /** `change`: do something. `keep`: what is there earns its place. `watch`: nothing yet. */
  readonly kind: "change" | "keep" | "watch";
  readonly code: string;
  /** A sentence: what to do. */
  readonly text: string;
  /** A sentence: the figure of this run, and the experience it is held against. */
  readonly because: string;
  /** Where the threshold comes from. */
  readonly source: string;
}
