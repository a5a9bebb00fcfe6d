import {
  type DurationInput,
  type Engine,
  type EventHandler,
  type Micros,
  micros,
  type RandomStream,
  SECOND,
} from "@calico-sim/core";
import type { Workloads } from "./workloads.js";

/** Pods that come and go. Both times are exponentially distributed. */
export interface ChurnProfile {
  /** Names the pods and the random streams. */
  readonly name: string;
  /** Pods created per second, on average. */
  readonly rate: number;
  /** How long a pod stays, from its creation, on average; for ever when absent. */
  readonly lifetime?: DurationInput;
  /** @defaultValue now */
  readonly from?: DurationInput;
  /** The last moment at which a pod may come. */
  readonly until: DurationInput;
  /** The nodes, one drawn uniformly for each pod. */
  readonly nodes: readonly string[];
  /** @defaultValue "default" */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface ChurnRow {
  readonly profile: ChurnProfile;
  readonly lifetime: Micros;
  readonly until: Micros;
  readonly arrivals: RandomStream;
  readonly lifetimes: RandomStream;
  readonly placement: RandomStream;
  created: number;
}

/**
 * Steady pod churn: arrivals of a Poisson process, exponential lifetimes.
 *
 * Coming and going are background events: a run until quiet does not wait for the next pod.
 */
export class Churn implements EventHandler {
  private readonly engine: Engine;
  private readonly workloads: Workloads;
  private readonly rows: ChurnRow[] = [];
  private readonly keys: string[] = [];
  private readonly kindArrive: number;
  private readonly kindLeave: number;

  constructor(engine: Engine, workloads: Workloads) {
    this.engine = engine;
    this.workloads = workloads;
    this.kindArrive = engine.defineKind("churn.arrive", this, { background: true });
    this.kindLeave = engine.defineKind("churn.leave", this, { background: true });
  }

  /** Starts a churn; returns its number. @throws RangeError without nodes or with a rate that is not positive. */
  start(profile: ChurnProfile): number {
    if (!(profile.rate > 0))
      throw new RangeError(`churn "${profile.name}" needs a rate above 0 pods per second`);
    if (profile.nodes.length === 0)
      throw new RangeError(`churn "${profile.name}" needs nodes to put pods on`);
    const stream = (purpose: string): RandomStream =>
      this.engine.stream("churn", profile.name, purpose);
    const row: ChurnRow = {
      profile: Object.freeze({ ...profile }),
      lifetime:
        profile.lifetime === undefined ? Number.POSITIVE_INFINITY : micros(profile.lifetime),
      until: micros(profile.until),
      arrivals: stream("arrivals"),
      lifetimes: stream("lifetimes"),
      placement: stream("placement"),
      created: 0,
    };
    const id = this.rows.length;
    this.rows.push(row);
    const from = profile.from === undefined ? this.engine.now : micros(profile.from);
    this.next(id, row, Math.max(from, this.engine.now));
    return id;
  }

  /** Pods that a churn has created so far. */
  created(id: number): number {
    return this.rows[id]?.created ?? 0;
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number): void {
    if (kind === this.kindLeave) {
      const key = this.keys[a]!;
      if (this.workloads.pod(key) !== undefined) this.workloads.deletePod(key);
      return;
    }
    const row = this.rows[a]!;
    const { profile } = row;
    const node = profile.nodes[row.placement.below(profile.nodes.length)]!;
    const key = this.workloads.createPod({
      namespace: profile.namespace ?? "default",
      name: `${profile.name}-${row.created++}`,
      node,
      ...(profile.labels === undefined ? {} : { labels: profile.labels }),
    });
    if (row.lifetime !== Number.POSITIVE_INFINITY) {
      const stays = Math.round(row.lifetimes.exponential(row.lifetime));
      this.keys.push(key);
      this.engine.after(stays, this.kindLeave, this.keys.length - 1);
    }
    this.next(a, row, this.engine.now);
  }

  private next(id: number, row: ChurnRow, from: Micros): void {
    const at = from + Math.round(row.arrivals.exponential(SECOND / row.profile.rate));
    if (at <= row.until) this.engine.schedule(at, this.kindArrive, id);
  }
}
