import { readFile } from "node:fs/promises";
import type { ExternalRouter, UndescribedPeers } from "@calico-sim/cluster";
import {
  checkValue,
  didYouMean,
  type FieldSchema,
  type Issue,
  type IssueParts,
  isRecord,
  type PathSegment,
} from "@calico-sim/core";
import {
  ManifestFileError,
  type ManifestIssue,
  type ManifestIssueCode,
  type ManifestSource,
} from "@calico-sim/manifests";
import { ManifestError } from "./manifest-error.js";
import { placed, singleDocument } from "./single-document.js";

/** What a file says of the world outside a cluster; see {@link readExternalRouters}. */
export interface ExternalRoutersFile {
  readonly externalRouters: readonly ExternalRouter[];
  readonly undescribedPeers?: UndescribedPeers;
}

const text: FieldSchema = { type: "string" };
const asNumber: FieldSchema = { type: "integerOrText", format: "autonomousSystem" };

/** The fields of {@link ExternalRouter}. */
const ROUTER_FIELDS: Readonly<Record<keyof ExternalRouter, FieldSchema>> = {
  name: text,
  ip: { type: "string", format: "address" },
  asNumber,
  prefixes: { type: "list", of: { type: "string", format: "cidr" } },
  peersWith: { type: "list", of: text },
  passive: { type: "boolean" },
  password: text,
  ttlSecurity: { type: "integer", min: 1, max: 255 },
  multihop: { type: "boolean" },
  listenPort: { type: "integer", min: 1, max: 65_535 },
  neighborASNumber: asNumber,
  gracefulRestart: { type: "boolean" },
  routeReflectorClusterID: { type: "string", format: "address" },
  rack: text,
};

const FILE: Extract<FieldSchema, { type: "object" }> = {
  type: "object",
  required: ["externalRouters"],
  fields: {
    externalRouters: {
      type: "list",
      of: { type: "object", fields: ROUTER_FIELDS, required: ["name", "ip", "asNumber"] },
    },
    undescribedPeers: { type: "enum", values: ["accept", "absent"] },
  },
};

const SHAPE = "externalRouters: a list such as - { name: tor-a, ip: 10.0.0.254, asNumber: 65001 }";

/** A description of external routers with the places of its parts. */
export interface PlacedRouters extends ExternalRoutersFile {
  /** A finding about some part of it. */
  issueAt(path: readonly PathSegment[], message: string): ManifestIssue;
}

/**
 * Reads the description of the BGP speakers outside a cluster: a YAML or JSON object with `externalRouters` (the fields
 * are those of {@link ExternalRouter}) and, if wanted, `undescribedPeers`.
 *
 * @throws ManifestError with file, line and field of everything that is wrong, unknown fields included.
 */
export function readExternalRouters(source: ManifestSource): PlacedRouters {
  const { document, issues } = singleDocument(source);
  const place = (parts: IssueParts<ManifestIssueCode>): ManifestIssue =>
    placed(source.name, document, parts);
  const value = document?.value;
  if (issues.length === 0 && !isRecord(value))
    issues.push(place({ code: "TYPE_WRONG", message: `the file holds ${SHAPE}`, path: [] }));
  const found: Issue[] = [];
  if (isRecord(value)) checkValue(value, FILE, [], { kind: "file", name: "" }, found);
  for (const { path = [], code, message, want } of found) {
    const name = path.at(-1);
    const known = Object.keys(path.length > 1 ? ROUTER_FIELDS : FILE.fields);
    const unknown = code === "FIELD_UNKNOWN" && typeof name === "string";
    issues.push(
      place({
        code,
        path,
        want: unknown ? known.join(", ") : want,
        message: unknown
          ? `${path.length > 1 ? "an external router" : "the file"} has no field ${JSON.stringify(name)}${didYouMean(name, known)}`
          : message,
      }),
    );
  }
  if (issues.length > 0) throw new ManifestError(issues);
  const { externalRouters, undescribedPeers } = value as ExternalRoutersFile;
  return {
    externalRouters,
    ...(undescribedPeers === undefined ? {} : { undescribedPeers }),
    issueAt: (path, message) => place({ code: "VALUE_UNKNOWN", path, message }),
  };
}

/**
 * Reads a file as {@link readExternalRouters} does.
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
  return readExternalRouters({ name: path, text: content });
}
