export * from "./engine/index.js";
export * from "./nodes.js";
