import {
  didYouMean,
  type FieldSchema,
  type Issue,
  isRecord,
  type ObjectSchema,
  RESOURCE_KINDS,
  showValue,
} from "@calico-sim/core";
import { faultAt, fieldIssues, resourceIssues } from "./check-fields.js";
import { familyIssues } from "./family-check.js";
import type { Action, JoiningNode } from "./scenario.js";
import { CHANGE_FIELDS, pairIssues } from "./underlay-check.js";

const any: FieldSchema = { type: "any" };
const text: FieldSchema = { type: "string" };
const texts: FieldSchema = { type: "list", of: text };
const count: FieldSchema = { type: "integer", min: 1 };
/** Pods of one step: several times what a cluster may have (kubernetes.io: large clusters, 150,000). */
const podCount: FieldSchema = { type: "integer", min: 1, max: 1_000_000 };
/** Pods a second: a hundred times what the scheduler binds. */
const PODS_PER_SECOND_MAX = 10_000;
/** Microseconds; `at` and the functions that make actions make them of "30s". */
const time: FieldSchema = { type: "integer", min: 0 };
const oneOf = (...values: readonly string[]): FieldSchema => ({ type: "enum", values });
const labels: FieldSchema = { type: "map", of: text };
const pair = { from: text, to: text };
const port: FieldSchema = { type: "integer" };

const CHANGES: readonly string[] = Object.keys(CHANGE_FIELDS);

/** The fields of every action; those named last may be left out. */
const ACTIONS: Readonly<
  Record<Action["type"], readonly [Readonly<Record<string, FieldSchema>>, ...string[]]>
> = {
  start: [{ stagger: time }],
  "node-join": [{ node: any }],
  "node-crash": [{ node: text }],
  "node-reboot": [{ node: text }],
  "node-cut": [{ node: text }],
  "node-heal": [{ node: text }],
  "node-delete": [{ node: text }],
  "router-crash": [{ router: text }],
  "router-reboot": [{ router: text }],
  kill: [
    {
      daemon: oneOf("bird", "bird6", "felix", "confd", "calico-node", "typha"),
      target: text,
      signal: oneOf("KILL", "TERM"),
      restartAfter: any,
    },
  ],
  "block-add": [{ node: text, count }],
  "block-remove": [{ node: text, count }],
  "pods-create": [{ count: podCount, over: time, namespace: text, labels }, "labels"],
  "pods-churn": [
    { perSecond: any, lifetime: time, duration: time, namespace: text, labels },
    "labels",
  ],
  "link-cut": [{ between: texts }],
  "link-restore": [{ between: texts }],
  "link-degrade": [{ between: texts, ...CHANGE_FIELDS }, ...CHANGES],
  "link-mend": [{ between: texts }],
  "rack-cut": [{ rack: text }],
  "rack-restore": [{ rack: text }],
  "packets-drop": [{ ...pair, port }, "port"],
  "packets-allow": [{ ...pair, port }, "port"],
  apply: [{ resources: { type: "list", of: any } }],
  delete: [{ kind: oneOf(...RESOURCE_KINDS), name: text, namespace: text }, "namespace"],
  "datastore-down": [{}],
  "datastore-up": [{}],
  "etcd-endpoints": [{ endpoints: texts }],
  "detect-ipv6": [{}],
  "pod-families": [{ families: { type: "list", of: any } }],
};

const JOINING: ObjectSchema & { readonly fields: Record<keyof JoiningNode, FieldSchema> } = {
  type: "object",
  fields: { name: text, address: text, ipv6Address: text, labels },
  required: ["name", "address"],
};

const STEP: ObjectSchema = {
  type: "object",
  fields: { at: any, action: any },
  required: ["at", "action"],
};

