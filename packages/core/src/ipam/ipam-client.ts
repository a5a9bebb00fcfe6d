import type { ClientKind, DatastoreRequest, RequestOutcome } from "../datastore/index.js";
import { type Engine, type EventHandler, type Micros, SECOND } from "../engine/index.js";
import { IpamOperation, type IpamOrder, type IpamResult } from "./operation.js";

/** What IPAM needs of the datastore; {@link import("../datastore/index.js").Datastore} has it. */
export interface IpamStore {
  request(request: DatastoreRequest, replyKind: number, a: number): number;
  takeOutcome(requestId: number): RequestOutcome;
  deleteCalls(kind: "IPAMBlock" | "BlockAffinity" | "IPAMHandle"): number;
}

/** Who carries an operation out. */
export interface IpamCaller {
  readonly client: ClientKind;
  /** Dense id of the node it runs on. */
  readonly node: number;
}

/** Options of {@link IpamClient}. */
export interface IpamClientOptions {
  /** An operation that takes longer fails (calico: cni-plugin/pkg/ipamplugin/ipam_plugin.go:265). @defaultValue 90 s */
  readonly timeout?: Micros;
}

/** Totals since the start. */
export interface IpamCounts {
  assigns: number;
  releases: number;
  /** Operations that ended with a fault. */
  faults: number;
  blocksClaimed: number;
  addressesBorrowed: number;
  /** Requests sent, by direction. */
  reads: number;
  writes: number;
  /** Answers `conflict` and `already-exists`. */
  conflicts: number;
}

interface Row {
  readonly operation: IpamOperation;
  readonly caller: IpamCaller;
  readonly replyKind: number;
  readonly a: number;
  readonly deadline: Micros;
}

/**
 * Calico IPAM as its callers on all nodes run it: an operation is started, sends its requests one
 * after the other through the datastore, and ends with an event at the caller.
 *
 * Operations are rows with dense ids; an id is used again after its result was taken.
 */
export class IpamClient implements EventHandler {
  /** Totals since the start. */
  readonly counts: IpamCounts = {
    assigns: 0,
    releases: 0,
    faults: 0,
    blocksClaimed: 0,
    addressesBorrowed: 0,
    reads: 0,
    writes: 0,
    conflicts: 0,
  };
  private readonly engine: Engine;
  private readonly store: IpamStore;
  private readonly timeout: Micros;
  private readonly kindReply: number;
  private readonly context: { readonly deleteCalls: number };
  private readonly rows: (Row | undefined)[] = [];
  private readonly free: number[] = [];
  /** Rows whose caller is gone: they end with their next answer. */
  private readonly abandoned: Set<number> = new Set();

  constructor(engine: Engine, store: IpamStore, options: IpamClientOptions = {}) {
    this.engine = engine;
    this.store = store;
    this.timeout = options.timeout ?? 90 * SECOND;
    this.kindReply = engine.defineKind("ipam-reply", this);
    this.context = Object.freeze({ deleteCalls: store.deleteCalls("IPAMBlock") });
  }

  /**
   * Starts an operation. When it ends, the handler of event kind `replyKind` gets `(a, operation id)`
   * and takes the result with {@link takeResult}. The order is kept: it must not be changed.
   */
  start(order: IpamOrder, caller: IpamCaller, replyKind: number, a: number): number {
    const id = this.free.pop() ?? this.rows.length;
    const operation = new IpamOperation(order, this.context);
    const deadline = this.engine.now + this.timeout;
    this.rows[id] = { operation, caller, replyKind, a, deadline };
    if (order.type === "assign") this.counts.assigns++;
    else this.counts.releases++;
    this.send(id, this.rows[id]);
    return id;
  }

  /** The result of an operation that ended, once. */
  takeResult(id: number): IpamResult {
    const result = this.rows[id]?.operation.result;
    if (result === undefined) throw new Error(`IPAM operation ${id} has no result to take`);
    this.drop(id);
    return result;
  }

  /** The caller's process died: what is written stays written, nothing more is sent, and the caller must not look at an event that is already on its way. */
  abandon(id: number): void {
    const row = this.rows[id];
    if (row === undefined) return;
    if (row.operation.result === undefined) this.abandoned.add(id);
    else this.drop(id);
  }

  /** One request of operation `a` was answered. */
  onEvent(_kind: number, a: number, requestId: number): void {
    const outcome = this.store.takeOutcome(requestId);
    const row = this.rows[a];
    if (row === undefined) return;
    if (this.abandoned.delete(a)) {
      this.drop(a);
      return;
    }
    if (outcome.status === "conflict" || outcome.status === "already-exists")
      this.counts.conflicts++;
    row.operation.answer(outcome);
    if (row.operation.result === undefined && this.engine.now > row.deadline)
      row.operation.fail("Timeout");
    this.send(a, row);
  }

  private send(id: number, row: Row): void {
    const { call, result } = row.operation;
    if (call !== undefined) {
      if (call.verb === "get" || call.verb === "list") this.counts.reads++;
      else this.counts.writes++;
      call.client = row.caller.client;
      call.node = row.caller.node;
      this.store.request(call as DatastoreRequest, this.kindReply, id);
      return;
    }
    if (result === undefined) throw new Error(`IPAM operation ${id} neither asks nor ends`);
    if (result.fault !== undefined) this.counts.faults++;
    if (result.type === "assign") {
      this.counts.blocksClaimed += result.claimed.length;
      this.counts.addressesBorrowed += result.borrowed;
    }
    this.engine.after(0, row.replyKind, row.a, id);
  }

  private drop(id: number): void {
    this.rows[id] = undefined;
    this.free.push(id);
  }
}
