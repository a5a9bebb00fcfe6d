import { readFile } from "node:fs/promises";
import {
  type ExternalRouter,
  fieldIssues,
  routerFieldIssues,
  type UndescribedPeers,
  withoutNulls,
} from "@calico-sim/cluster";
import { type Issue, type IssueParts, isRecord, type ObjectSchema } from "@calico-sim/core";
import {
  ManifestFileError,
  type ManifestIssue,
  type ManifestIssueCode,
  type ManifestSource,
} from "@calico-sim/manifests";
import { ManifestError } from "./manifest-error.js";
import { inOrder, placed, singleDocument } from "./single-document.js";

/** What a file says of the world outside a cluster; see {@link readExternalRouters}. */
export interface ExternalRoutersFile {
  readonly externalRouters: readonly ExternalRouter[];
  readonly undescribedPeers?: UndescribedPeers;
}

const UNDESCRIBED: readonly UndescribedPeers[] = ["accept", "absent"];

const FILE: ObjectSchema = {
  type: "object",
  required: ["externalRouters"],
  fields: {
    externalRouters: { type: "any" },
    undescribedPeers: { type: "enum", values: UNDESCRIBED },
  },
};

const SHAPE = "externalRouters: a list such as - { name: tor-a, ip: 10.0.0.254, asNumber: 65001 }";

/** What a description of external routers says, with the places of its parts. */
export interface PlacedRouters {
  /** As it stands there, right or wrong. */
  readonly content: ExternalRoutersFile;
  /** What is wrong with the file around the routers. */
  readonly issues: readonly ManifestIssue[];
  /** Findings about parts of it, with their places. */
  readonly placed: (issues: readonly Issue[]) => readonly ManifestIssue[];
}

/**
 * Reads the description of the BGP speakers outside a cluster: a YAML or JSON object with `externalRouters` (the fields
 * are those of {@link ExternalRouter}) and, if wanted, `undescribedPeers`.
 *
 * @throws ManifestError with file, line and field of everything that is wrong, unknown fields included.
 */
export function readExternalRouters(source: ManifestSource): ExternalRoutersFile {
  const { content, issues, placed: place } = placedRouters(source);
  const all = [...issues, ...place(routerFieldIssues(content.externalRouters))];
  if (all.length > 0) throw new ManifestError(inOrder(all));
  const { externalRouters, ...rest } = content;
  return { externalRouters: externalRouters.map(withoutNulls), ...rest };
}

/** Reads a file, and leaves it to the reader of the manifests to say what is wrong with the routers. */
function placedRouters(source: ManifestSource): PlacedRouters {
  const { document, issues } = singleDocument(source);
  const place = (parts: IssueParts<ManifestIssueCode>): ManifestIssue =>
    placed(source.name, document, parts);
  const value = document?.value;
  if (issues.length === 0 && !isRecord(value))
    issues.push(place({ code: "TYPE_WRONG", message: `the file holds ${SHAPE}`, path: [] }));
  if (isRecord(value)) issues.push(...fieldIssues(value, FILE, [], "the file").map(place));
  const { externalRouters, undescribedPeers } = isRecord(value)
    ? (value as Partial<ExternalRoutersFile>)
    : {};
  const chosen = UNDESCRIBED.find((one) => one === undescribedPeers);
  return {
    content: {
      externalRouters: externalRouters ?? [],
      ...(chosen === undefined ? {} : { undescribedPeers: chosen }),
    },
    issues,
    placed: (found) => found.map(place),
  };
}

/**
 * Reads a file, and leaves it to the caller to say what is wrong with the routers.
 *
 * @throws ManifestFileError when the file cannot be read.
 */
export async function loadExternalRouters(path: string): Promise<PlacedRouters> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ManifestFileError("FILE_UNREADABLE", path, `${path} cannot be read: ${reason}`);
  }
  return placedRouters({ name: path, text: content });
}
