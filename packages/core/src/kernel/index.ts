export type { NextHop, Route, RouteListener } from "./kernels.js";
export { Kernels, nextHopsOf, PROTOCOL } from "./kernels.js";
