// A fixed fast-check seed makes every run repeatable; FC_SEED and FC_RUNS widen the search.
import fc from "fast-check";

/** Reads a whole number from the environment, or takes the default when the variable is absent. */
function wholeNumber(name: string, absent: number): number {
  const text = process.env[name];
  if (text === undefined || text === "") return absent;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new Error(`${name} must be a whole number, not "${text}"`);
  }
  return value;
}

fc.configureGlobal({
  seed: wholeNumber("FC_SEED", 0x5eed),
  numRuns: wholeNumber("FC_RUNS", 100),
});
