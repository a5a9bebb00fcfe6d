/** A local workload endpoint, as Felix's status file says it is up (calico: felix/statusrep/status_file_reporter.go). */
export interface LocalEndpoint {
  /** `namespace/name` of the pod. */
  readonly pod: string;
  /** Host side of its interface. */
  readonly device: string;
  readonly labels: Readonly<Record<string, string>>;
  /** In canonical form, of both families. */
  readonly addresses: readonly string[];
}

/** Felix's status files of every node. */
export interface LocalEndpoints {
  /** In the order of the pods' names. */
  of(node: number): readonly LocalEndpoint[];
}
