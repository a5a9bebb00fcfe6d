import { MESH } from "./mesh.js";
import { REFLECTORS } from "./reflectors.js";
import { MESH_AND_ROUTERS, ROUTERS } from "./routers.js";
import type { Topology } from "./topology.js";

/** Topologies by the value of the parameter `topology`. */
export const TOPOLOGIES: ReadonlyMap<string, Topology> = new Map([
  ["mesh", MESH],
  ["mesh_tor", MESH_AND_ROUTERS],
  ["rr", REFLECTORS],
  ["tor_as", ROUTERS],
]);
