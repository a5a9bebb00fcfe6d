import type { Table } from "./format/table.js";

/** A part of a report: what stands on the page of text stands on the page of HTML. */
export interface Section {
  readonly id: "convergence" | "pods" | "datastore" | "typha" | "utilisation" | "blackholes";
  readonly title: string;
  /** Sentences before the table. */
  readonly lead: readonly string[];
  readonly table?: Table;
}
