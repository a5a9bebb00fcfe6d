import {
  type BGPConfiguration,
  type BGPPeer,
  type KubernetesNode,
  parseAddress,
  type Secret,
  type SecretKeyRef,
} from "@calico-sim/core";
import {
  at,
  blocks,
  type ClusterOptions,
  type ExternalRouter,
  type Simulation,
  type Step,
  start,
} from "../src/index.js";

export const POOL = { cidr: "10.244.0.0/16", ipipMode: "Never" } as const;
export const OUT = "10.100.0.0/16";
export const TOR_A = { name: "tor-a", ip: "10.0.0.251", asNumber: 65_001, prefixes: [OUT] };
export const TOR_B = { name: "tor-b", ip: "10.0.0.252", asNumber: 65_001, prefixes: [OUT] };

export function withRouters(
  count: number,
  externalRouters: readonly ExternalRouter[],
  more: Partial<ClusterOptions> = {},
): ClusterOptions {
  return { nodes: count, pools: [POOL], externalRouters, ...more };
}

/** Everything starts, and every node gets a block. */
export function begin(count: number): Step[] {
  const names = Array.from({ length: count }, (_, i) => `node-${String(i)}`);
  return [at("0s", start()), ...names.map((name) => at("1m", blocks.add(name)))];
}

export function peer(name: string, spec: BGPPeer["spec"]): BGPPeer {
  return { apiVersion: "projectcalico.org/v3", kind: "BGPPeer", metadata: { name }, spec };
}

export function bgp(spec: NonNullable<BGPConfiguration["spec"]>): BGPConfiguration {
  const metadata = { name: "default" };
  return { apiVersion: "projectcalico.org/v3", kind: "BGPConfiguration", metadata, spec };
}

export function secret(name: string, password: string, namespace = "kube-system"): Secret {
  const metadata = { name, namespace };
  return { apiVersion: "v1", kind: "Secret", metadata, stringData: { password } };
}

/** A reference to the password in a Secret. */
export const fromSecret = (name: string): SecretKeyRef => ({
  secretKeyRef: { name, key: "password" },
});

/** Where a node sends for an address outside. */
export function wayOut(simulation: Simulation, node: string): string | undefined {
  return simulation.route(node, parseAddress("10.100.0.1")!)?.gateway;
}

/** What a node's BIRD says of its session with a router. */
export function session(simulation: Simulation, node: string, router: string): string {
  const { bird } = simulation;
  const view = bird.viewSession(simulation.nodes.id(node), simulation.nodes.id(router));
  return `${view?.bgpState ?? "none"} ${view?.lastError ?? ""}`.trim();
}

export function codes(simulation: Simulation): readonly string[] {
  return simulation.result().findings.map(({ code }) => code);
}

/** A node with an AS of its own. */
export function inAS(node: KubernetesNode, asNumber: number): KubernetesNode {
  const annotations = {
    ...node.metadata.annotations,
    "projectcalico.org/ASNumber": String(asNumber),
  };
  return { ...node, metadata: { ...node.metadata, annotations } };
}
