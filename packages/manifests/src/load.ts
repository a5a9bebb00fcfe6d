import { isUtf8 } from "node:buffer";
import type { Dirent, Stats } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { showValue } from "@calico-sim/core";
import { type ReadOptions, type ReadResult, readManifests } from "./read.js";
import type { ManifestSource } from "./source/source-text.js";

/** Why files could not be read at all. */
export type ManifestFileFault =
  | "FILE_MISSING"
  | "FILE_UNREADABLE"
  | "FILE_TOO_LARGE"
  | "FILE_NOT_TEXT"
  | "FILES_CONFLICT"
  | "NO_FILES";

/** A path that cannot be read as manifests. What stands in the files is reported as issues instead. */
export class ManifestFileError extends Error {
  readonly code: ManifestFileFault;
  readonly path: string;

  constructor(code: ManifestFileFault, path: string, message: string) {
    super(message);
    this.name = "ManifestFileError";
    this.code = code;
    this.path = path;
  }
}

/** How to load. */
export interface LoadOptions extends ReadOptions {
  /**
   * Largest file accepted, in bytes.
   *
   * @defaultValue 64 MiB
   */
  readonly maxBytes?: number;
}

const MIB = 1024 * 1024;
const MAX_BYTES = 64 * MIB;

/**
 * Reads files and folders as {@link readManifests} reads texts. A folder stands for its `*.yaml`,
 * `*.yml` and `*.json` files in name order; folders inside it are not entered.
 *
 * @throws ManifestFileError when a path is missing, unreadable, no text or too large. Size is
 * checked before a byte is read.
 */
export async function loadManifestFiles(
  paths: readonly string[],
  options: LoadOptions = {},
): Promise<ReadResult> {
  const given: unknown = paths;
  if (
    !Array.isArray(given) ||
    !(Array.from(given) as readonly unknown[]).every((path) => typeof path === "string")
  )
    throw new TypeError(`loadManifestFiles takes a list of paths, not ${showValue(given)}`);
  const files: string[] = [];
  for (const path of paths) files.push(...(await expand(path)));
  if (files.length === 0) {
    throw new ManifestFileError("NO_FILES", paths[0] ?? "", "no manifest files were given");
  }
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  for (const file of files) await checkSize(file, maxBytes);
  const sources: ManifestSource[] = [];
  for (const file of files) sources.push({ name: file, text: await readText(file) });
  return readManifests(sources, options);
}

/**
 * Reads the text of one file as {@link loadManifestFiles} does, whatever it holds.
 *
 * @throws ManifestFileError when it is missing, unreadable, no text or too large.
 */
export async function loadSource(
  path: string,
  { maxBytes = MAX_BYTES }: Pick<LoadOptions, "maxBytes"> = {},
): Promise<ManifestSource> {
  await checkSize(path, maxBytes);
  return { name: path, text: await readText(path) };
}

async function expand(path: string): Promise<readonly string[]> {
  const stats = await inspect(path);
  if (!stats.isDirectory()) return [path];
  return (await filesOfFolder(path)).names.map((name) => join(path, name));
}

/** What a folder stands for. */
export interface FolderFiles {
  /** Its `*.yaml`, `*.yml` and `*.json` files, in their order. */
  readonly names: readonly string[];
  /** Folders inside it that hold such files, and are not entered. */
  readonly unread: readonly string[];
}

/**
 * Looks what a folder stands for.
 *
 * @throws ManifestFileError when it cannot be read, holds no such file, or a pipe that is named as one: nobody may ever
 * write into it.
 */
export async function filesOfFolder(path: string): Promise<FolderFiles> {
  const entries = await entriesOf(path);
  const named = entries.filter(isManifest);
  const pipe = named.find((entry) => entry.isFIFO() || entry.isSocket());
  if (pipe !== undefined) {
    const file = join(path, pipe.name);
    throw new ManifestFileError("FILE_UNREADABLE", file, `${file} is a pipe or socket, no file`);
  }
  const names = named.map(({ name }) => name).sort();
  const unread: string[] = [];
  for (const entry of entries.filter((one) => one.isDirectory())) {
    const inside = await entriesOf(join(path, entry.name)).catch(() => []);
    if (inside.some(isManifest)) unread.push(entry.name);
  }
  unread.sort();
  if (names.length > 0) return { names, unread };
  const text = `folder ${path} holds no *.yaml, *.yml or *.json file`;
  const more =
    unread.length === 0 ? "" : `; folders inside it are not entered: name ${unread.join(", ")}`;
  throw new ManifestFileError("NO_FILES", path, text + more);
}

async function entriesOf(path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    throw unreadable(path, error);
  }
}

function isManifest(entry: Dirent): boolean {
  return !entry.isDirectory() && /\.(ya?ml|json)$/i.test(entry.name);
}

async function checkSize(file: string, maxBytes: number): Promise<void> {
  const stats = await inspect(file);
  // What a device gives may have no end.
  if (stats.isCharacterDevice() || stats.isBlockDevice())
    throw new ManifestFileError("FILE_UNREADABLE", file, `${file} is a device, no file`);
  const { size } = stats;
  if (size <= maxBytes) return;
  throw new ManifestFileError(
    "FILE_TOO_LARGE",
    file,
    `${file} has ${inMiB(size)}, more than the ${inMiB(maxBytes)} that are read; split it, export only what is needed (nodes, IP pools, BGP), or raise maxBytes`,
  );
}

function inMiB(bytes: number): string {
  return bytes < MIB ? `${String(bytes)} bytes` : `${(bytes / MIB).toFixed(1)} MiB`;
}

/** UTF-8; UTF-16 where a byte order mark says so, as Windows shells redirect it. */
async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw unreadable(file, error);
  }
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  try {
    return new TextDecoder(utf16 ? "utf-16le" : "utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ManifestFileError("FILE_NOT_TEXT", file, `${file} is ${otherThanText(bytes)}`);
  }
}

/** What bytes are that are no UTF-8, in words. */
function otherThanText(bytes: Buffer): string {
  // RFC 1952 §2.3.1
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "compressed (gzip); gunzip it first";
  const lines = bytes.toString("latin1").split("\n");
  const line = lines.findIndex((text) => !isUtf8(Buffer.from(text, "latin1")));
  if (bytes.includes(0) || line < 0) return "no UTF-8 text; is it a compressed or binary file?";
  return `no UTF-8 text from line ${String(line + 1)} on; save it as UTF-8, or is it a compressed or binary file?`;
}

async function inspect(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): ManifestFileError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT")
    return new ManifestFileError("FILE_MISSING", path, `${path || '""'} does not exist`);
  const reason = error instanceof Error ? error.message : String(error);
  return new ManifestFileError("FILE_UNREADABLE", path, `${path} cannot be read: ${reason}`);
}
