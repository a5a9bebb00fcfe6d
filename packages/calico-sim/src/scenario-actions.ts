import type { Action, ClusterSpec } from "@calico-sim/cluster";
import { RESOURCE_KINDS } from "@calico-sim/core";

/** Whose name may stand in a field; a host is a node or an external router. */
export type NameOf = "node" | "host" | "router" | "rack";

/** What may stand in a field of a step. */
export type FieldType =
  | { readonly type: "text" }
  | { readonly type: "texts" }
  /** Families of addresses: 4, 6. */
  | { readonly type: "families" }
  /** A name out of a list that the cluster knows. */
  | { readonly type: "name"; readonly of: NameOf }
  | { readonly type: "word"; readonly words: readonly string[] }
  | { readonly type: "count" }
  | { readonly type: "rate" }
  /** A whole number from 0. */
  | { readonly type: "amount" }
  /** From 0 to 1. */
  | { readonly type: "share" }
  | { readonly type: "duration"; readonly never?: boolean }
  | { readonly type: "labels" }
  | { readonly type: "pair" }
  | { readonly type: "resources" };

/** A field of a step: what it holds, and what is taken when it is left out. */
export interface Field {
  readonly holds: FieldType;
  /** Absent: the field must be there. `undefined`: it may be left out. */
  readonly absent?: unknown;
}

/** An action as scenario files write it. */
export interface ActionForm {
  readonly fields: Readonly<Record<string, Field>>;
  /** Makes the action from checked values; durations are microseconds. */
  readonly make: (values: Readonly<Record<string, unknown>>) => Action;
}

const node: Field = { holds: { type: "name", of: "node" } };
const host: Field = { holds: { type: "name", of: "host" } };
const router: Field = { holds: { type: "name", of: "router" } };
const rack: Field = { holds: { type: "name", of: "rack" } };
const between: Field = { holds: { type: "pair" } };
const count: Field = { holds: { type: "count" }, absent: 1 };
const port: Field = { holds: { type: "count" }, absent: undefined };
const namespace: Field = { holds: { type: "text" }, absent: "default" };
const microseconds: Field = { holds: { type: "amount" }, absent: undefined };
const duration: Field = { holds: { type: "duration" } };
const labels: Field = { holds: { type: "labels" }, absent: undefined };

/** Fields whose names and types are those of the action itself. */
function plain(type: Action["type"], fields: Readonly<Record<string, Field>>): ActionForm {
  return { fields, make: (values) => ({ type, ...values }) as unknown as Action };
}

/** The fields of a joining node stand in the step itself. */
function joining(values: Readonly<Record<string, unknown>>): Action {
  const { name, address, ipv6Address, labels: given } = values;
  return {
    type: "node-join",
    node: {
      name: name as string,
      address: address as string,
      ...(ipv6Address === undefined ? {} : { ipv6Address: ipv6Address as string }),
      ...(given === undefined ? {} : { labels: given as Record<string, string> }),
    },
  };
}

/** A resource without a namespace has none, not an undefined one. */
function deletion(values: Readonly<Record<string, unknown>>): Action {
  const { namespace: given, ...rest } = values;
  return {
    type: "delete",
    ...rest,
    ...(given === undefined ? {} : { namespace: given }),
  } as Action;
}

/** Every action that a scenario file can name: the same names as {@link Action} has. */
export const ACTION_FORMS: Readonly<Record<Action["type"], ActionForm>> = {
  start: plain("start", { stagger: { holds: { type: "duration" }, absent: 0 } }),
  "node-join": {
    fields: {
      name: { holds: { type: "text" } },
      address: { holds: { type: "text" } },
      ipv6Address: { holds: { type: "text" }, absent: undefined },
      labels,
    },
    make: joining,
  },
  "node-crash": plain("node-crash", { node }),
  "node-reboot": plain("node-reboot", { node }),
  "node-cut": plain("node-cut", { node: host }),
  "node-heal": plain("node-heal", { node: host }),
  "node-delete": plain("node-delete", { node }),
  "router-crash": plain("router-crash", { router }),
  "router-reboot": plain("router-reboot", { router }),
  kill: plain("kill", {
    daemon: {
      holds: { type: "word", words: ["bird", "bird6", "felix", "confd", "calico-node", "typha"] },
    },
    target: { holds: { type: "text" } },
    signal: { holds: { type: "word", words: ["KILL", "TERM"] }, absent: "KILL" },
    restartAfter: { holds: { type: "duration", never: true }, absent: 1_000_000 },
  }),
  "block-add": plain("block-add", { node, count }),
  "block-remove": plain("block-remove", { node, count }),
  "pods-create": plain("pods-create", {
    count: { holds: { type: "count" } },
    over: { holds: { type: "duration" }, absent: 30_000_000 },
    namespace,
    labels,
  }),
  "pods-churn": plain("pods-churn", {
    perSecond: { holds: { type: "rate" } },
    lifetime: duration,
    duration,
    namespace,
    labels,
  }),
  "link-cut": plain("link-cut", { between }),
  "link-restore": plain("link-restore", { between }),
  "link-degrade": plain("link-degrade", {
    between,
    latencyUs: microseconds,
    jitterUs: microseconds,
    bandwidthMbps: { holds: { type: "rate" }, absent: undefined },
    loss: { holds: { type: "share" }, absent: undefined },
  }),
  "link-mend": plain("link-mend", { between }),
  "rack-cut": plain("rack-cut", { rack }),
  "rack-restore": plain("rack-restore", { rack }),
  "packets-drop": plain("packets-drop", { from: host, to: host, port }),
  "packets-allow": plain("packets-allow", { from: host, to: host, port }),
  apply: plain("apply", { resources: { holds: { type: "resources" } } }),
  delete: {
    fields: {
      kind: { holds: { type: "word", words: RESOURCE_KINDS } },
      name: { holds: { type: "text" } },
      namespace: { holds: { type: "text" }, absent: undefined },
    },
    make: deletion,
  },
  "datastore-down": plain("datastore-down", {}),
  "datastore-up": plain("datastore-up", {}),
  "etcd-endpoints": plain("etcd-endpoints", { endpoints: { holds: { type: "texts" } } }),
  "detect-ipv6": plain("detect-ipv6", {}),
  "pod-families": plain("pod-families", { families: { holds: { type: "families" } } }),
};

/** Names that a step may use. */
export function namesOf(spec: ClusterSpec, of: NameOf): readonly string[] {
  const routers = (spec.externalRouters ?? []).map(({ name }) => name);
  switch (of) {
    case "rack":
      return spec.fabric.racks.map(({ name }) => name);
    case "router":
      return routers;
    case "node":
      return spec.fabric.nodes.map(({ name }) => name);
    case "host":
      return [...spec.fabric.nodes.map(({ name }) => name), ...routers];
  }
}
