import {
  type Action,
  at,
  type ClusterOptions,
  cluster,
  fail,
  heal,
  pods,
  Simulation,
  start,
} from "@calico-sim/cluster";
import type { KubernetesNode, Resource } from "@calico-sim/core";
import { expect, test } from "vitest";
import { judged, looked } from "./support.js";

const TOR = { name: "tor", ip: "10.0.0.251", asNumber: 65_001, prefixes: ["10.100.0.0/16"] };
const POOL = { cidr: "10.244.0.0/16", ipipMode: "Never" } as const;
const NO_MESH = calico("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false });

function calico(kind: "BGPConfiguration" | "BGPPeer", name: string, spec: object): Resource {
  return { apiVersion: "projectcalico.org/v3", kind, metadata: { name }, spec };
}

function named(...nodes: readonly string[]): string {
  return `kubernetes.io/hostname in { ${nodes.map((node) => `'${node}'`).join(", ")} }`;
}

/** Only `node-1` tells the router of anything. */
const ONE_TELLS: ClusterOptions = {
  nodes: 4,
  pools: [POOL],
  externalRouters: [{ ...TOR, peersWith: ["node-1"] }],
};

/** What `node-2` has reaches `node-3` over `node-1` and the router, which names itself as next hop. */
const THROUGH_ROUTER: ClusterOptions = {
  nodes: 4,
  pools: [POOL],
  externalRouters: [{ ...TOR, multihop: true }],
  resources: [
    NO_MESH,
    calico("BGPPeer", "pair", { nodeSelector: named("node-1"), peerSelector: named("node-2") }),
    calico("BGPPeer", "tor", {
      nodeSelector: named("node-1", "node-3"),
      peerIP: TOR.ip,
      asNumber: TOR.asNumber,
      numAllowedLocalASNumbers: 1,
    }),
  ],
};

/** `node-1` reflects routes of IPv6 alone. */
function reflectorOfIpv6(): ClusterOptions {
  const options = { nodes: 4, pools: [POOL, { cidr: "fd00:10::/64" }] };
  const plain = cluster(options).resources[1] as KubernetesNode;
  const annotations = {
    ...plain.metadata.annotations,
    "projectcalico.org/RouteReflectorClusterID": "244.0.0.1",
  };
  const reflector = { ...plain, metadata: { ...plain.metadata, annotations } };
  const peers = calico("BGPPeer", "reflector", { peerIP: "fd10::2" });
  return { ...options, resources: [NO_MESH, reflector, peers] };
}

const FAULTS: readonly (readonly [string, Action, Action])[] = [
  ["is cut and healed", fail.cut("node-1"), heal.cut("node-1")],
  ["crashes and boots", fail.node("node-1"), heal.node("node-1")],
];

const CLUSTERS: readonly (readonly [string, ClusterOptions])[] = [
  ["the only node that tells a router", ONE_TELLS],
  ["a node whose neighbour is heard of through a router", THROUGH_ROUTER],
  ["a reflector of IPv6 alone", reflectorOfIpv6()],
];

for (const [who, options] of CLUSTERS) {
  test.each(FAULTS)(
    `${who} %s: the tracker looks at all whom that concerns`,
    (_, broken, mended) => {
      const simulation = new Simulation(cluster(options), { seed: 11 });
      simulation.schedule([
        at("0s", start()),
        at("1m", pods.create(20)),
        at("3m", broken),
        at("10m", mended),
      ]);
      for (const seconds of [170, 180.1, 240, 330, 420, 500, 600.1, 601, 620, 700]) {
        simulation.run(seconds * 1e6);
        expect(judged(simulation)).toEqual(judged(looked(simulation)));
      }
    },
  );
}
