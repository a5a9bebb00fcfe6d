import type { ChangeResult, Convergence, Result } from "@calico-sim/cluster";
import { isRecord } from "@calico-sim/core";

/** A figure that a path names. */
export interface Figure {
  /** Seconds, bytes, share of one, or a number; NaN where there is nothing to measure. */
  readonly value: number;
  readonly unit: "seconds" | "bytes" | "share" | "number" | "boolean";
  /** What it was found at, where the path stands for the worst of many. */
  readonly where?: string;
}

/** A path that leads nowhere: the name that is not there, and those that are. */
export interface Unknown {
  readonly unknown: string;
  /** The part of the path that was found. */
  readonly under: string;
  readonly candidates: readonly string[];
}

/** The quantiles that the short forms know, and the share of late nodes each can bear. */
const SHORT = {
  p50: { field: "p50Seconds", bears: 0.5 },
  p99: { field: "p99Seconds", bears: 0.01 },
  max: { field: "maxSeconds", bears: 0 },
} as const;

const SHORT_ROOTS: Readonly<Record<string, readonly ("controlPlane" | "dataPlane")[]>> = {
  convergence: ["controlPlane", "dataPlane"],
  controlPlane: ["controlPlane"],
  dataPlane: ["dataPlane"],
};

/** Finds the figure a path names. */
export function resolveFigure(result: Result, path: string): Figure | Unknown {
  const steps = stepsOf(path);
  const [root = "", field = ""] = steps;
  const planes = Object.hasOwn(SHORT_ROOTS, root) ? SHORT_ROOTS[root] : undefined;
  if (planes !== undefined && steps.length <= 2) return worstChange(result, root, planes, field);
  return walk(result, steps);
}

/** `changes["crash node-1"].dataPlane.p99` → changes, crash node-1, dataPlane, p99. */
function stepsOf(path: string): readonly string[] {
  const steps: string[] = [];
  const step = /\[(?:"([^"]*)"|'([^']*)'|([^\]]*))\]|([^.[\]]+)/g;
  for (const match of path.matchAll(step)) {
    steps.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? "");
  }
  return steps;
}

function worstChange(
  result: Result,
  root: string,
  planes: readonly ("controlPlane" | "dataPlane")[],
  field: string,
): Figure | Unknown {
  const name = field.replace(/Seconds$/, "");
  if (name !== "unconverged" && !Object.hasOwn(SHORT, name)) {
    return { unknown: field, under: root, candidates: [...Object.keys(SHORT), "unconverged"] };
  }
  const of = (convergence: Convergence): number =>
    name === "unconverged"
      ? convergence.unconverged
      : lateness(convergence, name as keyof typeof SHORT);
  let worst: Figure = { value: Number.NaN, unit: name === "unconverged" ? "number" : "seconds" };
  for (const change of result.changes) {
    for (const plane of planes) {
      const value = of(change[plane]);
      if (Number.isNaN(value) || value <= worst.value) continue;
      worst = { ...worst, value, where: whereOf(change, plane, planes.length > 1) };
    }
  }
  return worst;
}

function whereOf(change: ChangeResult, plane: string, both: boolean): string {
  const named = plane === "controlPlane" ? "control plane" : "data plane";
  return `${both ? `${named}, ` : ""}change ${JSON.stringify(change.label)}`;
}

/** A quantile over all nodes touched; late ones converge never. */
function lateness(convergence: Convergence, name: keyof typeof SHORT): number {
  const { field, bears } = SHORT[name];
  const { nodes, unconverged } = convergence;
  if (unconverged > 0 && unconverged / (nodes + unconverged) > bears) {
    return Number.POSITIVE_INFINITY;
  }
  return convergence[field];
}

function walk(result: Result, steps: readonly string[]): Figure | Unknown {
  let value: unknown = result;
  const found: string[] = [];
  for (const step of steps) {
    const name = nameIn(value, step);
    if (name === undefined) {
      return { unknown: step, under: found.join("."), candidates: namesIn(value, found.length) };
    }
    found.push(name);
    value = (value as Record<string, unknown>)[name];
  }
  const last = found.at(-1) ?? "";
  if (typeof value === "boolean") return { value: value ? 1 : 0, unit: "boolean" };
  if (typeof value === "number") return { value, unit: unitOf(found, last) };
  if (value === undefined) return { value: Number.NaN, unit: unitOf(found, last) };
  return { unknown: "", under: found.join("."), candidates: namesIn(value, found.length) };
}

function nameIn(value: unknown, step: string): string | undefined {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (/^\d+$/.test(step)) return Number(step) < items.length ? step : undefined;
    const labels = items.map((item) => (isRecord(item) ? String(item["label"]) : ""));
    const index = labels.indexOf(step);
    if (index >= 0) return String(index);
    const begins = labels.filter((label) => label.startsWith(step));
    return begins.length === 1 ? String(labels.indexOf(begins[0] ?? "")) : undefined;
  }
  if (!isRecord(value)) return undefined;
  return [step, `${step}Seconds`].find((name) => Object.hasOwn(value, name));
}

function namesIn(value: unknown, depth: number): readonly string[] {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items
      .slice(0, 12)
      .map((item, i) =>
        isRecord(item) && typeof item["label"] === "string" ? item["label"] : String(i),
      );
  }
  const names = isRecord(value) ? Object.keys(value) : [];
  return depth === 0 ? [...Object.keys(SHORT_ROOTS), ...names] : names;
}

/** Units stand in the names; the figures of a distribution have that of its name. */
function unitOf(path: readonly string[], last: string): Figure["unit"] {
  if (last === "n" || /pairSeconds$/i.test(last)) return "number";
  if (path.some((name) => name.endsWith("Seconds"))) return "seconds";
  if (path[0] === "utilisation") return "share";
  return /bytes/i.test(last) || path.includes("bytes") ? "bytes" : "number";
}
