import { type ApiResource, asNumberAt } from "./resource.js";

/** AS of a cluster that says nothing (calico: confd/pkg/backends/calico/client.go:63-67). */
const DEFAULT_AS_NUMBER = "64512";

/** The AS of nodes that have none of their own, from the BGPConfiguration `default` if there is one. */
export function defaultASNumber(configuration: ApiResource | undefined): string {
  return configuration === undefined
    ? DEFAULT_AS_NUMBER
    : asNumberAt(configuration, "spec.asNumber", DEFAULT_AS_NUMBER);
}
