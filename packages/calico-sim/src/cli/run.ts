import {
  type ClusterSpec,
  type Result,
  type Scenario,
  ScenarioError,
  simulate,
} from "@calico-sim/cluster";
import { formatMicros, type Micros, micros } from "@calico-sim/core";
import { formatIssue, type ManifestIssue } from "@calico-sim/manifests";
import {
  checkThresholds,
  parseThreshold,
  renderHtml,
  renderText,
  toJUnit,
  type Violation,
} from "@calico-sim/report";
import pc from "picocolors";
import { clusterFromManifests, notEntered } from "../cluster-from-manifests.js";
import { DEFAULT_SCENARIO_END, defaultScenario } from "../default-scenario.js";
import { inputFiles, onlyOne } from "../manifest-paths.js";
import { loadPlacedScenario } from "../scenario-file.js";
import { simulateAside } from "./aside.js";
import { checkOutputFiles, type OutputFile, writeOutputFile } from "./output-files.js";
import { ProgressLine, type Terminal, UsageError } from "./terminal.js";

/** Options of `calico-sim run` as commander parses them. */
export interface RunOptions {
  readonly scenario?: string;
  readonly seed: string;
  readonly until?: string;
  readonly json?: boolean;
  readonly report?: string;
  readonly junit?: string;
  readonly threshold: readonly string[];
  readonly cniRouteCopies?: boolean;
  readonly compare: boolean;
}

/** Widest page of text; longer lines are hard to read. */
const WIDTH_MAX = 130;

/**
 * Runs a scenario on the cluster that the paths describe, and writes what was asked for.
 *
 * @returns whether every threshold was kept.
 */
export async function run(
  paths: readonly string[],
  options: RunOptions,
  terminal: Terminal,
): Promise<boolean> {
  // What is wrong in the call itself is said before anything is read.
  const thresholds = options.threshold.map(parseThreshold);
  const stated = options.until === undefined ? undefined : untilOf(options.until);
  // As where the variable of a shell is empty; it would be a seed of its own.
  if (options.seed.trim() === "") throw new UsageError("--seed needs a number or a text");
  const asked = filesAskedFor(options);
  const progress = new ProgressLine(terminal.stderr);
  progress.show(`reading ${paths.join(", ")}`);
  let outcome: Outcome;
  try {
    const files = await inputFiles(paths, options.scenario);
    progress.clear();
    writeIssues(files.unread.map(notEntered), terminal);
    const { cniRouteCopies } = options;
    const { issues, ...spec } = await clusterFromManifests(
      [...files.manifests, ...files.descriptions],
      cniRouteCopies === undefined ? {} : { cniRouteCopies },
    );
    progress.clear();
    writeIssues(issues, terminal);
    const scenarioFile =
      options.scenario ??
      onlyOne(files.scenarios, "are scenarios; name the one to run with --scenario");
    const placed =
      scenarioFile === undefined ? undefined : await loadPlacedScenario(scenarioFile, spec);
    const until = stated ?? (placed === undefined ? micros(DEFAULT_SCENARIO_END) : undefined);
    const scenario = placed?.scenario ?? defaultScenario(spec);
    const inputs = [...files.manifests, ...files.descriptions];
    await checkOutputFiles(asked, scenarioFile === undefined ? inputs : [...inputs, scenarioFile]);
    try {
      outcome = await simulateBoth(spec, scenario, until, options, terminal, progress);
    } catch (error) {
      // What turns out to be impossible while it runs has a line, too.
      if (placed === undefined || !(error instanceof ScenarioError)) throw error;
      throw placed.failure(error);
    }
  } finally {
    progress.clear();
  }
  const { result, compare } = outcome;
  const violations = checkThresholds(result, thresholds);
  await writeFiles(outcome, asked, terminal);
  terminal.stdout.write(
    options.json === true
      ? `${JSON.stringify({ ...result, ...(compare === undefined ? {} : { compare }), violations }, null, 2)}\n`
      : page(outcome, terminal),
  );
  writeViolations(violations, terminal);
  return violations.length === 0;
}

interface Outcome {
  readonly result: Result;
  readonly compare: Result | undefined;
}

function untilOf(text: string): Micros {
  try {
    return micros(text);
  } catch (error) {
    throw new UsageError(`--until: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function simulateBoth(
  spec: ClusterSpec,
  scenario: Scenario,
  until: Micros | undefined,
  { compare, seed }: RunOptions,
  { parallel }: Terminal,
  progress: ProgressLine,
): Promise<Outcome> {
  const settings = { seed, ...(until === undefined ? {} : { until }) };
  const withoutTypha = { ...spec, typhas: 0 };
  const wanted = compare && spec.typhas > 0 && !touchesTypha(scenario);
  const aside =
    wanted && parallel ? simulateAside({ spec: withoutTypha, scenario, settings }) : undefined;
  // A failure of the run itself comes first; that of the other must not go unheard meanwhile.
  aside?.catch(() => undefined);
  const show = (what: string) => (share: number, seconds: number) => {
    const percent = String(Math.floor(share * 100)).padStart(3);
    progress.show(`simulating ${what}: ${percent}%, ${formatMicros(Math.round(seconds) * 1e6)}`);
  };
  const nodes = `${String(spec.fabric.nodes.length)} nodes`;
  const result = simulate(spec, scenario, { ...settings, progress: show(nodes) });
  if (!wanted) return { result, compare: undefined };
  progress.show(`simulating ${nodes} without Typha …`);
  const other =
    aside === undefined
      ? simulate(withoutTypha, scenario, { ...settings, progress: show(`${nodes} without Typha`) })
      : await aside;
  return { result, compare: other };
}

/** A scenario that kills a Typha means nothing to a cluster without one. */
function touchesTypha(scenario: Scenario): boolean {
  return scenario.some(({ action }) => action.type === "kill" && action.daemon === "typha");
}

function page({ result, compare }: Outcome, { stdout }: Terminal): string {
  const tty = stdout.isTTY === true;
  const width = Math.min(WIDTH_MAX, Math.max(60, stdout.columns ?? 110));
  return renderText(result, {
    ...(compare === undefined ? {} : { compare }),
    ...(tty ? { width, colour: pc.createColors(pc.isColorSupported) } : {}),
  });
}

/** A file that is asked for, and how its text is made. */
interface Asked extends OutputFile {
  readonly text: (outcome: Outcome) => string;
}

function filesAskedFor({ report, junit, threshold }: RunOptions): readonly Asked[] {
  const html = ({ result, compare }: Outcome): string =>
    renderHtml(result, compare === undefined ? {} : { compare });
  const xml = ({ result }: Outcome): string => toJUnit(result, threshold);
  return [
    ...(report === undefined ? [] : [{ path: report, what: "report", text: html }]),
    ...(junit === undefined ? [] : [{ path: junit, what: "thresholds", text: xml }]),
  ];
}

async function writeFiles(
  outcome: Outcome,
  files: readonly Asked[],
  { stderr }: Terminal,
): Promise<void> {
  for (const file of files) {
    await writeOutputFile(file, file.text(outcome));
    stderr.write(`${file.what} written to ${file.path}\n`);
  }
}

function writeIssues(issues: readonly ManifestIssue[], { stderr }: Terminal): void {
  for (const issue of issues) {
    if (issue.severity === "warning") stderr.write(`${formatIssue(issue)}\n`);
  }
}

function writeViolations(violations: readonly Violation[], { stderr }: Terminal): void {
  for (const { text } of violations) stderr.write(`threshold missed: ${text}\n`);
}
