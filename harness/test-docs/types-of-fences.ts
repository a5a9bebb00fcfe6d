// Writes every `ts` fence of the documents as a module, so that the compiler checks it with the tests (`npm run types`).
import { fileURLToPath } from "node:url";
import { allFences, writeFences } from "./fences.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
writeFences(root, allFences(root), "fences-to-check");
