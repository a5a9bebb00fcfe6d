import {
  type DatastorePath,
  type DatastoreRequest,
  type Engine,
  type EventHandler,
  formatTimestamp,
  hash32,
  hashText,
  type LoadMeter,
  METER_VERBS,
  type Micros,
  type NodeDirectory,
  type RequestOutcome,
  SECOND,
} from "@calico-sim/core";
import type { NodeServiceParameters } from "./parameters.js";

/** What heartbeats need of the datastore. */
export interface HeartbeatStore {
  readonly meter: LoadMeter;
  readonly path: DatastorePath;
  request(request: DatastoreRequest, replyKind: number, a: number): number;
  takeOutcome(requestId: number): RequestOutcome;
}

/** How often all that is due is counted: one background event for the whole cluster. */
const WINDOW: Micros = 10 * SECOND;
/** Bytes of a Node and of a Lease in an answer (control-plane-behaviour §1.11; Lease assumed). */
const NODE_BYTES = 17_500;
const LEASE_BYTES = 700;
const GET = METER_VERBS.indexOf("get");
const UPDATE = METER_VERBS.indexOf("update");

interface Beat {
  readonly node: number;
  /** Tells this kubelet's reports from those of one that ran here before. */
  readonly serial: number;
  /** When each of the three rounds began: the phases of a node are its own. */
  readonly leaseFrom: Micros;
  readonly statusFrom: Micros;
  /** Infinite while calico-node does not run. */
  monitorFrom: Micros;
}

/**
 * The steady requests of nodes that are well: kubelet Leases and Node reports, and calico-node's
 * address monitor (control-plane-behaviour §2.5).
 *
 * Leases and monitor GETs change nothing that anybody here watches, so they are no events but counts,
 * entered in the meter at their exact times once every ten seconds (they do not queue at the server:
 * 5,000 nodes ask for 0.7 cores). Node reports are real writes, since every watch of Nodes hears them.
 */
export class Heartbeats implements EventHandler {
  private readonly engine: Engine;
  private readonly store: HeartbeatStore;
  private readonly nodes: NodeDirectory;
  private readonly parameters: NodeServiceParameters;
  private readonly kindWindow: number;
  private readonly kindStatus: number;
  private readonly kindReply: number;
  private readonly beats: Map<number, Beat> = new Map();
  private accounted: Micros = 0;
  private serials = 0;
  /** End of the window under way; −1 when none is. */
  private windowEnd: Micros = -1;

  constructor(
    engine: Engine,
    store: HeartbeatStore,
    nodes: NodeDirectory,
    parameters: NodeServiceParameters,
  ) {
    this.engine = engine;
    this.store = store;
    this.nodes = nodes;
    this.parameters = parameters;
    this.kindWindow = engine.defineKind("heartbeats.window", this, { background: true });
    this.kindStatus = engine.defineKind("heartbeats.node-status", this, { background: true });
    this.kindReply = engine.defineKind("heartbeats.reply", this, { background: true });
  }

  /** A kubelet runs from now on. */
  addKubelet(node: number): void {
    if (this.beats.has(node)) return;
    this.account();
    const { leasePeriod, nodeStatusPeriod } = this.parameters;
    const { now } = this.engine;
    const seed = hashText(this.nodes.name(node));
    this.beats.set(node, {
      node,
      serial: this.serials++,
      leaseFrom: now + (hash32(seed, 1, 0) % leasePeriod),
      statusFrom: now + (hash32(seed, 2, 0) % nodeStatusPeriod),
      monitorFrom: Number.POSITIVE_INFINITY,
    });
    if (this.windowEnd < 0) this.onWindow();
    else this.scheduleStatus(this.beats.get(node)!, now, this.windowEnd);
  }

  /** The kubelet ends, and with it the node's monitor. */
  removeKubelet(node: number): void {
    this.account();
    this.beats.delete(node);
  }

  /** calico-node's address monitor runs from now on; or no more. */
  setMonitor(node: number, runs: boolean): void {
    const beat = this.beats.get(node);
    if (beat === undefined) return;
    this.account();
    beat.monitorFrom = runs
      ? this.engine.now + this.parameters.addressMonitorPeriod
      : Number.POSITIVE_INFINITY;
  }

  /** Brings the meter up to now. Call it before reading the meter. */
  account(): void {
    const from = this.accounted;
    const to = this.engine.now;
    this.accounted = to;
    if (to === from) return;
    const { meter, path } = this.store;
    const { leasePeriod, addressMonitorPeriod } = this.parameters;
    const lease = meter.pair("kubelet", "Lease");
    const monitor = meter.pair("address-monitor", "Node");
    for (const beat of this.beats.values()) {
      if (path.delay(beat.node) === Number.POSITIVE_INFINITY) continue;
      for (let at = nextBeat(beat.leaseFrom, leasePeriod, from); at <= to; at += leasePeriod) {
        meter.request(lease, UPDATE, at);
        meter.reply(lease, false, LEASE_BYTES, at);
      }
      let at = nextBeat(beat.monitorFrom, addressMonitorPeriod, from);
      for (; at <= to; at += addressMonitorPeriod) {
        for (let i = 0; i < 2; i++) {
          meter.request(monitor, GET, at);
          meter.reply(monitor, false, NODE_BYTES, at);
        }
      }
    }
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number, b: number): void {
    if (kind === this.kindWindow) this.onWindow();
    else if (kind === this.kindReply) this.store.takeOutcome(b);
    else if (this.beats.get(a)?.serial === b) {
      // The conditions' heartbeat times, as one field: a merge patch would replace the list.
      const merge = { status: { lastHeartbeatTime: formatTimestamp(this.engine.now) } };
      const name = this.nodes.name(a);
      const request = {
        verb: "patch",
        kind: "Node",
        name,
        merge,
        client: "kubelet",
        node: a,
      } as const;
      this.store.request(request, this.kindReply, a);
    }
  }

  private onWindow(): void {
    this.account();
    if (this.beats.size === 0) {
      this.windowEnd = -1;
      return;
    }
    const { now } = this.engine;
    this.windowEnd = now + WINDOW;
    for (const beat of this.beats.values()) this.scheduleStatus(beat, now, this.windowEnd);
    this.engine.schedule(this.windowEnd, this.kindWindow);
  }

  private scheduleStatus(beat: Beat, from: Micros, to: Micros): void {
    const at = nextBeat(beat.statusFrom, this.parameters.nodeStatusPeriod, from);
    if (at <= to) this.engine.schedule(at, this.kindStatus, beat.node, beat.serial);
  }
}

/** The first beat after a moment. */
function nextBeat(from: Micros, period: Micros, after: Micros): Micros {
  if (from > after) return from;
  return from + (Math.floor((after - from) / period) + 1) * period;
}
