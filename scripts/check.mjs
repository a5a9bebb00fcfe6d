// Runs every check two at a time and prints one line for each; the output of a failed one follows.
// `node scripts/check.mjs lint types` runs some of them; `--json FILE` writes the verdicts as data.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Name, npm script, in an order that keeps two cores busy to the end. */
const checks = [
  ["types", "types"],
  ["lint", "lint"],
  ["boundaries", "boundaries"],
  ["unused", "unused"],
  ["format", "format:check"],
];

const words = process.argv.slice(2);
const at = words.indexOf("--json");
const [, report] = at === -1 ? [] : words.splice(at, 2);
const unknown = words.filter((word) => !checks.some(([name]) => name === word));
if (unknown.length > 0) {
  const names = checks.map(([name]) => name).join(", ");
  process.stderr.write(`No such check: ${unknown.join(", ")}. There are: ${names}.\n`);
  process.exit(2);
}
const chosen = checks.filter(([name]) => words.length === 0 || words.includes(name));

function run([name, script]) {
  return new Promise((resolve) => {
    const began = performance.now();
    const output = [];
    const child = spawn("npm", ["run", "-s", script], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("error", (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.on("close", (code) => {
      const seconds = (performance.now() - began) / 1e3;
      const passed = code === 0;
      console.log(`${passed ? "ok  " : "FAIL"}  ${name.padEnd(10)}  ${seconds.toFixed(1)} s`);
      if (!passed) process.stdout.write(Buffer.concat(output));
      resolve({ name, passed, seconds });
    });
  });
}

const verdicts = [];
const waiting = [...chosen];
async function worker() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    verdicts.push(await run(next));
  }
}
await Promise.all([worker(), worker()]);

if (report !== undefined) {
  mkdirSync(dirname(report), { recursive: true });
  writeFileSync(report, `${JSON.stringify(verdicts, null, 2)}\n`);
}
process.exitCode = verdicts.every(({ passed }) => passed) ? 0 : 1;
