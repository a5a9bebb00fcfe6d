#!/usr/bin/env node
// The `calico-sim` command inside this workspace: runs src/main.ts without a build.
// The published package points its bin at dist/main.js instead (publishConfig).
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const child = spawn(
  process.execPath,
  [
    "--import",
    import.meta.resolve("tsx"),
    "--conditions",
    "@calico-sim/source",
    fileURLToPath(new URL("../src/main.ts", import.meta.url)),
    ...process.argv.slice(2),
  ],
  { stdio: "inherit" },
);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}
child.on("error", (error) => {
  process.stderr.write(`calico-sim could not start: ${error.message}\n`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exitCode = code ?? 1;
  else {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
});
