// Makes a fresh clone ready: installs the dependencies of the lockfile with the pinned pnpm, once.
// Needs only Node and npm. Silent and quick when nothing changed; never writes to stdout, because
// commands that print JSON run it first.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const file = (path) => new URL(`../${path}`, import.meta.url);
const readOr = (path, fallback) => {
  try {
    return readFileSync(file(path), "utf8");
  } catch {
    return fallback;
  }
};

const { packageManager } = JSON.parse(readFileSync(file("package.json"), "utf8"));
const wanted = createHash("sha256")
  .update(readFileSync(file("pnpm-lock.yaml")))
  .update(`\0${packageManager}\0${process.version}`)
  .digest("hex");

if (readOr("node_modules/.bootstrap", "") !== wanted) {
  const { spawnSync } = await import("node:child_process");
  process.stderr.write(`Installing dependencies with ${packageManager} (once per lockfile) …\n`);
  const install = ["-y", packageManager, "install", "--frozen-lockfile", "--prefer-offline"];
  const { status, error } = spawnSync("npx", install, {
    cwd: file("."),
    env: { ...process.env, CI: "true" },
    stdio: ["ignore", process.stderr, process.stderr],
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    const reason = error === undefined ? `exit code ${status}` : error.message;
    process.stderr.write(`Installing dependencies failed (${reason}); see above.\n`);
    process.exit(1);
  }
  writeFileSync(file("node_modules/.bootstrap"), wanted);
}
