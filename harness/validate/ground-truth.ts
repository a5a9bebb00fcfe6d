/** The set-up of one measured configuration; fields as in the ground-truth README, "Parameters". */
export interface LabParameters {
  readonly id: string;
  readonly scenario: string;
  readonly topology: string;
  readonly nodes: number;
  readonly blocks?: number | readonly number[];
  readonly subnets?: number;
  readonly tors?: number;
  readonly reflectors?: number;
  readonly clusters?: readonly { readonly clients: number; readonly rrs: number }[];
  readonly shuffle_ips?: boolean;
  readonly rr_peer_kind?: string;
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
  readonly joiners?: readonly number[];
  readonly join_delay?: number;
  readonly join_first?: boolean;
  readonly join_lead?: number;
  readonly down?: readonly number[];
  readonly operations?: number;
  readonly gap?: number;
  readonly batch?: number;
  readonly via?: string;
  readonly watch?: number;
  readonly full_watch?: boolean;
  readonly mode?: string;
  readonly victims?: readonly number[];
  readonly restart_after?: number;
  readonly dwell?: number;
  readonly dwell_jitter?: number;
}

/** A ground-truth file, as far as validation reads it. */
export interface GroundTruthFile {
  readonly id: string;
  readonly parameters: LabParameters;
  readonly machine?: { readonly cpus?: number };
  readonly summary: Readonly<Record<string, unknown>>;
  readonly runs?: readonly MeasuredRun[];
}

/** What validation takes from a measured run: the set-up as it came out, no result. */
export interface MeasuredRun {
  /** From the first start to the last. */
  readonly start_spread_s?: number;
  /** When the joiners' processes began. */
  readonly joiner_spawn_s?: readonly number[];
  /** When the victims' processes began again. */
  readonly restart_at_s?: readonly number[];
}

/** A distribution in full. */
export interface Summary {
  readonly n: number;
  readonly min: number;
  readonly p05: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p95: number;
  readonly max: number;
  readonly mean: number;
}

/** A distribution as a file's `summary` has it: in full, or with the median of the runs' medians alone. */
export type Measured = Partial<Summary> & { readonly median_of_runs?: number };
