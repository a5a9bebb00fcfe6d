import { access, constants, mkdir, open, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UsageError } from "./terminal.js";

/** A file that the command is told to write. */
export interface OutputFile {
  readonly path: string;
  /** What is written to it, in a word. */
  readonly what: string;
}

/**
 * Makes sure that files can be written, before a run that may take minutes. Folders that are missing are made, and files
 * that are there stay as they are.
 *
 * @param inputs Files that are read, which a file that is written must not replace.
 * @throws UsageError naming the first path that cannot be written.
 */
export async function checkOutputFiles(
  files: readonly OutputFile[],
  inputs: readonly string[],
): Promise<void> {
  const read = new Set(inputs.map((path) => resolve(path)));
  const others = new Map<string, string>();
  for (const { path, what } of files) {
    const place = resolve(path);
    if (path === "" || path === "-")
      throw new UsageError(`the ${what} needs the name of a file, not "${path}"`);
    if (read.has(place)) throw new UsageError(`the ${what} would replace ${path}, which is read`);
    const other = others.get(place);
    if (other !== undefined)
      throw new UsageError(`the ${other} and the ${what} cannot both be written to ${path}`);
    others.set(place, what);
    await reasoned(path, what, () => checkWritable(place));
  }
}

/** Writes a file that {@link checkOutputFiles} looked at. @throws UsageError when it cannot be written all the same. */
export async function writeOutputFile({ path, what }: OutputFile, text: string): Promise<void> {
  await reasoned(path, what, () => writeFile(path, text));
}

async function reasoned(path: string, what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the ${what} cannot be written to ${path}: ${reason}`);
  }
}

async function checkWritable(path: string): Promise<void> {
  await makeFolder(dirname(path));
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile() && !there.isDirectory()) {
    // To open a pipe would wait for its reader.
    await access(path, constants.W_OK);
    return;
  }
  await (await open(path, "a")).close();
  if (there === undefined) await unlink(path);
}

/**
 * Makes a folder and those above it, one by one: Node's own way to make them all never ends where the file system says
 * that the parent, which is there, is missing, as /proc does.
 */
async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) await makeFolder(above);
  try {
    await mkdir(path);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!(await isFolder(path))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  const there = await stat(path).catch(() => undefined);
  return there?.isDirectory() === true;
}
