/**
 * The objects of the real API, typed, validated and defaulted.
 *
 * @module
 */
export {
  type BGPConfiguration,
  type BGPFilter,
  type BGPPeer,
  type BlockAffinity,
  type ClusterInformation,
  type EncapsulationMode,
  type FelixConfiguration,
  type IPAMBlock,
  type IPAMConfig,
  type IPAMHandle,
  type IPPool,
  type IPReservation,
  type KnownResource,
  type KubeControllersConfiguration,
  ofKind,
  type ProgramClusterRoutes,
  type ResourceOfKind,
  type SecretKeyRef,
} from "./calico.js";
export { checkValue, isRecord } from "./check-value.js";
export {
  type BGPSettings,
  bgpSettings,
  type FelixSettings,
  type FelixSettingsOptions,
  felixSettings,
  ipamSettings,
  type PoolView,
  poolView,
} from "./defaults.js";
export {
  type BGPDefaults,
  DEFAULT_CALICO_VERSION,
  ERAS,
  type Era,
  eraNote,
  eraOf,
  type FelixDefaults,
  type IPAMDefaults,
  type IPPoolDefaults,
  type StartupDefaults,
} from "./era.js";
export { freezeDeep } from "./freeze.js";
export {
  didYouMean,
  formatPath,
  type Issue,
  type IssueCode,
  type IssueParts,
  issueAt,
  nearestName,
  type PathSegment,
  referenceOf,
  type Severity,
  showValue,
} from "./issue.js";
export type {
  CalicoNode,
  Condition,
  ConfigMap,
  EndpointSlice,
  KubernetesNode,
  Namespace,
  Node,
  NodeAddress,
  Pod,
  Secret,
  Service,
} from "./kubernetes.js";
export {
  hostAddress,
  NODE_ANNOTATIONS,
  type NodeView,
  nodeView,
  parseASNumber,
} from "./node-view.js";
export { withoutNullFields } from "./null-fields.js";
export {
  API_VERSIONS,
  editResource,
  editResourceWithPatches,
  freezeResource,
  isCalicoApi,
  keyOf,
  type ObjectMeta,
  RESOURCE_KINDS,
  type Resource,
  type ResourceKind,
  type ResourceReference,
  resourceKey,
} from "./resource.js";
export type { FieldSchema, ObjectSchema } from "./schema.js";
export { FELIX_FIELDS } from "./schemas-felix.js";
export { kindsOf, type ValidateOptions, validate } from "./validate.js";
export { type SetIssue, validateSet } from "./validate-set.js";
