/** The set-up of one measured configuration; fields as in the ground-truth README, "Parameters". */
export interface LabParameters {
  readonly id: string;
  readonly scenario: string;
  readonly topology: string;
  readonly nodes: number;
  readonly blocks?: number | readonly number[];
  readonly subnets?: number;
  readonly stagger?: number;
  readonly spread?: number;
  readonly clock_phase?: string;
  readonly recovery?: boolean;
  readonly both_active?: boolean;
  readonly add_paths?: boolean;
  readonly missing?: readonly number[];
  readonly hold?: number;
  readonly keepalive?: number;
  readonly gr_time?: number;
  readonly gr_wait?: number;
  readonly graceful_restart?: boolean;
  readonly timeout?: number;
}

/** A ground-truth file, as far as validation reads it. */
export interface GroundTruthFile {
  readonly id: string;
  readonly parameters: LabParameters;
  readonly machine?: { readonly cpus?: number };
  readonly summary: Readonly<Record<string, unknown>>;
  readonly runs?: readonly { readonly start_spread_s?: number }[];
}

const MODELLED: ReadonlySet<string> = new Set([
  "id",
  "scenario",
  "topology",
  "nodes",
  "blocks",
  "subnets",
  "repeats",
  "keep",
  "timeout",
  "stagger",
  "spread",
  "clock_phase",
  "recovery",
  "add_paths",
  "missing",
  "hold",
  "keepalive",
  "gr_time",
  "gr_wait",
]);

/** Why a configuration is not modelled yet; empty when it is. */
export function notModelled(parameters: LabParameters): string[] {
  const why: string[] = [];
  if (parameters.scenario !== "cold") why.push(`scenario "${parameters.scenario}"`);
  if (parameters.topology !== "mesh") why.push(`topology "${parameters.topology}"`);
  for (const key of Object.keys(parameters)) if (!MODELLED.has(key)) why.push(`parameter "${key}"`);
  return why;
}
