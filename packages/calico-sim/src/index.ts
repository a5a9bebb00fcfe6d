/**
 * A deterministic simulator of Calico networks: describe a cluster, say what happens, read what it did.
 *
 * @example
 * import { at, cluster, fail, renderText, simulate, start } from "calico-sim";
 *
 * const result = simulate(
 *   cluster({ nodes: 20, racks: 2, typhas: 1 }),
 *   [at("0s", start()), at("5m", fail.node("node-7"))],
 *   { seed: 42, until: "10m" },
 * );
 * console.log(renderText(result));
 *
 * @module
 */
export type { BoxStyle, NodeStatusOptions, ProtocolPeer } from "@calico-sim/calicoctl";
export {
  type Action,
  apply,
  at,
  type BgpResult,
  type Blackhole,
  type BlackholeReason,
  blocks,
  type ChangeResult,
  type ChurnOptions,
  ClusterError,
  type ClusterOptions,
  type ClusterSpec,
  type ClusterViews,
  type Convergence,
  type CreateOptions,
  cluster,
  clusterFromResources,
  config,
  type DaemonName,
  describe,
  type ExternalRouter,
  type Finding,
  fail,
  firewall,
  heal,
  type JoiningNode,
  type KillOptions,
  nodes,
  type PoolOptions,
  pods,
  type ResourceClusterOptions,
  type Result,
  type RouteReflectorOptions,
  type Scenario,
  ScenarioError,
  type ScenarioFault,
  type SecondSample,
  type SimulateOptions,
  Simulation,
  type Step,
  simulate,
  start,
  type UnderlayOptions,
  type UndescribedPeers,
  type Utilisation,
  type WorkloadRouter,
} from "@calico-sim/cluster";
export {
  type Distribution,
  type DurationInput,
  editResource,
  type FabricSpec,
  formatMicros,
  type LinkAttributes,
  type LinkChange,
  type LinkSpec,
  type LoadRow,
  type LoadSecond,
  type LoadSnapshot,
  leafSpine,
  type Micros,
  micros,
  type Resource,
  type ResourceKind,
} from "@calico-sim/core";
export {
  formatIssue,
  loadManifestFiles,
  ManifestFileError,
  type ManifestIssue,
  type ManifestSource,
  type ReadResult,
  readManifests,
  writeManifests,
} from "@calico-sim/manifests";
export {
  type Advice,
  advise,
  checkThresholds,
  type HtmlOptions,
  type Palette,
  renderHtml,
  renderText,
  type TextOptions,
  type Threshold,
  ThresholdError,
  toJUnit,
  type Violation,
} from "@calico-sim/report";
export {
  clusterFromManifests,
  type ManifestCluster,
  type ManifestOptions,
} from "./cluster-from-manifests.js";
export { DEFAULT_SCENARIO_END, defaultScenario } from "./default-scenario.js";
export { type ExternalRoutersFile, readExternalRouters } from "./external-routers-file.js";
export { ManifestError } from "./manifest-error.js";
export { loadScenario, readScenario, ScenarioFileError } from "./scenario-file.js";
export { readUnderlay } from "./underlay-file.js";
