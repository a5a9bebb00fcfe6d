import { formatMicros, type Micros, quantileSorted, SECOND } from "@calico-sim/core";
import { birdsOf, type ClusterParts } from "./parts.js";
import type { ChangeResult, Convergence, SecondSample } from "./result.js";

/** Totals at the begin of a window. */
interface Window {
  readonly label: string;
  readonly at: Micros;
  readonly requests: number;
  readonly watchEvents: number;
  readonly bytes: number;
  readonly messages: number;
  readonly darkMicros: Micros;
  readonly programmed: number;
}

/** Notes what a run is asked about afterwards: windows of the scenario, pods, one sample a second. */
export class Recorder {
  readonly changes: Omit<ChangeResult, "datastore" | "podProgrammedSeconds">[] = [];
  readonly windows: Window[] = [];
  readonly samples: Omit<
    SecondSample,
    "datastoreRequests" | "datastoreEvents" | "datastoreBytes"
  >[] = [];
  /** Seconds from binding to an address, and to programmed routes. */
  readonly addressed: number[] = [];
  readonly programmed: number[] = [];
  readonly failures: string[] = [];
  /** How often calico-node of a node could not start, by `node: reason`. */
  readonly startFailures: Map<string, number> = new Map();
  /** What an operator could not write, since the datastore was down. */
  readonly refused: string[] = [];
  /** Steps whose pods found no node. */
  readonly unscheduled: string[] = [];
  podsFailed = 0;
  podsWithAddress = 0;
  private readonly bound: Map<string, Micros> = new Map();
  private readonly isAddressed: Set<string> = new Set();

  podScheduled(key: string, at: Micros): void {
    this.bound.set(key, at);
  }

  podAddressed(key: string, at: Micros): void {
    if (this.isAddressed.has(key)) return;
    this.isAddressed.add(key);
    this.podsWithAddress++;
    const bound = this.bound.get(key);
    if (bound !== undefined) this.addressed.push((at - bound) / SECOND);
  }

  podProgrammed(key: string, at: Micros): void {
    const bound = this.bound.get(key);
    if (bound === undefined) return;
    this.bound.delete(key);
    this.programmed.push((at - bound) / SECOND);
  }

  podGone(key: string): void {
    this.bound.delete(key);
    if (this.isAddressed.delete(key)) this.podsWithAddress--;
  }

  writeRefused(what: string, at: Micros): void {
    this.refused.push(`"${what}" at ${formatMicros(at)} failed: the datastore did not answer`);
  }

  /** A write that named what is not there: `near` tells what is meant, if anything is near. */
  nothingFound(what: string, at: Micros, near: string): void {
    this.refused.push(`"${what}" at ${formatMicros(at)} failed: there is no such object${near}`);
  }

  /** Pods of a step stay pending, since no node takes any. */
  podsUnscheduled(what: string, at: Micros, why: string): void {
    this.unscheduled.push(`"${what}" at ${formatMicros(at)}: ${why}, so none is scheduled`);
  }

  podFailed(key: string, reason: string): void {
    this.podsFailed++;
    if (this.failures.length < 100) this.failures.push(`${key}: ${reason}`);
  }

  startFailed(node: string, reason: string): void {
    const text = `${node}: ${reason}`;
    this.startFailures.set(text, (this.startFailures.get(text) ?? 0) + 1);
  }

  /** Closes the present window and opens the one of a step; steps at one moment share the window of the first. */
  beginStep(cluster: ClusterParts, label: string): void {
    const now = cluster.engine.now;
    const open = this.windows[this.windows.length - 1];
    if (open?.at === now && this.windows.length > this.changes.length) {
      this.windows[this.windows.length - 1] = { ...open, label: `${open.label}; ${label}` };
      return;
    }
    this.closeWindow(cluster);
    const load = cluster.datastore.meter.snapshot();
    this.windows.push({
      label,
      at: now,
      requests: load.requestsTotal,
      watchEvents: load.watchEventsTotal,
      bytes: load.bytesSentTotal,
      messages: messagesOf(cluster),
      darkMicros: cluster.tracker.broken.micros(now),
      programmed: this.programmed.length,
    });
    cluster.tracker.beginWindow();
  }

  /** Judges the present window as it stands. */
  closeWindow(cluster: ClusterParts): void {
    const window = this.windows[this.windows.length - 1];
    if (window === undefined || this.changes.length === this.windows.length) return;
    const now = cluster.engine.now;
    this.changes.push({
      label: window.label,
      atSeconds: window.at / SECOND,
      untilSeconds: now / SECOND,
      controlPlane: convergence(cluster, "control"),
      dataPlane: convergence(cluster, "data"),
      blackholedPairs: cluster.tracker.broken.darkened,
      blackholePairSeconds: (cluster.tracker.broken.micros(now) - window.darkMicros) / SECOND,
      bgpMessages: messagesOf(cluster) - window.messages,
    });
  }

  /** One sample a second. */
  sample(cluster: ClusterParts): void {
    this.samples.push({
      second: cluster.engine.now / SECOND,
      sessionEnds: birdsOf(cluster).reduce((sum, bird) => sum + bird.establishedEnds, 0),
      routes: cluster.tracker.routes,
      pods: this.podsWithAddress,
      blackholedPairs: cluster.tracker.darkPairs,
    });
  }
}

function messagesOf(cluster: ClusterParts): number {
  return birdsOf(cluster).reduce((sum, bird) => sum + bird.wire().messages.total, 0);
}

function convergence(cluster: ClusterParts, plane: "control" | "data"): Convergence {
  const rows = cluster.tracker.settled(plane);
  const late = rows.filter(({ took }) => took === Number.POSITIVE_INFINITY);
  const done = rows
    .filter(({ took }) => took !== Number.POSITIVE_INFINITY)
    .sort((x, y) => x.took - y.took || x.node - y.node);
  const sorted = Float64Array.from(done, ({ took }) => took / SECOND);
  const quantile = (q: number): number => (sorted.length === 0 ? 0 : quantileSorted(sorted, q));
  const worst = late[0] ?? done[done.length - 1];
  return {
    nodes: done.length,
    unconverged: late.length,
    p50Seconds: quantile(0.5),
    p99Seconds: quantile(0.99),
    maxSeconds: quantile(1),
    worst:
      worst === undefined
        ? undefined
        : { node: cluster.nodes.name(worst.node), prefix: worst.prefix, why: worst.why },
  };
}
