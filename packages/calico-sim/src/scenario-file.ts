import {
  type ClusterSpec,
  checkSpec,
  namesIn,
  type Scenario,
  type ScenarioError,
  type ScenarioFault,
  type Step,
  scenarioFaults,
} from "@calico-sim/cluster";
import {
  didYouMean,
  type IssueParts,
  isRecord,
  micros,
  type PathSegment,
  showValue,
} from "@calico-sim/core";
import {
  formatIssue,
  loadSource,
  type ManifestDocument,
  ManifestFileError,
  type ManifestIssue,
  type ManifestIssueCode,
  type ManifestSource,
} from "@calico-sim/manifests";
import { ACTION_FORMS, type ActionForm, type FieldType, namesOf } from "./scenario-actions.js";
import { inOrder, placed, singleDocument } from "./single-document.js";

/** A scenario file holds errors; the message shows each with its line and field. */
export class ScenarioFileError extends Error {
  override readonly name = "ScenarioFileError";
  readonly issues: readonly ManifestIssue[];

  constructor(issues: readonly ManifestIssue[]) {
    super(issues.map(formatIssue).join("\n"));
    this.issues = issues;
  }
}

/**
 * Reads a scenario from a file: a YAML or JSON list of steps.
 *
 * @throws ManifestFileError when the file cannot be read.
 * @throws ScenarioFileError as {@link readScenario}.
 */
export async function loadScenario(path: string, spec: ClusterSpec): Promise<Scenario> {
  return (await loadPlacedScenario(path, spec)).scenario;
}

/** A scenario with the places of its steps. */
export interface PlacedScenario {
  readonly scenario: Scenario;
  /** What a run found wrong with steps, with their places in the file. */
  failure(error: ScenarioError): ScenarioFileError;
}

/** As {@link loadScenario}, with the places of the steps. */
export async function loadPlacedScenario(path: string, spec: ClusterSpec): Promise<PlacedScenario> {
  try {
    return placedScenario(await loadSource(path), spec);
  } catch (error) {
    if (!(error instanceof ManifestFileError)) throw error;
    throw new ManifestFileError(error.code, path, `scenario ${error.message}`);
  }
}

/**
 * Reads a scenario: a list of steps, each with a time, the name of an action and its fields.
 *
 * @throws ScenarioFileError with file, line and field of everything that is wrong, names that the
 * cluster does not have included.
 * @example
 * readScenario({ name: "scenario.yaml", text: "- { at: 5m, action: node-crash, node: node-3 }" }, spec)
 */
export function readScenario(source: ManifestSource, spec: ClusterSpec): Scenario {
  return placedScenario(source, spec).scenario;
}

function placedScenario(source: ManifestSource, spec: ClusterSpec): PlacedScenario {
  checkSpec(spec);
  const { document, issues } = singleDocument(source);
  const reader = new ScenarioReader(spec, source.name, document, issues);
  const scenario = issues.length > 0 ? [] : reader.read();
  if (issues.length > 0) throw new ScenarioFileError(inOrder(issues));
  return {
    scenario: Object.freeze(scenario),
    failure: ({ faults }) => new ScenarioFileError(faults.map((fault) => reader.place(fault))),
  };
}

const SHAPE = "{ at: 5m, action: node-crash, node: worker-1 }";

class ScenarioReader {
  private readonly spec: ClusterSpec;
  private readonly file: string;
  private readonly document: ManifestDocument | undefined;
  private readonly issues: ManifestIssue[];
  private joining: readonly string[] = [];
  private readonly steps: Step[] = [];
  /** Of each step, its place in the file. */
  private readonly places: number[] = [];

  constructor(
    spec: ClusterSpec,
    file: string,
    document: ManifestDocument | undefined,
    issues: ManifestIssue[],
  ) {
    this.spec = spec;
    this.file = file;
    this.document = document;
    this.issues = issues;
  }

  read(): readonly Step[] {
    const value = this.document?.value;
    if (!Array.isArray(value)) {
      this.report([], {
        code: "TYPE_WRONG",
        message: `a scenario is a list of steps such as ${SHAPE}`,
        got: value,
      });
      return [];
    }
    const items: readonly unknown[] = value;
    this.joining = items.flatMap((item) =>
      isRecord(item) && item["action"] === "node-join" ? [String(item["name"])] : [],
    );
    for (const [i, item] of items.entries()) {
      for (const step of this.step(item, [i])) {
        this.steps.push(step);
        this.places.push(i);
      }
    }
    // Who would join in a step that cannot be read is no stranger to the others.
    const unread = this.issues.length > 0 ? { unread: this.joining } : {};
    for (const fault of scenarioFaults(this.steps, { ...namesIn(this.spec), ...unread }))
      this.issues.push(this.place(fault));
    return this.steps;
  }

  /** A finding about a step, with its place in the file. The fields of a joining node stand in the step itself. */
  place({ index, issue }: ScenarioFault): ManifestIssue {
    const [, ...within] = issue.path ?? [];
    const joins = this.steps[index]?.action.type === "node-join" && within[0] === "node";
    const field = within.length === 0 ? ["action"] : joins ? within.slice(1) : within;
    const path = [this.places[index] ?? index, ...field];
    return placed(this.file, this.document, { ...issue, path });
  }

