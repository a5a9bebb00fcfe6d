import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** A piece of TypeScript in a document. */
export interface Fence {
  readonly file: string;
  /** Line of its first line of code. */
  readonly line: number;
  readonly code: string;
  /** Marked `ts no-run`: shows something that cannot run here. */
  readonly noRun: boolean;
}

/** Every document that a reader finds: the root's, docs, packages and examples. */
export function documents(root: string): readonly string[] {
  const inFolders = (parent: string): string[] =>
    existsSync(join(root, parent))
      ? readdirSync(join(root, parent)).flatMap((name) => markdownIn(root, join(parent, name)))
      : [];
  const all = [
    ...markdownIn(root, "."),
    ...markdownBelow(root, "docs"),
    ...inFolders("packages"),
    ...inFolders("examples"),
  ];
  return all.sort();
}

function markdownIn(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function markdownBelow(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
    .map((name) => join(folder, name));
}

/** The `ts` fences of a document; those of lists may be indented. */
export function fencesOf(file: string, text: string): readonly Fence[] {
  const fences: Fence[] = [];
  let open: { readonly indent: number; readonly line: number; readonly noRun: boolean } | undefined;
  let code: string[] = [];
  text.split("\n").forEach((line, i) => {
    if (open === undefined) {
      const begin = /^(\s*)```(?:ts|typescript)(\s.*)?$/.exec(line);
      if (begin === null) return;
      open = {
        indent: begin[1]?.length ?? 0,
        line: i + 2,
        noRun: /\bno-run\b/.test(begin[2] ?? ""),
      };
      code = [];
    } else if (/^\s*```\s*$/.test(line)) {
      fences.push({ file, line: open.line, noRun: open.noRun, code: code.join("\n") });
      open = undefined;
    } else code.push(line.slice(open.indent));
  });
  return fences;
}

/** All fences of the repository. */
export function allFences(root: string): readonly Fence[] {
  return documents(root).flatMap((file) => fencesOf(file, readFileSync(join(root, file), "utf8")));
}

/**
 * Writes fences as modules that see the dependencies of `harness`, which has every package of ours.
 *
 * @param name - of their folder in `out`, which is made anew.
 * @returns their paths, in order.
 */
export function writeFences(
  root: string,
  fences: readonly Fence[],
  name: string,
): readonly string[] {
  const folder = join(root, "out", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(root, "harness", "node_modules"), join(folder, "node_modules"), "junction");
  return fences.map(({ file, line, code }) => {
    const path = join(folder, `${file.replace(/[^A-Za-z0-9]+/g, "-")}-${String(line)}.ts`);
    writeFileSync(path, `${code}\nexport {};\n`);
    return path;
  });
}
