import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { test } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { arbitraryCase, atRest, type Case } from "./support.js";

describe("a worker thread", () => {
  let worker: Worker;

  beforeAll(async () => {
    worker = new Worker(new URL("./worker-boot.mjs", import.meta.url), {
      execArgv: ["-C", "@calico-sim/source"],
    });
    expect(await once(worker, "message")).toEqual(["ready"]);
  });

  afterAll(async () => {
    await worker.terminate();
  });

  test.prop([arbitraryCase({ during: "2m" })], runs(8))(
    "gets the same history and the same Result as the main thread",
    async (each: Case) => {
      const answered = once(worker, "message");
      // What travels is data; the text that fast-check prints for a cluster stays here.
      worker.postMessage(JSON.parse(JSON.stringify(each)));
      const here = atRest(each);
      const [there] = (await answered) as [{ digest: string; result: unknown }];
      expect(there.digest).toBe(here.digest());
      expect(there.result).toEqual(here.result());
    },
  );
});
