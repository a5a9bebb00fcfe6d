import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ManifestFileError } from "@calico-sim/manifests";

/** A folder may hold its scenario beside its manifests, under one of these names. */
const SCENARIO_NAMES: readonly string[] = ["scenario.yaml", "scenario.yml", "scenario.json"];

/** What describes the BGP speakers outside the cluster, wherever it stands. */
const EXTERNAL_ROUTERS = /^external-routers\.(ya?ml|json)$/i;

/** What describes the links of the underlay, wherever it stands. */
const UNDERLAY = /^underlay\.(ya?ml|json)$/i;

/** What paths stand for: manifests, and beside them a scenario, the routers outside and the links, if there are such files. */
export interface InputFiles {
  readonly manifests: readonly string[];
  readonly scenario: string | undefined;
  readonly externalRouters: string | undefined;
  readonly underlay: string | undefined;
}

/**
 * Files that paths stand for. A folder stands for its `*.yaml`, `*.yml` and `*.json` files in name
 * order, without its scenario, its external routers and its underlay.
 *
 * @param without - a file that is no manifest even where it stands among them: another scenario.
 * @throws ManifestFileError when a path is missing or a folder holds no manifest.
 */
export async function inputFiles(paths: readonly string[], without?: string): Promise<InputFiles> {
  const leftOut = without === undefined ? undefined : resolve(without);
  const manifests: string[] = [];
  let externalRouters: string | undefined;
  let underlay: string | undefined;
  let scenario: string | undefined;
  for (const path of paths) {
    if (!(await isFolder(path))) {
      if (EXTERNAL_ROUTERS.test(basename(path))) externalRouters = path;
      else if (UNDERLAY.test(basename(path))) underlay = path;
      else manifests.push(path);
      continue;
    }
    const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/i.test(name)).sort();
    const found = names.filter(
      (name) =>
        !SCENARIO_NAMES.includes(name) &&
        !EXTERNAL_ROUTERS.test(name) &&
        !UNDERLAY.test(name) &&
        resolve(path, name) !== leftOut,
    );
    if (found.length === 0) {
      throw new ManifestFileError(
        "NO_FILES",
        path,
        `folder ${path} holds no *.yaml, *.yml or *.json file with manifests`,
      );
    }
    manifests.push(...found.map((name) => join(path, name)));
    const own = SCENARIO_NAMES.find((name) => names.includes(name));
    if (own !== undefined) scenario ??= join(path, own);
    const outside = names.find((name) => EXTERNAL_ROUTERS.test(name));
    if (outside !== undefined) externalRouters ??= join(path, outside);
    const links = names.find((name) => UNDERLAY.test(name));
    if (links !== undefined) underlay ??= join(path, links);
  }
  return { manifests, scenario, externalRouters, underlay };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // What is missing is reported where it is read.
    return false;
  }
}
