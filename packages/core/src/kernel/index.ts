export type { Route, RouteListener } from "./kernels.js";
export { Kernels, PROTOCOL } from "./kernels.js";
