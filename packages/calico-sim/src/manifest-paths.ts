import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ManifestFileError } from "@calico-sim/manifests";

/** A folder may hold its scenario beside its manifests, under one of these names. */
const SCENARIO_NAMES: readonly string[] = ["scenario.yaml", "scenario.yml", "scenario.json"];

/** What paths stand for: manifests, and the scenario beside them if a folder has one. */
export interface InputFiles {
  readonly manifests: readonly string[];
  readonly scenario: string | undefined;
}

/**
 * Files that paths stand for. A folder stands for its `*.yaml`, `*.yml` and `*.json` files in name
 * order, without its scenario.
 *
 * @param without - a file that is no manifest even where it stands among them: another scenario.
 * @throws ManifestFileError when a path is missing or a folder holds no manifest.
 */
export async function inputFiles(paths: readonly string[], without?: string): Promise<InputFiles> {
  const leftOut = without === undefined ? undefined : resolve(without);
  const manifests: string[] = [];
  let scenario: string | undefined;
  for (const path of paths) {
    if (!(await isFolder(path))) {
      manifests.push(path);
      continue;
    }
    const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/i.test(name)).sort();
    const found = names.filter(
      (name) => !SCENARIO_NAMES.includes(name) && resolve(path, name) !== leftOut,
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
  }
  return { manifests, scenario };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // What is missing is reported where it is read.
    return false;
  }
}
