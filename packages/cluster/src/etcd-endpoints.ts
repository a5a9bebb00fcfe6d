/**
 * Where calico-config says that etcd is. A container reads it when it starts, so an edit reaches a node with the
 * next start of its calico-node, and not before.
 */
export class EtcdEndpoints {
  private readonly own: readonly string[];
  private written: readonly string[];

  /** @param own The etcd of this cluster: what the ConfigMap says when the run begins. */
  constructor(own: readonly string[]) {
    this.own = own;
    this.written = own;
  }

  /** The ConfigMap is edited. */
  write(endpoints: readonly string[]): void {
    this.written = endpoints;
  }

  /**
   * Why a container that starts now does not come to its datastore; undefined when it does. An etcd client uses any
   * endpoint that lets it in, so one of this cluster's is enough.
   */
  fault(): string | undefined {
    const { own, written } = this;
    if (own.length === 0 || written.some((endpoint) => own.includes(endpoint))) return undefined;
    return `calico-config names etcd at ${written.join(",") || "no endpoint"}, and this cluster's is at ${own.join(",")}`;
  }
}
