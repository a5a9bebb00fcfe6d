// Lets a worker thread run TypeScript from source: on Node 20 `--import tsx` does not reach it.
import { register } from "tsx/esm/api";

register();
await import("./run-case-worker.ts");
