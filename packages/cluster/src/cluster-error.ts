/** The call described a cluster that cannot be; the message says which option, its value, and what would be right. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}
