import { type ClusterSpec, clusterFromResources } from "@calico-sim/cluster";
import { editResource, type KubernetesNode, NODE_ANNOTATIONS } from "@calico-sim/core";
import { arbitraryCluster, arbitraryScenario, kernelsMatchOracle } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { atRest, expectJudgedAsLooked, runs, TIMEOUT } from "./support.js";

/** Which of its addresses a node keeps. */
type Kept = "both" | "ipv4" | "ipv6";

/** A dual-stack cluster of whose nodes some have one address alone. */
function withLess(spec: ClusterSpec, kept: readonly Kept[], routerId: string): ClusterSpec {
  let place = 0;
  const resources = spec.resources.map((resource) => {
    if (resource.kind !== "Node") return resource;
    const keeps = kept[place++ % kept.length]!;
    const other = keeps === "ipv4" ? "ipv6Address" : "ipv4Address";
    if (keeps === "both") return resource;
    return editResource<KubernetesNode>(resource as KubernetesNode, (draft) => {
      delete draft.metadata.annotations?.[NODE_ANNOTATIONS[other]];
      const addresses = draft.status?.addresses ?? [];
      draft.status = {
        addresses: addresses.filter(({ address }) => address.includes(":") === (keeps === "ipv6")),
      };
    });
  });
  return clusterFromResources({ ...spec, resources, routerId });
}

const cases = arbitraryCluster({
  families: ["dual-stack"],
  withoutBird: false,
  nodesMax: 5,
  racksMax: 1,
  externalRoutersMax: 1,
  bgpFiltersMax: 2,
}).chain((whole) =>
  fc
    .record({
      kept: fc.array(fc.constantFrom<Kept[]>("both", "ipv4", "ipv6"), { minLength: 1 }),
      routerId: fc.constantFrom("", "hash"),
    })
    .chain(({ kept, routerId }) => {
      const spec = withLess(whole, kept, routerId);
      const kinds = ["pods", "kill", "crash", "cut", "join", "block-add"] as const;
      const bird6Everywhere = routerId === "hash" || !kept.includes("ipv6");
      return fc.tuple(
        fc.constant(spec),
        arbitraryScenario(spec, {
          incidentsMax: 4,
          during: "4m",
          // A bird6 that does not run cannot be killed.
          kinds: bird6Everywhere ? kinds : kinds.filter((kind) => kind !== "kill"),
        }),
        fc.nat({ max: 0xffff }),
      );
    }),
);

describe("nodes of different families in one cluster, with and without a router id", () => {
  test.prop([cases], runs(40))(
    "have the routes that the oracle expects, once all is quiet",
    (each) => {
      expect(kernelsMatchOracle(atRest(each))).toEqual([]);
    },
    TIMEOUT,
  );

  test.prop([cases], runs(15))(
    "are judged by every change as by a look at everything",
    expectJudgedAsLooked,
    TIMEOUT,
  );
});
