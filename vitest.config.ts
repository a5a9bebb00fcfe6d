import { defineConfig } from "vitest/config";
import { PROPERTY_TIMEOUT } from "./vitest.runs.js";

/** `@calico-sim/source` resolves our own packages to their sources: tests never wait for a build. */
const conditions = ["@calico-sim/source", "module", "node", "import"];

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
};

const common = {
  environment: "node" as const,
  setupFiles: ["./vitest.setup.ts"],
  // Files share what they import: our modules keep no state, and importing them anew costs more than most tests.
  isolate: false,
  testTimeout: 30_000,
};

export default defineConfig({
  ...shared,
  test: {
    passWithNoTests: true,
    // Vitest leaves one core idle otherwise, which is half of a small machine.
    maxWorkers: "100%",
    // The JSON file is what .ci/run counts; `--reporter` on the command line replaces both.
    reporters: ["default", ["json", { outputFile: "out/test-results.json" }]],
    projects: [
      {
        ...shared,
        test: {
          ...common,
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: ["**/*.prop.test.ts", "**/node_modules/**"],
        },
      },
      {
        ...shared,
        test: {
          ...common,
          name: "properties",
          include: ["**/*.prop.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**"],
          testTimeout: PROPERTY_TIMEOUT,
        },
      },
      {
        ...shared,
        test: {
          ...common,
          name: "conformance",
          include: ["harness/test/**/*.test.ts"],
          exclude: ["**/*.prop.test.ts", "**/node_modules/**"],
          testTimeout: 120_000,
        },
      },
      {
        ...shared,
        test: {
          ...common,
          name: "docs",
          include: ["harness/test-docs/**/*.test.ts"],
          exclude: ["**/*.prop.test.ts", "**/node_modules/**"],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
