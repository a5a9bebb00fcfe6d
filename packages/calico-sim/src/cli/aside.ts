import { Worker } from "node:worker_threads";
import type { ClusterSpec, Result, Scenario } from "@calico-sim/cluster";
import type { Micros } from "@calico-sim/core";

/** A simulation as a worker thread takes it: plain data. */
export interface AsideJob {
  readonly spec: ClusterSpec;
  readonly scenario: Scenario;
  readonly settings: { readonly seed: string; readonly until?: Micros };
}

/** Simulates in a worker thread, beside what the caller does. The result is the same to the digest. */
export function simulateAside(job: AsideJob): Promise<Result> {
  const worker = new Worker(workerUrl(), { workerData: job });
  return new Promise<Result>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => {
      reject(new Error(`the worker thread ended with ${String(code)}`));
    });
  });
}

/** The worker's module; from sources one that first makes its thread understand TypeScript. */
function workerUrl(): URL {
  if (!import.meta.url.endsWith(".ts")) return new URL("./aside-worker.js", import.meta.url);
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const worker = JSON.stringify(new URL("./aside-worker.ts", import.meta.url).href);
  const code = `import { register } from ${tsx}; register(); await import(${worker});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
