export type { NextHop, Route, RouteListener, RouteType } from "./kernels.js";
export { Kernels, nextHopsOf, PROTOCOL } from "./kernels.js";
