import { MESH } from "./mesh.js";
import type { Topology } from "./topology.js";

/** Topologies by the value of the parameter `topology`. */
export const TOPOLOGIES: ReadonlyMap<string, Topology> = new Map([["mesh", MESH]]);
