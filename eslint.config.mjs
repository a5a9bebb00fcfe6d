// Type-aware rules and doc comments. Biome formats and holds the rules that need no types.
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import jsdoc from "eslint-plugin-jsdoc";
import tseslint from "typescript-eslint";

/** The simulated world: here time and chance come from the run, never from the machine. */
const simulated = ["core", "bgp", "felix", "typha", "cluster"].map(
  (name) => `packages/${name}/src/**/*.ts`,
);

const clock = "Simulated time comes from the engine's clock; a real clock breaks replay.";
const timer = "Schedule an event on the engine; real timers break replay.";
const chance = "Draw from a named random stream of the run.";

export default defineConfig(
  {
    ignores: ["**/node_modules/", "**/dist/", "out/", "coverage/", "conformance/", "ground-truth/"],
  },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.{js,mjs,cjs}"],
    extends: [js.configs.recommended],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        performance: "readonly",
        Buffer: "readonly",
        URL: "readonly",
        module: "writable",
      },
    },
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: "./tsconfig.test.json", tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/explicit-module-boundary-types": "error",

      // Typed arrays under noUncheckedIndexedAccess: `array[i]!` states a bound the loop has proved.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/restrict-plus-operands": ["error", { allowNumberAndString: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unnecessary-type-parameters": "off",

      // Biome reports these.
      "@typescript-eslint/no-unused-vars": "off",
      "no-unused-vars": "off",
    },
  },
  {
    files: ["packages/*/src/**/*.ts"],
    plugins: { jsdoc },
    rules: {
      "jsdoc/require-jsdoc": [
        "error",
        {
          publicOnly: true,
          enableFixer: false,
          checkConstructors: false,
          require: {
            FunctionDeclaration: true,
            ClassDeclaration: true,
            ArrowFunctionExpression: true,
          },
          contexts: ["TSInterfaceDeclaration", "TSTypeAliasDeclaration"],
        },
      ],
      "jsdoc/no-types": ["error"],
      "jsdoc/check-param-names": [
        "error",
        { checkDestructured: false, disableMissingParamChecks: true },
      ],
    },
  },
  {
    files: simulated,
    rules: {
      "no-restricted-globals": [
        "error",
        { name: "Date", message: clock },
        { name: "performance", message: clock },
        { name: "setTimeout", message: timer },
        { name: "setInterval", message: timer },
        { name: "setImmediate", message: timer },
        { name: "crypto", message: chance },
      ],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: chance },
        { object: "process", property: "hrtime", message: clock },
        { object: "globalThis", property: "Date", message: clock },
        { object: "globalThis", property: "performance", message: clock },
        { object: "globalThis", property: "setTimeout", message: timer },
      ],
    },
  },
  {
    files: ["**/test/**/*.ts", "**/test-docs/**/*.ts", "**/*.test.ts", "vitest.*.ts"],
    rules: {
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/no-empty-function": "off",
    },
  },
);
