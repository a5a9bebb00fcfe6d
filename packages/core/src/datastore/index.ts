export { BatchMemory } from "./batch-memory.js";
export type { DatastoreProfile, Figure } from "./cost-profile.js";
export { ETCD_PROFILE, KUBERNETES_PROFILE } from "./cost-profile.js";
export { Datastore } from "./datastore.js";
export type { DatastoreOptions, ServerLoad } from "./datastore-options.js";
export type { KindSize, SizeProfile } from "./object-size.js";
export { allocationCount, DEFAULT_SIZES, objectBytes } from "./object-size.js";
export { deepEqual, mergePatch } from "./plain-data.js";
export { endpointAddresses, hasEndpoint, POD_ANNOTATIONS } from "./pod-endpoint.js";
export { batchOf } from "./syncer-content.js";
export type { PairCount } from "./syncer-conversion.js";
export { changedPairs, convert, equalValue } from "./syncer-conversion.js";
export type { SyncerKinds } from "./syncer-kinds.js";
export { SYNCER_KINDS, streamCount } from "./syncer-kinds.js";
export type {
  ClientKind,
  DatastorePath,
  DatastoreRequest,
  MergePatch,
  RequestOutcome,
  RequestStatus,
  StoredKind,
  StoreObserver,
  SyncerSink,
  SyncerSource,
  SyncerType,
  SyncerUpdate,
  SyncStatus,
  UpdateBatch,
  Verb,
  WatchEvent,
  WatchReceiver,
} from "./types.js";
export { WatcherSyncers } from "./watcher-syncer.js";
export type {
  ClientNodes,
  WatcherSyncerConstants,
  WatcherSyncersOptions,
} from "./watcher-syncer-options.js";
export { WATCHER_SYNCER } from "./watcher-syncer-options.js";
