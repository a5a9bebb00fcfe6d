import {
  type BGPConfiguration,
  formatPath,
  isRecord,
  NODE_ANNOTATIONS,
  type Resource,
  showValue,
} from "@calico-sim/core";
import { withoutNulls } from "./check-fields.js";
import type { ClusterOptions } from "./cluster-options.js";
import type { Finding } from "./result.js";
import { REFLECTOR_LABEL, reflectorCount } from "./route-reflectors.js";

/** Fields of generated resources that an option asked for, by kind; those that are not there it did not ask for. */
interface AskedFields {
  readonly option: keyof ClusterOptions;
  readonly kind: Resource["kind"];
  readonly paths: readonly (readonly string[])[];
}

const OF_REFLECTORS: readonly AskedFields[] = [
  {
    option: "routeReflectors",
    kind: "Node",
    paths: [
      ["metadata", "labels", REFLECTOR_LABEL],
      ["metadata", "annotations", NODE_ANNOTATIONS.routeReflectorClusterID],
    ],
  },
  {
    option: "routeReflectors",
    kind: "BGPConfiguration",
    paths: [["spec", "nodeToNodeMeshEnabled"]],
  },
  {
    option: "routeReflectors",
    kind: "BGPPeer",
    paths: [
      ["spec", "nodeSelector"],
      ["spec", "peerSelector"],
    ],
  },
];

const OF_AS_NUMBER: AskedFields = {
  option: "asNumber",
  kind: "BGPConfiguration",
  paths: [["spec", "asNumber"]],
};

/** Generated resources with those that the caller wrote in their places. */
export interface Merged {
  readonly resources: readonly Resource[];
  /** Where a written resource says something else than an option asks for. */
  readonly findings: readonly Finding[];
}

/**
 * Puts written resources in the places of generated ones of the same kind and name.
 *
 * A BGPConfiguration that is written keeps what options ask for where it says nothing of it: who writes
 * `routeReflectors: 2`, and a BGPConfiguration for its `listenPort`, wants no mesh, although Calico has one where nobody
 * says so. Where it does say something it wins, as any written resource does, and a finding tells.
 */
export function mergedResources(
  generated: readonly Resource[],
  written: readonly Resource[],
  options: ClusterOptions,
): Merged {
  const asked = [
    ...(reflectorCount(options.routeReflectors) > 0 ? OF_REFLECTORS : []),
    ...((options.asNumber ?? undefined) === undefined ? [] : [OF_AS_NUMBER]),
  ];
  const writtenAs = new Map(written.map((one) => [nameOf(one), one]));
  const texts: string[] = [];
  const kept: Resource[] = [];
  for (const was of generated) {
    const by = writtenAs.get(nameOf(was));
    if (by === undefined) {
      kept.push(was);
      continue;
    }
    const complete = completed(by, was, asked);
    writtenAs.set(nameOf(was), complete);
    texts.push(...differences(was, complete, asked));
  }
  // One that is there twice is refused later, with its index: each stays where it was written.
  const inPlace = written.map((one) => {
    const complete = writtenAs.get(nameOf(one));
    return one.kind === "BGPConfiguration" && complete !== undefined ? complete : one;
  });
  return {
    resources: [...kept, ...inPlace],
    findings: texts.map((text) => ({ code: "setting", text })),
  };
}

function nameOf({ kind, metadata }: Resource): string {
  return `${kind} ${metadata.name}`;
}

/** A BGPConfiguration with the fields that were asked for and that it leaves out; others as they are. */
function completed(by: Resource, was: Resource, asked: readonly AskedFields[]): Resource {
  if (by.kind !== "BGPConfiguration") return by;
  const fields = asked
    .filter(({ kind }) => kind === by.kind)
    .flatMap(({ paths }) => paths.map((path) => [path.at(-1) ?? "", valueAt(was, path)] as const));
  if (fields.length === 0) return by;
  const spec: BGPConfiguration["spec"] = {
    ...Object.fromEntries(fields),
    ...withoutNulls(by.spec ?? {}),
  };
  return { ...by, spec };
}

function differences(was: Resource, by: Resource, asked: readonly AskedFields[]): string[] {
  return asked
    .filter(({ kind }) => kind === by.kind)
    .flatMap(({ option, paths }) =>
      paths.flatMap((path) => {
        const [before, after] = [valueAt(was, path), valueAt(by, path)];
        if (before === undefined || before === after) return [];
        const field = `${formatPath(path)} is ${after === undefined ? "not set" : showValue(after)}`;
        return [
          `${by.kind} ${by.metadata.name} among the resources replaces what ${option} makes: its ${field} instead of ${showValue(before)}`,
        ];
      }),
    );
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), value);
}
