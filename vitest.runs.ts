// How far properties search: FC_SEED and FC_RUNS widen it, for a soak.

/** Reads a whole number from the environment, or takes the default when the variable is absent. */
export function wholeNumber(name: string, absent: number): number {
  const text = process.env[name];
  if (text === undefined || text === "") return absent;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new Error(`${name} must be a whole number, not "${text}"`);
  }
  return value;
}

/** Runs of a property: few for every commit, as many as `FC_RUNS` says for a soak. */
export function runs(usual: number): { readonly numRuns: number } {
  return { numRuns: wholeNumber("FC_RUNS", usual) };
}

/** Milliseconds for one property: a minute, and in a soak as long as so many runs may take. */
export const PROPERTY_TIMEOUT: number = Math.max(60_000, 3_000 * wholeNumber("FC_RUNS", 0));
