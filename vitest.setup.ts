// A fixed fast-check seed makes every run repeatable; FC_SEED and FC_RUNS widen the search.
import fc from "fast-check";
import { wholeNumber } from "./vitest.runs.js";

fc.configureGlobal({
  seed: wholeNumber("FC_SEED", 0x5eed),
  numRuns: wholeNumber("FC_RUNS", 100),
});
