import { type IssueParts, issueAt } from "@calico-sim/core";
import {
  type ManifestDocument,
  type ManifestIssue,
  type ManifestIssueCode,
  type ManifestSource,
  parseSource,
  soundSource,
} from "@calico-sim/manifests";

/** A file that holds one YAML or JSON document: it, and what is wrong with the text itself. */
export interface SingleDocument {
  readonly document: ManifestDocument | undefined;
  readonly issues: ManifestIssue[];
}

/** Parses a file that holds one document; a further one is an error, since nobody would read it. @throws TypeError when the source is none. */
export function singleDocument(source: ManifestSource): SingleDocument {
  const { documents, faults } = parseSource(soundSource(source));
  const issues: ManifestIssue[] = faults.map(({ code, message, location }) => {
    const { line, column, text, length } = location;
    const issue = issueAt<ManifestIssueCode>(undefined, { code, message });
    return { ...issue, file: source.name, line, column, excerpt: { text, length } };
  });
  const [document, further] = documents;
  if (further !== undefined) {
    const message = "a second YAML document begins here, and the file holds one";
    issues.push(placed(source.name, further, { code: "TYPE_WRONG", message, path: [] }));
  }
  return { document, issues };
}

/** An issue with the place of its path in a document; where a file holds none, that is its beginning. */
export function placed(
  file: string,
  document: ManifestDocument | undefined,
  parts: IssueParts<ManifestIssueCode>,
): ManifestIssue {
  const issue = issueAt(undefined, parts);
  if (document === undefined) return { ...issue, file, line: 1, column: 1 };
  const { line, column, text, length } = document.locate(parts.path ?? []);
  return { ...issue, file, line, column, excerpt: { text, length } };
}

/** Findings in the order of their lines. */
export function inOrder(issues: readonly ManifestIssue[]): readonly ManifestIssue[] {
  return [...issues].sort(
    (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}
