import { isRecord, type PathSegment } from "@calico-sim/core";
import type { IssueLog } from "../issue-log.js";
import type { ManifestObject } from "../manifest-object.js";

/** One environment variable of a container, with its place. */
export interface EnvironmentValue {
  /** The text; undefined where it is only known when the pod runs (a node name, a secret). */
  readonly value: string | undefined;
  /** The ConfigMap key it is taken from, if it is. */
  readonly configMapKey?: string;
  /** Where the value stands: in the workload, or in the ConfigMap it comes from. */
  readonly object: ManifestObject;
  readonly path: readonly PathSegment[];
  /** Where the workload declares the variable. */
  readonly declaration: { readonly object: ManifestObject; readonly path: readonly PathSegment[] };
}

/** The environment of a container, by variable name. */
export type Environment = ReadonlyMap<string, EnvironmentValue>;

/** A container of a DaemonSet or Deployment. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly environment: Environment;
  readonly object: ManifestObject;
  readonly path: readonly PathSegment[];
}

/** Looks a ConfigMap up by name and namespace. */
export interface ConfigMaps {
  find(name: string, namespace: string | undefined): ManifestObject | undefined;
}

/** The ConfigMaps among objects. */
export function configMapsIn(objects: readonly ManifestObject[]): ConfigMaps {
  const maps = objects.filter((o) => o.kind === "ConfigMap" && o.role === "modelled");
  return {
    find: (name, namespace) =>
      maps.find(
        ({ reference }) =>
          reference.name === name &&
          (namespace === undefined || (reference.namespace ?? namespace) === namespace),
      ),
  };
}

/** The containers of a workload, init containers included, their environment resolved. */
export function containersOf(
  workload: ManifestObject,
  configMaps: ConfigMaps,
  log: IssueLog,
): readonly Container[] {
  const pod: PathSegment[] = ["spec", "template", "spec"];
  return ["initContainers", "containers"].flatMap((list) => {
    const path = [...pod, list];
    const containers = workload.at(path);
    if (!Array.isArray(containers)) return [];
    return containers.flatMap((container: unknown, i) => {
      if (!isRecord(container)) return [];
      return [readContainer(workload, [...path, i], container, configMaps, log)];
    });
  });
}

function readContainer(
  object: ManifestObject,
  path: readonly PathSegment[],
  container: Readonly<Record<string, unknown>>,
  configMaps: ConfigMaps,
  log: IssueLog,
): Container {
  const environment = new Map<string, EnvironmentValue>();
  const list = Array.isArray(container["env"]) ? (container["env"] as unknown[]) : [];
  list.forEach((entry, i) => {
    if (!isRecord(entry) || typeof entry["name"] !== "string") return;
    const entryPath = [...path, "env", i];
    environment.set(entry["name"], readVariable(object, entryPath, entry, configMaps, log));
  });
  return {
    name: typeof container["name"] === "string" ? container["name"] : "",
    image: typeof container["image"] === "string" ? container["image"] : "",
    environment,
    object,
    path,
  };
}

function readVariable(
  object: ManifestObject,
  path: readonly PathSegment[],
  entry: Readonly<Record<string, unknown>>,
  configMaps: ConfigMaps,
  log: IssueLog,
): EnvironmentValue {
  const { value, valueFrom } = entry;
  const declaration = { object, path: [...path, "name"] };
  if (value !== undefined && value !== null) {
    const valuePath = [...path, "value"];
    if (typeof value === "string") return { value, object, path: valuePath, declaration };
    // Kubernetes takes text alone; what it would have been is read all the same, to find more.
    const text = JSON.stringify(value);
    log.add(object, {
      code: "TYPE_WRONG",
      message: `the value of ${String(entry["name"])} must be text (put it in quotes)`,
      path: valuePath,
      got: value,
      want: JSON.stringify(text),
    });
    return { value: text, object, path: valuePath, declaration };
  }
  const reference = isRecord(valueFrom) ? valueFrom["configMapKeyRef"] : undefined;
  // No value at all is the empty text; a field or secret reference is known only in the pod.
  if (!isRecord(reference)) {
    return { value: valueFrom === undefined ? "" : undefined, object, path, declaration };
  }
  return {
    ...resolve(object, path, String(entry["name"]), reference, configMaps, log),
    declaration,
  };
}

function resolve(
  object: ManifestObject,
  path: readonly PathSegment[],
  variable: string,
  reference: Readonly<Record<string, unknown>>,
  configMaps: ConfigMaps,
  log: IssueLog,
): Omit<EnvironmentValue, "declaration"> {
  const name = String(reference["name"]);
  const key = String(reference["key"]);
  const configMap = configMaps.find(name, object.reference.namespace);
  const value = configMap?.text(["data", key]);
  if (configMap !== undefined && value !== undefined) {
    return { value, configMapKey: key, object: configMap, path: ["data", key] };
  }
  if (reference["optional"] !== true) {
    log.add(object, {
      severity: configMap === undefined ? "warning" : "error",
      code: "CONFIG_MAP_MISSING",
      message:
        configMap === undefined
          ? `${variable} comes from ConfigMap ${JSON.stringify(name)}, which is not among the manifests; it is taken as unset`
          : `${variable} comes from key ${JSON.stringify(key)} of ConfigMap ${JSON.stringify(name)}, which has no such key: the pod cannot start`,
      path: [...path, "valueFrom", "configMapKeyRef", configMap === undefined ? "name" : "key"],
      got: configMap === undefined ? name : key,
    });
  }
  return { value: undefined, configMapKey: key, object, path };
}
