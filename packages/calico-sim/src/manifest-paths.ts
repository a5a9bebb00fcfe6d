import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { filesOfFolder, ManifestFileError } from "@calico-sim/manifests";

/** A folder may hold its scenario beside its manifests, under one of these names. */
const SCENARIO_NAMES: readonly string[] = ["scenario.yaml", "scenario.yml", "scenario.json"];

/** What describes the BGP speakers outside the cluster, wherever it stands. */
const EXTERNAL_ROUTERS = /^external-routers\.(ya?ml|json)$/i;

/** What describes the links of the underlay, wherever it stands. */
const UNDERLAY = /^underlay\.(ya?ml|json)$/i;

/** What paths stand for: manifests, and beside them a scenario, the routers outside and the links, if there are such files. */
export interface InputFiles {
  readonly manifests: readonly string[];
  /** Scenarios of folders; {@link onlyOne} of them can be run. */
  readonly scenarios: readonly string[];
  readonly externalRouters: string | undefined;
  readonly underlay: string | undefined;
  /** The two above, those that are there. */
  readonly descriptions: readonly string[];
  /** Folders inside those that are read, which hold manifests too and are not entered. */
  readonly unread: readonly string[];
}

/**
 * Files that paths stand for. A folder stands for its `*.yaml`, `*.yml` and `*.json` files in name
 * order, without its scenario, its external routers and its underlay.
 *
 * @param without - a file that is no manifest even where it stands among them: another scenario.
 * @throws ManifestFileError when no path holds a manifest, or two describe the same thing.
 */
export async function inputFiles(paths: readonly string[], without?: string): Promise<InputFiles> {
  const leftOut = without === undefined ? undefined : resolve(without);
  const manifests: string[] = [];
  const outside: string[] = [];
  const links: string[] = [];
  const scenarios: string[] = [];
  const unread: string[] = [];
  const kindOf = (name: string): string[] => {
    if (EXTERNAL_ROUTERS.test(name)) return outside;
    return UNDERLAY.test(name) ? links : manifests;
  };
  for (const path of paths) {
    if (!(await isFolder(path))) {
      kindOf(basename(path)).push(path);
      continue;
    }
    const folder = await filesOfFolder(path);
    const found = folder.names.filter((name) => resolve(path, name) !== leftOut);
    unread.push(...folder.unread.map((name) => join(path, name)));
    for (const name of found)
      (SCENARIO_NAMES.includes(name) ? scenarios : kindOf(name)).push(join(path, name));
  }
  if (manifests.length === 0) throw noManifests(paths, [...outside, ...links, ...scenarios]);
  const externalRouters = onlyOne(
    outside,
    "describe external routers; put all of them into one file",
  );
  const underlay = onlyOne(links, "describe the underlay; put all of it into one file");
  const descriptions = [externalRouters, underlay].filter((file) => file !== undefined);
  const named = new Set(paths.map((path) => resolve(path)));
  return {
    manifests,
    scenarios,
    externalRouters,
    underlay,
    descriptions,
    unread: unread.filter((folder) => !named.has(resolve(folder))),
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
