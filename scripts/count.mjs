// Adds up out/test-results.json and out/checks.json for .ci/run and prints `N passed, N failed`.
// Arguments: the exit codes of the tests and of the checks. A failure that left no trace in the
// files (a crash, an unhandled rejection, a file that did not load) still counts as one.
import { readFileSync } from "node:fs";

const [testExit, checkExit] = process.argv.slice(2).map(Number);

function read(path) {
  try {
    return JSON.parse(readFileSync(new URL(`../out/${path}`, import.meta.url), "utf8"));
  } catch {
    return undefined;
  }
}

const files = read("test-results.json")?.testResults ?? [];
const tests = { passed: 0, failed: 0, skipped: 0 };
for (const { status, assertionResults } of files) {
  const count = (...wanted) => assertionResults.filter((one) => wanted.includes(one.status)).length;
  const failed = count("failed");
  tests.passed += count("passed");
  tests.failed += status === "failed" ? Math.max(failed, 1) : failed;
  tests.skipped += count("skipped", "pending", "todo", "disabled");
}
if (testExit !== 0 && tests.failed === 0) tests.failed = 1;

const verdicts = read("checks.json") ?? [];
const checks = {
  passed: verdicts.filter(({ passed }) => passed).length,
  failed: verdicts.filter(({ passed }) => !passed).length,
};
if (checkExit !== 0 && checks.failed === 0) checks.failed = 1;

console.log(`tests   ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`);
console.log(`checks  ${checks.passed} passed, ${checks.failed} failed`);
const failed = tests.failed + checks.failed;
console.log(`${tests.passed + checks.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
