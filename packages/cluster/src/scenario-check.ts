import { BGP_PORT, parsePeerIP } from "@calico-sim/bgp";
import {
  Fabric,
  formatMicros,
  type Issue,
  type IssueParts,
  issueAt,
  NodeDirectory,
  ofKind,
  withoutNullFields,
} from "@calico-sim/core";
import { stepFieldIssues } from "./action-check.js";
import { placeOf } from "./external-router.js";
import type { Action, Scenario } from "./scenario.js";
import { ScenarioError, type ScenarioFault } from "./scenario-error.js";
import { scenarioError } from "./scenario-faults.js";
import { NeedlessHeals } from "./scenario-heals.js";
import type { ScenarioNames } from "./scenario-hosts.js";
import { ScenarioSubjects } from "./scenario-subjects.js";
import type { ClusterSpec } from "./spec.js";

/** What a scenario may name on a cluster that has not begun. */
export function namesIn(spec: ClusterSpec): ScenarioNames {
  const nodes = new NodeDirectory(spec.fabric.nodes.map(({ name }) => name));
  const fabric = Fabric.build(spec.fabric);
  const routers = spec.backend === "bird" ? (spec.externalRouters ?? []) : [];
  for (const router of routers) {
    fabric.addNode({ name: router.name, ...placeOf(router, spec) });
    nodes.addOutside(router.name);
  }
  return {
    spec,
    nodes,
    fabric,
    routers: new Set(routers.map(({ name }) => name)),
    earlier: [],
    now: 0,
  };
}

/** The ports on which a cluster's nodes and the routers outside listen for BGP. */
export function bgpPorts({ resources, externalRouters = [] }: ClusterSpec): ReadonlySet<number> {
  const configured = [
    ...ofKind(resources, "BGPConfiguration").map(({ spec }) => spec?.listenPort),
    ...ofKind(resources, "BGPPeer").map(({ spec }) => parsePeerIP(spec.peerIP)?.port),
    ...externalRouters.map(({ listenPort }) => listenPort),
  ];
  return new Set([
    BGP_PORT,
    ...configured.filter((port): port is number => port !== undefined && port > 0),
  ]);
}

/** Id of a node. @throws ScenarioError when there is none of this name. */
export function nodeId(nodes: NodeDirectory, name: string): number {
  const id = nodes.id(name);
  if (nodes.isNode(id)) return id;
  const all = Array.from({ length: nodes.size }, (_, node) => node).filter((n) => nodes.isNode(n));
  const [first = 0, last = first] = [all[0], all.at(-1)];
  throw new ScenarioError(
    id >= 0
      ? `"${name}" is an external router, no node`
      : `there is no node "${name}"; the cluster has ${String(all.length)}, from ${nodes.name(first)} to ${nodes.name(last)}`,
  );
}

/**
 * Checks that every step can be, and names what is there.
 *
 * @returns the steps without fields that are null, which count as absent.
 * @throws ScenarioError with all that is wrong, by step.
 */
export function checkScenario(scenario: Scenario, names: ScenarioNames): Scenario {
  const faults = scenarioFaults(scenario, names);
  if (faults.length > 0) throw scenarioError(scenario, faults);
  return withoutNullFields(scenario);
}

/** All that is wrong with the steps of a scenario, in the order written. */
export function scenarioFaults(scenario: Scenario, names: ScenarioNames): readonly ScenarioFault[] {
  const given: unknown = scenario;
  if (!Array.isArray(given))
    throw new ScenarioError("a scenario is a list of steps, as at(time, action) makes them");
  const faults: ScenarioFault[] = [...scenario].flatMap((step, index) =>
    stepFieldIssues(step, names.spec.calicoVersion).map((issue) => ({ index, issue })),
  );
  const unsound = new Set(faults.map(({ index }) => index));
  const entries = [
    ...names.earlier.map((step) => ({ step, index: -1 })),
    ...scenario
      .map((step, index) => ({ step, index }))
      .filter(({ index }) => !unsound.has(index))
      .map(({ step, index }) => ({ step: withoutNullFields(step), index })),
  ].sort((a, b) => a.step.at - b.step.at);
  const subjects = new ScenarioSubjects(
    names,
    bgpPorts(names.spec),
    entries.map(({ step }) => step),
  );
  for (const { step, index } of entries) {
    // What was scheduled before was looked at then.
    const found = subjects.take(step);
    if (index >= 0) faults.push(...found.map((parts) => ({ index, issue: ofAction(parts) })));
    if (index >= 0 && step.at < names.now) faults.push({ index, issue: past(names.now) });
  }
  // Whether pods have somewhere to go, and heals something to mend, is known once every step can be read.
  if (faults.length === 0 && names.unread === undefined)
    faults.push(...podsWithoutNodes(entries), ...needlessHeals(entries, names.fabric));
  return faults.sort((a, b) => a.index - b.index);
}

function ofAction({ path = [], ...parts }: IssueParts<Issue["code"]>): Issue {
  return issueAt(undefined, { ...parts, path: ["action", ...path] });
}

/** A step with its index in the scenario; −1 of those scheduled before. */
interface Entry {
  readonly step: { readonly action: Action };
  readonly index: number;
}

function past(now: number): Issue {
  const shown = formatMicros(now);
  const message = `the clock shows ${shown} already`;
  return issueAt(undefined, {
    code: "VALUE_OUT_OF_RANGE",
    message,
    path: ["at"],
    want: `${shown} or later`,
  });
}

/** Pods go to the nodes that run when they are created; before the first there is nowhere to go. */
function podsWithoutNodes(inOrder: readonly Entry[]): readonly ScenarioFault[] {
  for (const { step, index } of inOrder) {
    const { type } = step.action;
    if (type === "start" || type === "node-join") return [];
    if (type !== "pods-create" && type !== "pods-churn") continue;
    const message = "no node runs yet, so the pods have nowhere to go";
    const want = "start comes first";
    return [{ index, issue: ofAction({ code: "VALUE_UNKNOWN", message, want }) }];
  }
  return [];
}

/** Mending what nothing broke is most likely a slip in the name. */
function needlessHeals(inOrder: readonly Entry[], fabric: Fabric): readonly ScenarioFault[] {
  const heals = new NeedlessHeals(fabric);
  return inOrder.flatMap(({ step, index }) => {
    const found = [...heals.take(step.action)];
    // What was scheduled before was looked at then.
    return index < 0 ? [] : found.map((parts) => ({ index, issue: ofAction(parts) }));
  });
}
