import { fieldIssues, type ResourceClusterOptions, withoutNulls } from "@calico-sim/cluster";
import {
  type FieldSchema,
  type Issue,
  type IssueParts,
  isRecord,
  type ObjectSchema,
} from "@calico-sim/core";
import {
  loadSource,
  type ManifestIssue,
  type ManifestIssueCode,
  type ManifestSource,
} from "@calico-sim/manifests";
import { ManifestError } from "./manifest-error.js";
import { inOrder, placed, singleDocument } from "./single-document.js";

/** What a file that describes something beside the manifests may hold. */
export interface DescriptionForm<T> {
  /** Its fields; what is below them is left to `issuesOf`. */
  readonly file: ObjectSchema & { readonly fields: Readonly<Record<keyof T, FieldSchema>> };
  /** An example, for those whose file is nothing of the kind. */
  readonly shape: string;
  /** The option of a cluster that holds all of it; absent where its fields are options themselves. */
  readonly option?: keyof ResourceClusterOptions;
  /** What is wrong with the options that it makes, as far as that shows without the rest of the cluster. */
  readonly issuesOf: (content: Partial<T>) => readonly Issue[];
}

/** What such a file says. */
export interface Description {
  readonly options: Partial<ResourceClusterOptions>;
  /** What is wrong with the file around the options. */
  readonly issues: readonly ManifestIssue[];
  /** All that is wrong with it, as far as that shows without the rest of the cluster. */
  readonly alone: readonly ManifestIssue[];
  /** Whether a finding about the options of a cluster is about it. */
  readonly holds: (issue: Issue) => boolean;
  /** What is wrong with the file, and the findings that are about it, with their places. */
  readonly placed: (issues: readonly Issue[]) => readonly ManifestIssue[];
}

/**
 * Reads a file that describes something beside the manifests, without regard to a cluster.
 *
 * @throws ManifestError with file, line and field of everything that is wrong, unknown fields included.
 */
export function readDescription<T>(source: ManifestSource, form: DescriptionForm<T>): T {
  const { content, alone } = described(source, form);
  if (alone.length > 0) throw new ManifestError(alone);
  return content as T;
}

/**
 * Reads such a file, and leaves it to the caller to say what is wrong with its parts.
 *
 * @throws ManifestFileError when it cannot be read.
 */
export async function loadDescription<T>(
  path: string,
  form: DescriptionForm<T>,
): Promise<Description> {
  return described(await loadSource(path), form);
}

function described<T>(
  source: ManifestSource,
  form: DescriptionForm<T>,
): Description & { readonly content: Partial<T> } {
  const { document, issues } = singleDocument(source);
  const place = (parts: IssueParts<ManifestIssueCode>): ManifestIssue =>
    placed(source.name, document, parts);
  const value = document?.value;
  if (issues.length === 0 && !isRecord(value))
    issues.push(place({ code: "TYPE_WRONG", message: `the file holds ${form.shape}`, path: [] }));
  const ofFile = isRecord(value) ? fieldIssues(value, form.file, [], "the file") : [];
  issues.push(...ofFile.map(place));
  const content: Partial<T> = isRecord(value) ? fieldsBut(value, ofFile) : {};
  const { option, issuesOf } = form;
  const own: readonly unknown[] = option === undefined ? Object.keys(form.file.fields) : [option];
  const holds = ({ path }: Issue): boolean => own.includes(path?.[0]);
  const withPlaces = (found: readonly Issue[]): readonly ManifestIssue[] => {
    const below = found.filter(holds).map(({ path = [], ...issue }) => {
      return place({ ...issue, path: option === undefined ? path : path.slice(1) });
    });
    return inOrder([...issues, ...below]);
  };
  return {
    content,
    options: option === undefined ? content : { [option]: content },
    issues,
    alone: withPlaces(issuesOf(content)),
    holds,
    placed: withPlaces,
  };
}

/** The fields that are there, without those that are wrong by themselves. */
function fieldsBut(value: Readonly<Record<string, unknown>>, issues: readonly Issue[]): object {
  const wrong = new Set(issues.map(({ path }) => path?.[0]));
  return Object.fromEntries(
    Object.entries(withoutNulls(value)).filter(([field]) => !wrong.has(field)),
  );
}
