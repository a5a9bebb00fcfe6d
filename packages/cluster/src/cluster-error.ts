/** The call described a cluster that cannot be; the message says which option, its value, and what would be right. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
  /** The option, as a path of field names and indices; undefined where it is none alone. */
  readonly path: readonly (string | number)[] | undefined;

  constructor(message: string, path?: readonly (string | number)[]) {
    super(message);
    this.path = path;
  }
}
