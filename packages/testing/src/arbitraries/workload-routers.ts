import { type ClusterSpec, clusterFromResources, type WorkloadRouter } from "@calico-sim/cluster";
import type { AddressFamily, BGPConfiguration, BGPPeer, Pod, Resource } from "@calico-sim/core";
import fc from "fast-check";

/** What a pod tells of, in IPv4 and in IPv6: outside the pools of {@link import("./pools.js").arbitraryPools}. */
const PREFIXES = [
  ["10.77.0.0/24", "fd77::/64"],
  ["10.78.0.0/16", "fd78::/32"],
  ["0.0.0.0/0", "::/0"],
] as const;

/** A pod that speaks BGP, on the first or the second node, which every topology has. */
interface Speaker {
  readonly node: 0 | 1;
  /** Places in {@link PREFIXES}. */
  readonly prefixes: readonly number[];
  readonly holdSeconds: number | undefined;
  /** Nothing describes it. */
  readonly unknown: boolean;
  /** The BGPPeer selects it. */
  readonly labelled: boolean;
}

/** Pods that speak BGP with their node, and what the one BGPPeer says that selects them. */
export interface SpeakingPods {
  readonly pods: readonly Speaker[];
  readonly asNumber: number;
  readonly localASNumber: number | undefined;
  readonly nextHopMode: "Self" | undefined;
}

/** Pods that speak BGP. Shrinks to none. */
export function arbitrarySpeakingPods(max: number): fc.Arbitrary<SpeakingPods> {
  return fc.record<SpeakingPods>({
    pods: fc.array(
      fc.record({
        node: fc.constantFrom(0 as const, 1 as const),
        prefixes: fc.subarray(PREFIXES.map((_, i) => i)),
        holdSeconds: fc.constantFrom(undefined, 9),
        unknown: fc.boolean(),
        labelled: fc.boolean(),
      }),
      { maxLength: max },
    ),
    asNumber: fc.constantFrom(64_512, 65_010),
    localASNumber: fc.constantFrom(undefined, 65_002),
    nextHopMode: fc.constantFrom(undefined, "Self" as const),
  });
}

/** Adds them to a cluster with BIRD: each has an address of every family of the nodes, and prefixes of these families. */
export function withSpeakingPods(
  spec: ClusterSpec,
  families: readonly AddressFamily[],
  speaking: SpeakingPods,
): ClusterSpec {
  if (speaking.pods.length === 0 || spec.backend !== "bird") return spec;
  const { asNumber } = speaking;
  const isDefault = ({ kind, metadata }: Resource): boolean =>
    kind === "BGPConfiguration" && metadata.name === "default";
  const before = spec.resources.find(isDefault) as BGPConfiguration | undefined;
  const workloadRouters = speaking.pods.flatMap(
    ({ prefixes, holdSeconds, unknown }, i): WorkloadRouter[] => {
      if (unknown) return [];
      const told = prefixes.flatMap((place) => inFamilies(families, PREFIXES[place]!));
      const hold = holdSeconds === undefined ? {} : { holdSeconds };
      return [{ pod: `net/${nameOf(i)}`, asNumber, prefixes: told, ...hold }];
    },
  );
  return clusterFromResources({
    ...spec,
    resources: [
      ...spec.resources.filter((resource) => !isDefault(resource)),
      configuration(before),
      selecting(speaking),
      ...speaking.pods.map((one, i) => podOf(one, i, families)),
    ],
    workloadRouters,
  });
}

function nameOf(place: number): string {
  return `bird-${String(place)}`;
}

function inFamilies(
  families: readonly AddressFamily[],
  [four, six]: readonly [string, string],
): string[] {
  return families.map((family) => (family === 4 ? four : six));
}

function configuration(before: BGPConfiguration | undefined): BGPConfiguration {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPConfiguration",
    metadata: { name: "default" },
    spec: {
      ...before?.spec,
      localWorkloadPeeringIPV4: "169.254.0.179",
      localWorkloadPeeringIPV6: "fe80::179",
    },
  };
}

function selecting({ asNumber, localASNumber, nextHopMode }: SpeakingPods): BGPPeer {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPPeer",
    metadata: { name: "pods" },
    spec: {
      localWorkloadSelector: "bgp == 'yes'",
      asNumber,
      ...(localASNumber === undefined ? {} : { localASNumber }),
      ...(nextHopMode === undefined ? {} : { nextHopMode }),
    },
  };
}

function podOf(
  { node, labelled }: Speaker,
  place: number,
  families: readonly AddressFamily[],
): Pod {
  const host = String(place + 1);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: "net",
      name: nameOf(place),
      labels: labelled ? { bgp: "yes" } : {},
    },
    spec: { nodeName: `node-${String(node)}` },
    status: {
      phase: "Running",
      podIPs: inFamilies(families, [`10.99.0.${host}`, `fd99::${host}`]).map((ip) => ({ ip })),
    },
  };
}
