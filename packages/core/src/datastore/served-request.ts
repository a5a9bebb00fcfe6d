import type { Resource } from "../resources/index.js";
import type { KindTable } from "./kind-table.js";
import type { DatastoreRequest, MergePatch, RequestOutcome } from "./types.js";

/**
 * A request on its way, or answered and not yet taken.
 *
 * Clients write requests as they come, with or without this field or that. Here all have one shape, which
 * is what makes the next dozen looks at each of half a million requests cheap (measured: V8 gives up on
 * caching property places beyond four shapes).
 */
export class ServedRequest {
  readonly verb: DatastoreRequest["verb"];
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  readonly resource: Resource | undefined;
  readonly merge: MergePatch | undefined;
  readonly ofNode: string | undefined;
  readonly node: number;
  /** The objects it concerns. */
  readonly table: KindTable;
  /** Event kind and first operand of the answer. */
  readonly replyKind: number;
  readonly a: number;
  /** Row of the load meter. */
  readonly pair: number;
  /** Outages of the server before it arrived. */
  outages = 0;
  outcome: RequestOutcome | undefined = undefined;

  constructor(
    request: DatastoreRequest,
    table: KindTable,
    replyKind: number,
    a: number,
    pair: number,
  ) {
    const { resource } = request;
    this.verb = request.verb;
    this.name = request.name ?? resource?.metadata.name;
    this.namespace = request.namespace ?? resource?.metadata.namespace;
    this.resource = resource;
    this.merge = request.merge;
    this.ofNode = request.ofNode;
    this.node = request.node;
    this.table = table;
    this.replyKind = replyKind;
    this.a = a;
    this.pair = pair;
  }
}
