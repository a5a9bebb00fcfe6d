/**
 * Kubernetes and Calico manifests, in and out.
 *
 * @module
 */
export type {
  Backend,
  CNISettings,
  InstallSettings,
  KubeControllersSettings,
  TyphaSettings,
} from "./install/settings.js";
export { operatorTyphaReplicas } from "./install/typha-replicas.js";
export { formatIssue, type ManifestIssue, type ManifestIssueCode } from "./issue.js";
export {
  type FolderFiles,
  filesOfFolder,
  type LoadOptions,
  loadManifestFiles,
  loadSource,
  ManifestFileError,
  type ManifestFileFault,
} from "./load.js";
export { type ReadOptions, type ReadResult, readManifests } from "./read.js";
export {
  type ManifestDocument,
  type ParsedSource,
  parseSource,
  type SyntaxFault,
} from "./source/document.js";
export { type Location, type ManifestSource, soundSource } from "./source/source-text.js";
export { writeManifests } from "./write.js";
