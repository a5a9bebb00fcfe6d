import { BGP_PORT, parsePeerIP } from "@calico-sim/bgp";
import { type Fabric, type NodeDirectory, ofKind, SECOND } from "@calico-sim/core";
import { describe, type Scenario, type Step } from "./scenario.js";
import type { ClusterSpec } from "./spec.js";

/** A step of a scenario names something that the cluster does not have; the message says what, and what there is. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}

/** What a scenario may name. */
export interface ScenarioNames {
  readonly nodes: NodeDirectory;
  readonly fabric: Fabric;
  /** The cluster has BIRDs of IPv6. */
  readonly ipv6: boolean;
  /** External routers. */
  readonly routers: { has(name: string): boolean };
  /** TCP ports on which some BGP speaker listens. */
  readonly bgpPorts: ReadonlySet<number>;
  readonly typhas: number;
  /** Steps scheduled before these. */
  readonly earlier: Scenario;
  /** The cluster's own etcd. */
  readonly etcdEndpoints: readonly string[];
}

/** The ports on which a cluster's nodes and the routers outside listen for BGP. */
export function bgpPorts({ resources, externalRouters = [] }: ClusterSpec): ReadonlySet<number> {
  const configured = [
    ...ofKind(resources, "BGPConfiguration").map(({ spec }) => spec?.listenPort),
    ...ofKind(resources, "BGPPeer").map(({ spec }) => parsePeerIP(spec.peerIP)?.port),
    ...externalRouters.map(({ listenPort }) => listenPort),
  ];
  return new Set([
    BGP_PORT,
    ...configured.filter((port): port is number => port !== undefined && port > 0),
  ]);
}

/** Id of a node. @throws ScenarioError when there is none of this name. */
export function nodeId(nodes: NodeDirectory, name: string): number {
  const id = nodes.id(name);
  if (nodes.isNode(id)) return id;
  const all = Array.from({ length: nodes.size }, (_, node) => node).filter((n) => nodes.isNode(n));
  const [first = 0, last = first] = [all[0], all.at(-1)];
  throw new ScenarioError(
    id >= 0
      ? `"${name}" is an external router, no node`
      : `there is no node "${name}"; the cluster has ${String(all.length)}, from ${nodes.name(first)} to ${nodes.name(last)}`,
  );
}

function checkHost(name: string, names: ScenarioNames, joining: ReadonlySet<string>): void {
  if (!joining.has(name) && !names.routers.has(name)) nodeId(names.nodes, name);
}

/** Checks that every step names what is there. @throws ScenarioError naming the step. */
export function checkScenario(scenario: Scenario, names: ScenarioNames): void {
  const joining = new Set(
    scenario.flatMap(({ action }) => (action.type === "node-join" ? [action.node.name] : [])),
  );
  for (const step of scenario) {
    try {
      checkStep(step, names, joining);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw stepError(step, text);
    }
  }
  checkPodsHaveNodes([...names.earlier, ...scenario]);
}

function stepError(step: Step, text: string): ScenarioError {
  return new ScenarioError(
    `step "${describe(step.action)}" at ${String(step.at / SECOND)}s: ${text}`,
  );
}

/** Pods go to the nodes that run when they are created; before the first there is nowhere to go. */
function checkPodsHaveNodes(scenario: Scenario): void {
  const inOrder = [...scenario].sort((x, y) => x.at - y.at);
  for (const step of inOrder) {
    const { type } = step.action;
    if (type === "start" || type === "node-join") return;
    if (type === "pods-create" || type === "pods-churn") {
      throw stepError(
        step,
        "no node runs yet, so the pods have nowhere to go; start() comes first",
      );
    }
  }
}

function checkStep({ action }: Step, names: ScenarioNames, joining: ReadonlySet<string>): void {
  switch (action.type) {
    case "node-crash":
    case "node-reboot":
    case "node-delete":
    case "block-add":
    case "block-remove":
      if (!joining.has(action.node)) nodeId(names.nodes, action.node);
      return;
    case "node-cut":
    case "node-heal":
      checkHost(action.node, names, joining);
      return;
    case "router-crash":
    case "router-reboot":
      if (names.routers.has(action.router)) return;
      throw new ScenarioError(
        `there is no external router "${action.router}"; describe it under externalRouters`,
      );
    case "node-join":
      if (names.nodes.id(action.node.name) >= 0) {
        throw new ScenarioError(`node "${action.node.name}" is in the cluster already`);
      }
      return;
    case "kill":
      if (action.daemon === "bird6" && !names.ipv6)
        throw new ScenarioError("no node has an IPv6 address, so no bird6 runs");
      if (action.daemon === "typha") checkTypha(action.target, names.typhas);
      else if (action.daemon === "bird") checkHost(action.target, names, joining);
      else if (!joining.has(action.target)) nodeId(names.nodes, action.target);
      return;
    case "rack-cut":
    case "rack-restore":
      if (names.fabric.racks.includes(action.rack)) return;
      throw new ScenarioError(
        `there is no rack "${action.rack}"; there are ${names.fabric.racks.join(", ")}`,
      );
    case "link-cut":
    case "link-restore":
    case "link-mend":
      names.fabric.linkBetween(...action.between);
      return;
    case "link-degrade": {
      const { type: _, between, ...change } = action;
      names.fabric.degraded(names.fabric.linkBetween(...between), change);
      if (Object.keys(change).length > 0) return;
      throw new ScenarioError(
        "nothing is said of the link: latencyUs, jitterUs, bandwidthMbps or loss",
      );
    }
    case "packets-drop":
    case "packets-allow":
      for (const host of [action.from, action.to]) checkHost(host, names, joining);
      if (action.port === undefined || names.bgpPorts.has(action.port)) return;
      throw new ScenarioError(
        `only TCP port ${[...names.bgpPorts].join(" or ")} (BGP) can be dropped by itself, not ${String(action.port)}; without a port everything is dropped`,
      );
    case "etcd-endpoints":
      if (names.etcdEndpoints.length > 0) return;
      throw new ScenarioError(
        "the cluster does not say where its own etcd is: give it the datastore etcd and etcdEndpoints",
      );
    default:
      return;
  }
}

function checkTypha(target: string, typhas: number): void {
  const id = Number(target);
  if (Number.isInteger(id) && id >= 0 && id < typhas) return;
  throw new ScenarioError(
    `there is no Typha "${target}"; Typhas are numbered from 0, and there are ${String(typhas)}`,
  );
}
