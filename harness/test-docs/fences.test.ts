// Every `ts` fence of README, docs and packages runs; `ts no-run` marks the rare one that cannot. `npm run types` checks them.
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { allFences, documents, fencesOf, writeFences } from "./fences.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fences = allFences(root);
const paths = writeFences(root, fences, "fences");

describe("fences of the documentation", () => {
  beforeEach(() => {
    vi.spyOn(console, "log").mockImplementation(() => {});
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("are found where readers look", () => {
    const counted = documents(root).map((file) => {
      const text = readFileSync(`${root}/${file}`, "utf8");
      return (text.match(/^\s*```(ts|typescript)\b/gm) ?? []).length;
    });
    expect(fences.length).toBe(counted.reduce((a, b) => a + b, 0));
  });

  it("are cut out with their place and their mark", () => {
    const text =
      "# T\n\n```ts\nconst a = 1;\n```\n\n- x\n  ```ts no-run\n  b();\n  ```\n```sh\nls\n```\n";
    expect(fencesOf("t.md", text)).toEqual([
      { file: "t.md", line: 4, noRun: false, code: "const a = 1;" },
      { file: "t.md", line: 9, noRun: true, code: "b();" },
    ]);
  });

  fences.forEach(({ file, line, noRun }, i) => {
    it.skipIf(noRun)(`${file}:${String(line)} runs`, async () => {
      await import(pathToFileURL(paths[i] ?? "").href);
    });
  });
});
