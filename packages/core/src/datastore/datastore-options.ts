import type { Micros } from "../engine/index.js";
import type { DatastoreProfile } from "./cost-profile.js";
import type { SizeProfile } from "./object-size.js";
import type { DatastorePath } from "./types.js";

/** Options of {@link import("./datastore.js").Datastore}. */
export interface DatastoreOptions {
  readonly flavour: "kubernetes" | "etcd";
  /** Network between the nodes and the server. */
  readonly path: DatastorePath;
  /** Costs of the server. @defaultValue that of the flavour */
  readonly profile?: DatastoreProfile;
  /** Sizes of objects. @defaultValue `DEFAULT_SIZES` */
  readonly sizes?: SizeProfile;
  /** Servers that share the load. @defaultValue 1 */
  readonly replicas?: number;
  /** When a request to an unreachable server fails. @defaultValue 30 s (assumed) */
  readonly requestTimeout?: Micros;
}

/** How busy the server was. */
export interface ServerLoad {
  /** Core time spent. */
  readonly busyMicros: number;
  readonly cores: number;
  /** Work queued now, as time until a core is free. */
  readonly backlogMicros: number;
  /** Longest wait for a core so far. */
  readonly waitMaxMicros: number;
}
