export { Kernels, PROTOCOL } from "./kernels.js";
export type { Route, RouteListener } from "./kernels.js";
