/** Shown where there is no figure: nobody was touched, or nothing happened. */
export const NONE = "–";

/** Writes a whole number with thousands separators: `12,400`. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Writes a span of seconds with three digits at most: `0s`, `245ms`, `3.24s`, `41.3s`, `3m20s`. */
export function seconds(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "never";
  if (!Number.isFinite(value)) return NONE;
  if (value === 0) return "0s";
  if (value < 0.001) return `${String(Math.round(value * 1e6))}us`;
  if (value < 0.9995) return `${threeDigits(value * 1e3)}ms`;
  if (value < 119.95) return `${threeDigits(value)}s`;
  return clock(Math.round(value));
}

/** Writes a moment of a run: `0s`, `5m`, `12m30s`, `1h02m`. */
export function clock(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  const whole = Math.floor(value);
  const fraction = value - whole;
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = whole % 60;
  const rest = fraction < 0.05 ? String(s) : (s + fraction).toFixed(1);
  if (h > 0) return `${String(h)}h${String(m).padStart(2, "0")}m${s > 0 ? `${rest}s` : ""}`;
  if (m > 0) return `${String(m)}m${s > 0 || fraction >= 0.05 ? `${rest}s` : ""}`;
  return `${rest}s`;
}

/** Writes an amount of data in decimal units: `512 B`, `1.24 MB`. */
export function bytes(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let amount = value;
  let unit = 0;
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? count(amount) : threeDigits(amount)} ${units[unit] ?? "B"}`;
}

/** Writes a share of one: `12%`, `0.3%`. */
export function percent(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  const share = value * 100;
  if (share === 0) return "0%";
  if (share < 0.1) return "<0.1%";
  return `${share < 9.95 ? share.toFixed(1) : String(Math.round(share))}%`;
}

/** Writes how many times larger one figure is than another: `8.4×`, `120×`. */
export function times(factor: number): string {
  if (!Number.isFinite(factor)) return NONE;
  return `${factor < 9.95 ? trimmed(factor.toFixed(1)) : count(factor)}×`;
}

/** Writes a count with its noun: `1 pod`, `3,000 pods`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

function threeDigits(value: number): string {
  return trimmed(
    value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0),
  );
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
