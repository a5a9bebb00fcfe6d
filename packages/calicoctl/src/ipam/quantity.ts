/** Significant digits of a count in `ipam show`. */
const DIGITS = 5;

/**
 * A count as Go prints it with `%.5g`: at most five significant digits, halves to even, and an exponent of two
 * digits from 10⁵ on.
 *
 * @param count A whole number, 0 or more; above 2⁵³ it is taken as the nearest double first, as in Go.
 */
export function fiveDigits(count: number | bigint): string {
  const text = BigInt(Number(count)).toString();
  const dropped = text.length - DIGITS;
  if (dropped <= 0) return text;
  const unit = 10n ** BigInt(dropped);
  const rounded = halfToEven(BigInt(text), unit);
  const digits = rounded.toString();
  const exponent = digits.length - 1 + dropped;
  const fraction = digits.slice(1, DIGITS).replace(/0+$/, "");
  const mantissa = fraction === "" ? digits.slice(0, 1) : `${digits.slice(0, 1)}.${fraction}`;
  return `${mantissa}e+${String(exponent).padStart(2, "0")}`;
}

/** A part of a whole as Go prints it with `%.f%%`: whole per cent, halves to even. */
export function wholePercent(part: number | bigint, whole: number | bigint): string {
  const percent = (100 * Number(part)) / Number(whole);
  const below = Math.floor(percent);
  const rest = percent - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return `${String(up ? below + 1 : below)}%`;
}

function halfToEven(value: bigint, unit: bigint): bigint {
  const below = value / unit;
  const twice = 2n * (value % unit);
  const up = twice > unit || (twice === unit && below % 2n === 1n);
  return up ? below + 1n : below;
}
