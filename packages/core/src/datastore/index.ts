export type { DatastoreProfile } from "./cost-profile.js";
export type { DatastoreOptions } from "./datastore.js";
export { Datastore } from "./datastore.js";
export type { SizeProfile } from "./object-size.js";
export { changedPairs, convert, equalValue } from "./syncer-conversion.js";
export type {
  ClientKind,
  DatastorePath,
  DatastoreRequest,
  MergePatch,
  RequestOutcome,
  RequestStatus,
  StoredKind,
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
export type { ClientNodes, WatcherSyncersOptions } from "./watcher-syncer.js";
export { WatcherSyncers } from "./watcher-syncer.js";