  private step(item: unknown, path: readonly PathSegment[]): readonly Step[] {
    if (!isRecord(item)) {
      this.report(path, {
        code: "TYPE_WRONG",
        message: `a step is an object such as ${SHAPE}`,
        got: item,
      });
      return [];
    }
    const at = this.field(item, "at", { type: "duration" }, path);
    const action = this.field(
      item,
      "action",
      { type: "word", words: Object.keys(ACTION_FORMS) },
      path,
    );
    if (typeof action !== "string") return [];
    const form = ACTION_FORMS[action as keyof typeof ACTION_FORMS];
    const values = this.values(item, action, form, path);
    if (typeof at !== "number" || values === undefined) return [];
    return [{ at, action: Object.freeze(form.make(values)) }];
  }

  /** The fields of an action; undefined when one is wrong. */
  private values(
    item: Readonly<Record<string, unknown>>,
    action: string,
    form: ActionForm,
    path: readonly PathSegment[],
  ): Readonly<Record<string, unknown>> | undefined {
    const before = this.issues.length;
    const known = Object.keys(form.fields);
    for (const name of Object.keys(item)) {
      if (name === "at" || name === "action" || known.includes(name)) continue;
      this.report([...path, name], {
        code: "FIELD_UNKNOWN",
        message: `${action} has no field ${JSON.stringify(name)}${didYouMean(name, known)}`,
        want: known.length === 0 ? "no further field" : known.join(", "),
      });
    }
    const values: Record<string, unknown> = {};
    for (const [name, { holds, ...rest }] of Object.entries(form.fields)) {
      if ((item[name] ?? undefined) === undefined && "absent" in rest) {
        if (rest.absent !== undefined) values[name] = rest.absent;
      } else values[name] = this.field(item, name, holds, path);
    }
    return this.issues.length > before ? undefined : values;
  }

  private field(
    item: Readonly<Record<string, unknown>>,
    name: string,
    holds: FieldType,
    path: readonly PathSegment[],
  ): unknown {
    const value = item[name];
    const place = [...path, name];
    if (value === undefined || value === null) {
      this.report(place, {
        code: "FIELD_REQUIRED",
        message: `a step needs ${JSON.stringify(name)}`,
        want: this.wanted(holds),
      });
      return undefined;
    }
    const read = this.value(value, holds);
    if (read === undefined) {
      const near = typeof value === "string" ? didYouMean(value, this.candidates(holds)) : "";
      this.report(place, {
        code: holds.type === "duration" ? "DURATION_INVALID" : "VALUE_UNKNOWN",
        message: `${JSON.stringify(name)} cannot be ${showValue(value)}${near}`,
        want: this.wanted(holds),
      });
    }
    return read;
  }

  /** The value as an action takes it; undefined when it cannot be. */
  private value(value: unknown, holds: FieldType): unknown {
    switch (holds.type) {
      case "text":
        return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
      case "name":
      case "word":
        return this.candidates(holds).find((word) => word === value);
      case "count":
        return Number.isInteger(value) && (value as number) > 0 ? value : undefined;
      case "rate":
        return typeof value === "number" && value > 0 ? value : undefined;
      case "amount":
        return Number.isSafeInteger(value) && (value as number) >= 0 ? value : undefined;
      case "share":
        return typeof value === "number" && value >= 0 && value <= 1 ? value : undefined;
      case "duration":
        return durationOf(value, holds.never === true);
      case "labels":
        return isRecord(value) && Object.values(value).every((v) => typeof v === "string")
          ? value
          : undefined;
      case "families":
        // Which there are is for the check of all steps to say, with the place of each.
        return Array.isArray(value) ? value : undefined;
      case "texts":
        return isTexts(value) && value.length > 0 ? value : undefined;
      case "pair":
        return isTexts(value) && value.length === 2 ? value : undefined;
      case "resources":
        return Array.isArray(value) && value.length > 0 ? value : undefined;
    }
  }

  private candidates(holds: FieldType): readonly string[] {
    if (holds.type === "word") return holds.words;
    if (holds.type !== "name") return [];
    const names = namesOf(this.spec, holds.of);
    return holds.of === "node" || holds.of === "host" ? [...names, ...this.joining] : names;
  }

  private wanted(holds: FieldType): string {
    switch (holds.type) {
      case "text":
        return "text";
      case "name": {
        const names = this.candidates(holds);
        return names.length <= 8
          ? `a ${holds.of}: ${names.join(", ")}`
          : `a ${holds.of}, from ${names[0] ?? ""} to ${names.at(-1) ?? ""}`;
      }
      case "word":
        return holds.words.join(", ");
      case "count":
        return "a whole number from 1";
      case "rate":
        return "a number above 0";
      case "amount":
        return "a whole number from 0";
      case "share":
        return "a number from 0 to 1";
      case "duration":
        return `a duration such as 90s, 5m or 1h30m${holds.never === true ? ", or never" : ""}`;
      case "labels":
        return "labels as text";
      case "families":
        return "a list of 4, 6 or both";
      case "texts":
        return "a list of texts";
      case "pair":
        return "the names of two ends: [a, b]";
      case "resources":
        return "a list of resources";
    }
  }

  private report(path: readonly PathSegment[], parts: IssueParts<ManifestIssueCode>): void {
    this.issues.push(placed(this.file, this.document, { ...parts, path }));
  }
}

function durationOf(value: unknown, never: boolean): number | undefined {
  if (never && value === "never") return Number.POSITIVE_INFINITY;
  if (value === 0) return 0;
  // A bare number would be microseconds, which nobody means who writes YAML by hand.
  if (typeof value !== "string") return undefined;
  try {
    return micros(value);
  } catch {
    return undefined;
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((v) => typeof v === "string");
}
