import { type ConformanceCase, readCases } from "./case.js";

/** What became of one case. */
export type CaseResult =
  | { readonly status: "passed" }
  | { readonly status: "failed"; readonly why: string }
  /** The model lacks something; `features` names it. */
  | { readonly status: "unsupported"; readonly features: readonly string[] };

/** Runs one case of a set. A throw counts as a failure. */
export type CaseRunner = (one: ConformanceCase) => CaseResult | Promise<CaseResult>;

/** The fixed form of a conformance report. */
export interface ConformanceReport {
  readonly set: string;
  readonly cases: number;
  readonly passed: number;
  readonly failed: readonly { readonly id: string; readonly why: string }[];
  readonly unsupported: readonly { readonly id: string; readonly features: readonly string[] }[];
}

/**
 * Runs every case of a folder. Nothing is skipped in silence: without a runner, and for a file in
 * which no case was found, the report says `unsupported` by name.
 */
export async function runSet(
  set: string,
  folder: string,
  runner: CaseRunner | undefined,
): Promise<ConformanceReport> {
  const { cases, broken, foreign } = readCases(folder);
  let passed = 0;
  const failed: { id: string; why: string }[] = [...broken];
  const unsupported: { id: string; features: readonly string[] }[] = [];
  for (const one of cases) {
    const result: CaseResult =
      runner === undefined
        ? { status: "unsupported", features: one.features }
        : await attempt(runner, one);
    if (result.status === "passed") passed++;
    else if (result.status === "failed") failed.push({ id: one.id, why: result.why });
    else unsupported.push({ id: one.id, features: result.features });
  }
  for (const { id } of foreign) unsupported.push({ id, features: ["unrecognised-file"] });
  return { set, cases: cases.length + broken.length + foreign.length, passed, failed, unsupported };
}

async function attempt(runner: CaseRunner, one: ConformanceCase): Promise<CaseResult> {
  try {
    return await runner(one);
  } catch (error) {
    return { status: "failed", why: error instanceof Error ? error.message : String(error) };
  }
}

/** The report as a page for people: counts, then what failed, then what is not modelled. */
export function formatReport(report: ConformanceReport): string {
  const { set, cases, passed, failed, unsupported } = report;
  const lines = [
    `Conformance set ${set}`,
    "",
    `  cases        ${String(cases).padStart(5)}`,
    `  passed       ${String(passed).padStart(5)}`,
    `  failed       ${String(failed.length).padStart(5)}`,
    `  unsupported  ${String(unsupported.length).padStart(5)}`,
  ];
  if (failed.length > 0) {
    lines.push("", "Failed");
    for (const { id, why } of failed) lines.push(`  ${id}: ${why}`);
  }
  if (unsupported.length > 0) {
    lines.push("", "Not supported");
    for (const { id, features } of unsupported)
      lines.push(`  ${id}: needs ${features.join(", ") || "a runner"}`);
  }
  return `${lines.join("\n")}\n`;
}
