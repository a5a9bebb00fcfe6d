import type { Fabric } from "@calico-sim/core";
import { someOf } from "./external-router-check.js";
import { type Ends, linkKey } from "./link-faults.js";
import type { Action } from "./scenario.js";
import type { Fault } from "./scenario-hosts.js";

/** What a step breaks, or mends again. */
interface Harm {
  /** One text for what is broken and how. */
  readonly key: string;
  /** What is broken, in words. */
  readonly subject: string;
  /** The action that breaks it, and what that does to it. */
  readonly by: Action["type"];
  readonly does: string;
  /** Whether this step mends it. */
  readonly mends: boolean;
  /** The field that names it. */
  readonly path: readonly string[];
  readonly got?: unknown;
}

/**
 * Steps that mend what no step broke before: most likely another thing is meant than the one that is named. Reboots are
 * none: a host that runs goes down and comes back.
 */
export class NeedlessHeals {
  private readonly fabric: Fabric;
  /** What was broken at some time, with its words, by kind of harm. */
  private readonly broken: Map<Action["type"], Map<string, string>> = new Map();

  constructor(fabric: Fabric) {
    this.fabric = fabric;
  }

  /** What is wrong with the next step; steps are told in the order of their times. */
  *take(action: Action): Generator<Fault> {
    const harm = harmOf(action);
    if (harm === undefined) return;
    const { key, subject, by, does, mends, path, got } = harm;
    const before = this.broken.get(by) ?? new Map<string, string>();
    this.broken.set(by, before);
    if (!mends) before.set(key, subject);
    else if (!before.has(key) && !this.isDown(action)) {
      const others =
        before.size === 0 ? "" : `, or what one names: ${someOf([...before.values()])}`;
      const message = `nothing ${does} ${subject} before this`;
      yield { code: "VALUE_UNKNOWN", message, path, got, want: `a time after ${by}${others}` };
    }
  }

  /** A link may be down from the beginning, and is then brought up. */
  private isDown(action: Action): boolean {
    if (action.type !== "link-restore") return false;
    const key = linkKey(action.between);
    return this.fabric.links().some(({ from, to, up }) => !up && linkKey([from, to]) === key);
  }
}

/** What an action breaks or mends; undefined for all others. */
function harmOf(action: Action): Harm | undefined {
  switch (action.type) {
    case "link-cut":
    case "link-restore":
      return ofLink(action.between, "link-cut", "cuts", action.type === "link-restore");
    case "link-degrade":
    case "link-mend":
      return ofLink(action.between, "link-degrade", "degrades", action.type === "link-mend");
    case "rack-cut":
    case "rack-restore": {
      const subject = `rack ${action.rack}`;
      const mends = action.type === "rack-restore";
      const what = { key: action.rack, subject, by: "rack-cut", does: "cuts" } as const;
      return { ...what, mends, path: ["rack"], got: action.rack };
    }
    case "node-cut":
    case "node-heal": {
      const mends = action.type === "node-heal";
      const what = {
        key: action.node,
        subject: action.node,
        by: "node-cut",
        does: "cuts",
      } as const;
      return { ...what, mends, path: ["node"], got: action.node };
    }
    case "packets-drop":
    case "packets-allow": {
      const { from, to, port } = action;
      const ofPort = port === undefined ? "" : ` to port ${String(port)}`;
      const subject = `packets from ${from} to ${to}${ofPort}`;
      const mends = action.type === "packets-allow";
      const by = "packets-drop";
      return { key: subject, subject, by, does: "drops", mends, path: ["from"], got: from };
    }
    case "datastore-down":
    case "datastore-up": {
      const mends = action.type === "datastore-up";
      const by = "datastore-down";
      return { key: "", subject: "the datastore", by, does: "takes down", mends, path: [] };
    }
    default:
      return undefined;
  }
}

function ofLink(between: Ends, by: Action["type"], does: string, mends: boolean): Harm {
  const subject = `the link between ${between.join(" and ")}`;
  return { key: linkKey(between), subject, by, does, mends, path: ["between"], got: between };
}
