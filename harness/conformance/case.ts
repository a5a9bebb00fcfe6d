import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";

/** One case of a conformance set. */
export interface ConformanceCase {
  readonly id: string;
  /** What a model needs to run it. */
  readonly features: readonly string[];
  /** The case as its file holds it. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The file, relative to the folder that was given. */
  readonly file: string;
  /** The folder of the file, where further inputs of the case lie (`input.yaml`). */
  readonly directory: string;
}

/** A file that should hold a case and does not. */
export interface UnreadableCase {
  readonly id: string;
  readonly why: string;
}

/** What a folder holds. */
export interface CaseFolder {
  readonly cases: readonly ConformanceCase[];
  /** Files that are not JSON. */
  readonly broken: readonly UnreadableCase[];
  /** JSON files without anything that has an `id`. */
  readonly foreign: readonly UnreadableCase[];
}

/**
 * Finds the cases of a set: every `*.json` below the folder that has an `id`, and the members of
 * its lists that have one (`sequences.json`), in path order.
 */
export function readCases(folder: string): CaseFolder {
  const cases: ConformanceCase[] = [];
  const broken: UnreadableCase[] = [];
  const foreign: UnreadableCase[] = [];
  for (const path of jsonFiles(folder)) {
    const file = relative(folder, path).split(sep).join("/");
    const directory = dirname(path);
    let json: unknown;
    try {
      json = JSON.parse(readFileSync(path, "utf8"));
    } catch (error) {
      broken.push({
        id: file,
        why: `not JSON: ${error instanceof Error ? error.message : String(error)}`,
      });
      continue;
    }
    const found = casesIn(json).map((one) => ({
      id: String(one["id"]),
      features: textList(one["features"]),
      json: one,
      file,
      directory,
    }));
    if (found.length === 0)
      foreign.push({ id: file, why: "holds no case: nothing in it has an id" });
    cases.push(...found);
  }
  return { cases, broken, foreign };
}

function jsonFiles(folder: string): string[] {
  const names = readdirSync(folder).sort();
  return names.flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return jsonFiles(path);
    return basename(name).endsWith(".json") ? [path] : [];
  });
}

function casesIn(json: unknown): Record<string, unknown>[] {
  if (isCase(json)) return [json];
  if (Array.isArray(json)) return json.filter(isCase);
  if (typeof json !== "object" || json === null) return [];
  return Object.entries(json).flatMap(([name, value]) =>
    Array.isArray(value)
      ? value.filter(isCase).map((one) => ({ kind: name, features: [name], ...one }))
      : [],
  );
}

function isCase(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && "id" in value && typeof value.id === "string"
  );
}

function textList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((v) => typeof v === "string") : [];
}
