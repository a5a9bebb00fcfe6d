import { formatIssue, type ManifestIssue } from "@calico-sim/manifests";

/** Errors that a message shows; what follows is mostly their echo. */
const ERRORS_SHOWN = 20;

/** The files hold errors; the message shows each with its file, line and field. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
  /** Everything found, warnings and notes included. */
  readonly issues: readonly ManifestIssue[];

  constructor(issues: readonly ManifestIssue[]) {
    const errors = issues.filter((issue) => issue.severity === "error");
    const more = errors.length - ERRORS_SHOWN;
    super(
      [
        ...errors.slice(0, ERRORS_SHOWN).map(formatIssue),
        ...(more > 0 ? [`… and ${String(more)} more errors`] : []),
      ].join("\n"),
    );
    this.issues = issues;
  }
}
