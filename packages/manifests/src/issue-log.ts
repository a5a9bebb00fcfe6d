import { type Issue, type IssueParts, issueAt, type PathSegment } from "@calico-sim/core";
import type { ManifestIssue, ManifestIssueCode } from "./issue.js";
import type { ManifestObject } from "./manifest-object.js";
import type { Location, SourceText } from "./source/source-text.js";

/** Collects findings and gives each its place. */
export class IssueLog {
  private readonly found: ManifestIssue[] = [];

  /** Adds a finding about a part of an object; the path of `parts` says which. */
  add(object: ManifestObject, parts: IssueParts<ManifestIssueCode>): void {
    const path = parts.path ?? [];
    this.push(issueAt(object.reference, parts), object.document.source.name, object.locate(path));
  }

  /** Adds a finding that core made about an object. */
  addIssue(object: ManifestObject, issue: Issue<ManifestIssueCode>): void {
    this.push(issue, object.document.source.name, object.locate(issue.path ?? []));
  }

  /** Adds a finding about a place inside a text value: an offset of the JSON in a ConfigMap. */
  addInside(
    object: ManifestObject,
    path: readonly PathSegment[],
    offset: number,
    parts: IssueParts<ManifestIssueCode>,
  ): void {
    const location = object.locateInside(path, offset);
    this.push(issueAt(object.reference, { ...parts, path }), object.document.source.name, location);
  }

  /** Adds a finding about a place in a source, or about the source as a whole. */
  addAt(
    source: SourceText,
    location: Location | undefined,
    parts: IssueParts<ManifestIssueCode>,
  ): void {
    this.push(issueAt(undefined, parts), source.name, location);
  }

  /** All findings: files in the order `files` names them, in a file from top to bottom. */
  sorted(files: readonly string[]): readonly ManifestIssue[] {
    const order = new Map(files.map((name, i) => [name, i]));
    const rank = (issue: ManifestIssue): number => order.get(issue.file) ?? files.length;
    return [...this.found].sort(
      (a, b) =>
        rank(a) - rank(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
    );
  }

  private push(
    issue: Issue<ManifestIssueCode>,
    file: string,
    location: Location | undefined,
  ): void {
    if (location === undefined) {
      this.found.push({ ...issue, file });
      return;
    }
    const { line, column, text, length } = location;
    this.found.push({ ...issue, file, line, column, excerpt: { text, length } });
  }
}