/** What is wrong with the fields of a step, each for itself, and with resources that it writes; paths begin at the step. */
export function stepFieldIssues(step: unknown, calicoVersion: string): readonly Issue[] {
  const found = [...fieldIssues(step, STEP, [], "a step")];
  if (!isRecord(step) || found.length > 0) return found;
  const { at, action } = step;
  if (!Number.isSafeInteger(at) || (at as number) < 0) {
    const message = `a step is due at whole microseconds from 0, not at ${showValue(at)}`;
    found.push(faultAt("TYPE_WRONG", ["at"], message, 'a time as at("5m", …) makes it', at));
  }
  const ofFields = actionIssues(action);
  const resources: unknown = isRecord(action) ? action["resources"] : undefined;
  if (!Array.isArray(resources)) return [...found, ...ofFields];
  const ofResources = [...(resources as readonly unknown[])].flatMap((resource, i) =>
    resourceIssues(resource, ["action", "resources", i], calicoVersion),
  );
  return [...found, ...ofFields, ...ofResources];
}

function actionIssues(action: unknown): readonly Issue[] {
  const type = isRecord(action) ? action["type"] : undefined;
  const known = Object.keys(ACTIONS);
  if (!isRecord(action) || typeof type !== "string" || !known.includes(type)) {
    const near = typeof type === "string" ? didYouMean(type, known) : "";
    const message = isRecord(action)
      ? `there is no action of type ${showValue(type)}${near}`
      : `${showValue(action)} is no action`;
    return [faultAt("TYPE_WRONG", ["action"], message, known.join(", "), type)];
  }
  const [fields, ...optional] = ACTIONS[type as Action["type"]];
  const schema: ObjectSchema = {
    type: "object",
    fields: { type: any, ...fields },
    required: Object.keys(fields).filter((name) => !optional.includes(name)),
  };
  const issues = [...fieldIssues(action, schema, ["action"], `the action ${type}`)];
  const { node, perSecond, restartAfter, families } = action;
  if (type === "node-join" && node !== undefined && node !== null)
    issues.push(...fieldIssues(node, JOINING, ["action", "node"], "a joining node"));
  issues.push(...pairIssues(action, ["action"]));
  if (type === "link-degrade" && CHANGES.every((name) => (action[name] ?? undefined) === undefined))
    issues.push(
      faultAt("TYPE_WRONG", ["action"], "nothing is said of the link", CHANGES.join(", ")),
    );
  const perSecondFits =
    typeof perSecond === "number" && perSecond > 0 && perSecond <= PODS_PER_SECOND_MAX;
  if (type === "pods-churn" && !perSecondFits) {
    const message = `${showValue(perSecond)} is no number of pods a second`;
    const want = `a number above 0, up to ${String(PODS_PER_SECOND_MAX)}`;
    issues.push(faultAt("TYPE_WRONG", ["action", "perSecond"], message, want, perSecond));
  }
  if (type === "pod-families")
    issues.push(...familyIssues(families, ["action", "families"], "a pod"));
  issues.push(...namespaceIssues(action["namespace"]));
  const never = restartAfter === Number.POSITIVE_INFINITY;
  if (
    type === "kill" &&
    !never &&
    !(Number.isSafeInteger(restartAfter) && Number(restartAfter) >= 0)
  ) {
    const message = `${showValue(restartAfter)} is no time`;
    const want = "microseconds, or infinity for never, as fail.process makes them";
    issues.push(faultAt("TYPE_WRONG", ["action", "restartAfter"], message, want, restartAfter));
  }
  return issues;
}

/** A namespace has the name of a DNS label (kubernetes: apimachinery, validation.IsDNS1123Label). */
function namespaceIssues(namespace: unknown): readonly Issue[] {
  if (typeof namespace !== "string" || /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace))
    return [];
  const message = `${JSON.stringify(namespace)} is not a name that Kubernetes takes`;
  const want = "lower-case letters, digits and '-', at most 63 of them";
  return [faultAt("TYPE_WRONG", ["action", "namespace"], message, want, namespace)];
}
