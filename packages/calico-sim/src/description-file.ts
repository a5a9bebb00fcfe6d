import { readFile } from "node:fs/promises";
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

/** What was read from a file, and knows its places there. */
export interface Placed {
  /** A finding about some part of it. */
  readonly issueAt: (path: readonly PathSegment[], message: string) => ManifestIssue;
}

/** What a file that describes something beside the manifests may hold. */
export interface DescriptionForm {
  readonly file: Extract<FieldSchema, { type: "object" }>;
  /** An example, for those whose file is nothing of the kind. */
  readonly shape: string;
  /** What its fields hold: how it is called, and its own fields. */
  readonly part: { readonly name: string; readonly fields: readonly string[] };
}

/**
 * Reads a file that describes something beside the manifests.
 *
 * @throws ManifestError with file, line and field of everything that is wrong, unknown fields included.
 */
export function readDescription(
  source: ManifestSource,
  { file, shape, part }: DescriptionForm,
): Placed & { readonly value: Readonly<Record<string, unknown>> } {
  const { document, issues } = singleDocument(source);
  const place = (parts: IssueParts<ManifestIssueCode>): ManifestIssue =>
    placed(source.name, document, parts);
  const value = document?.value;
  if (issues.length === 0 && !isRecord(value))
    issues.push(place({ code: "TYPE_WRONG", message: `the file holds ${shape}`, path: [] }));
  const found: Issue[] = [];
  if (isRecord(value)) checkValue(value, file, [], { kind: "file", name: "" }, found);
  for (const { path = [], code, message, want } of found) {
    const name = path.at(-1);
    const known = path.length > 1 ? part.fields : Object.keys(file.fields);
    const unknown = code === "FIELD_UNKNOWN" && typeof name === "string";
    issues.push(
      place({
        code,
        path,
        want: unknown ? known.join(", ") : want,
        message: unknown
          ? `${path.length > 1 ? part.name : "the file"} has no field ${JSON.stringify(name)}${didYouMean(name, known)}`
          : message,
      }),
    );
  }
  if (issues.length > 0) throw new ManifestError(issues);
  return {
    value: value as Readonly<Record<string, unknown>>,
    issueAt: (path, message) => place({ code: "VALUE_UNKNOWN", path, message }),
  };
}

/** The text of such a file. @throws ManifestFileError when it cannot be read. */
export async function loadDescription(path: string): Promise<ManifestSource> {
  try {
    return { name: path, text: await readFile(path, "utf8") };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ManifestFileError("FILE_UNREADABLE", path, `${path} cannot be read: ${reason}`);
  }
}
