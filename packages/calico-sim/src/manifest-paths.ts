import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ManifestFileError } from "@calico-sim/manifests";

/** A folder may hold its scenario beside its manifests, under one of these names. */
const SCENARIO_NAMES: readonly string[] = ["scenario.yaml", "scenario.yml", "scenario.json"];

/** What describes the BGP speakers outside the cluster, wherever it stands. */
const EXTERNAL_ROUTERS = /^external-routers\.(ya?ml|json)$/i;

/** What paths stand for: manifests, and beside them a scenario and the routers outside, if there are such files. */
export interface InputFiles {
  readonly manifests: readonly string[];
  /** Scenarios of folders; {@link onlyOne} of them can be run. */
  readonly scenarios: readonly string[];
  readonly externalRouters: string | undefined;
}

/**
 * Files that paths stand for. A folder stands for its `*.yaml`, `*.yml` and `*.json` files in name
 * order, without its scenario and its external routers.
 *
 * @param without - a file that is no manifest even where it stands among them: another scenario.
 * @throws ManifestFileError when no path holds a manifest, or two hold external routers.
 */
export async function inputFiles(paths: readonly string[], without?: string): Promise<InputFiles> {
  const leftOut = without === undefined ? undefined : resolve(without);
  const manifests: string[] = [];
  const outside: string[] = [];
  const scenarios: string[] = [];
  for (const path of paths) {
    if (!(await isFolder(path))) {
      (EXTERNAL_ROUTERS.test(basename(path)) ? outside : manifests).push(path);
      continue;
    }
    const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/i.test(name)).sort();
    const found = names.filter((name) => resolve(path, name) !== leftOut);
    if (names.length === 0) {
      const text = `folder ${path} holds no *.yaml, *.yml or *.json file`;
      throw new ManifestFileError("NO_FILES", path, text);
    }
    for (const name of found) {
      const kind = EXTERNAL_ROUTERS.test(name) ? outside : manifests;
      (SCENARIO_NAMES.includes(name) ? scenarios : kind).push(join(path, name));
    }
  }
  if (manifests.length === 0) throw noManifests(paths, [...outside, ...scenarios]);
  return {
    manifests,
    scenarios,
    externalRouters: onlyOne(outside, "describe external routers; put all of them into one file"),
  };
}

/**
 * The one of these files, or none.
 *
 * @throws ManifestFileError where there are two, since one of them would not count.
 */
export function onlyOne(files: readonly string[], what: string): string | undefined {
  const [first, second] = [...new Set(files.map((file) => resolve(file)))];
  if (first === undefined) return undefined;
  if (second === undefined) return files[0];
  throw new ManifestFileError("FILES_CONFLICT", second, `both ${first} and ${second} ${what}`);
}

function noManifests(paths: readonly string[], others: readonly string[]): ManifestFileError {
  const found = others.map((path) => basename(path)).join(" and ") || "a scenario";
  const text = `${paths.join(", ")}: ${found} alone is no cluster; its Nodes and Calico resources are missing ("kubectl get nodes -o yaml" and "calicoctl get ippools -o yaml" print those of a cluster)`;
  return new ManifestFileError("NO_FILES", paths[0] ?? "", text);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // What is missing is reported where it is read.
    return false;
  }
}
