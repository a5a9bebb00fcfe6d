/**
 * Simulated time since the start of a run, or a span of it, in integer microseconds.
 *
 * Everything inside the simulator counts in this unit: integers make equality, replay and golden
 * files exact. People write `"2s"`, `"90ms"` or a number of microseconds (see {@link micros}).
 */
export type Micros = number;

/** What people may write where a time is asked for: `"1h30m"`, `"2.5s"`, `"90ms"`, `"40us"`, or microseconds. */
export type DurationInput = string | number;

/** One millisecond in {@link Micros}. */
export const MILLISECOND: Micros = 1_000;
/** One second in {@link Micros}. */
export const SECOND: Micros = 1_000_000;
/** One minute in {@link Micros}. */
export const MINUTE: Micros = 60_000_000;
/** One hour in {@link Micros}. */
export const HOUR: Micros = 3_600_000_000;

const UNITS: ReadonlyMap<string, Micros> = new Map([
  ["us", 1],
  ["µs", 1],
  ["ms", MILLISECOND],
  ["s", SECOND],
  ["m", MINUTE],
  ["h", HOUR],
]);

/**
 * Reads a duration.
 *
 * @throws RangeError naming the text when it is not a duration, is negative or is not finite.
 * @example micros("1m30s") // 90_000_000
 */
export function micros(input: DurationInput): Micros {
  if (typeof input === "number") {
    if (!(input >= 0 && input <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`duration ${String(input)} must be a finite number of microseconds ≥ 0`);
    }
    return Math.round(input);
  }
  if (typeof input !== "string") {
    const what = typeof input === "object" ? inJson(input) : String(input);
    throw new RangeError(`${what} is not a duration; write for example "90ms", "2s" or "1m30s"`);
  }
  const text = input.trim();
  const part = /(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)/gy;
  let total = 0;
  let end = 0;
  for (let m = part.exec(text); m !== null; m = part.exec(text)) {
    total += Number(m[1]) * (UNITS.get(m[2] ?? "") ?? Number.NaN);
    end = part.lastIndex;
  }
  if (end === 0 || end !== text.length) {
    throw new RangeError(`"${input}" is not a duration; write for example "90ms", "2s" or "1m30s"`);
  }
  if (total > Number.MAX_SAFE_INTEGER) {
    throw new RangeError(`"${input}" is longer than the clock can count (285 years)`);
  }
  return Math.round(total);
}

function inJson(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return "an object that JSON has no words for";
  }
}

/** Writes a time for people: `"3.204s"`, `"41ms"`, `"2m0.5s"`. Never loses more than a thousandth of the largest unit shown. */
export function formatMicros(t: Micros): string {
  if (t === Number.POSITIVE_INFINITY) return "never";
  if (!Number.isFinite(t)) return "n/a";
  const sign = t < 0 ? "-" : "";
  const abs = Math.abs(t);
  if (abs < MILLISECOND) return `${sign}${String(abs)}us`;
  if (abs < SECOND) return `${sign}${trim(abs / MILLISECOND, 3)}ms`;
  if (abs < 2 * MINUTE) return `${sign}${trim(abs / SECOND, 3)}s`;
  // Rounded before it is split, so that 179.96 s are three minutes and never 2m60s.
  const tenths = Math.round(abs / (100 * MILLISECOND));
  const h = Math.floor(tenths / 36_000);
  const m = Math.floor((tenths % 36_000) / 600);
  const s = trim((tenths % 600) / 10, 1);
  return h > 0 ? `${sign}${String(h)}h${String(m)}m${s}s` : `${sign}${String(m)}m${s}s`;
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.?0+$/, "");
}
