import { HOUR, MINUTE, type Micros, SECOND } from "../engine/index.js";

const DAY = 24 * HOUR;
/** Days from 1970-01-01 to 2026-01-01, the date at which every simulated clock starts (assumed; any fixed date would do). */
const EPOCH_DAY = 20_454;

/**
 * Simulated time as an RFC 3339 timestamp in UTC: objects carry dates, runs carry microseconds.
 *
 * @example formatTimestamp(0) // "2026-01-01T00:00:00.000000Z"
 */
export function formatTimestamp(at: Micros): string {
  const day = Math.floor(at / DAY);
  const rest = at - day * DAY;
  const [y, m, d] = civil(day + EPOCH_DAY);
  const h = Math.floor(rest / HOUR);
  const minute = Math.floor((rest % HOUR) / MINUTE);
  const s = Math.floor((rest % MINUTE) / SECOND);
  const us = String(rest % SECOND).padStart(6, "0");
  return `${String(y).padStart(4, "0")}-${two(m)}-${two(d)}T${two(h)}:${two(minute)}:${two(s)}.${us}Z`;
}

function two(n: number): string {
  return n < 10 ? `0${String(n)}` : String(n);
}

/** Reads what {@link formatTimestamp} wrote, and any other RFC 3339 time in UTC; `undefined` for other text. */
export function parseTimestamp(text: string): Micros | undefined {
  const m = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  if (m === null) return undefined;
  const day = days(Number(m[1]), Number(m[2]), Number(m[3])) - EPOCH_DAY;
  const us = Number((m[7] ?? "").padEnd(6, "0").slice(0, 6));
  return day * DAY + Number(m[4]) * HOUR + Number(m[5]) * MINUTE + Number(m[6]) * SECOND + us;
}

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar (H. Hinnant's algorithm). */
function days(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return (
    era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
  );
}

/** The inverse of {@link days}. */
function civil(since1970: number): readonly [number, number, number] {
  const z = since1970 + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return [yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - Math.floor((153 * mp + 2) / 5) + 1];
}
