import { apply, at, type ClusterSpec, clusterFromResources, config } from "@calico-sim/cluster";
import {
  editResource,
  type IPPool,
  type KubernetesNode,
  NODE_ANNOTATIONS,
  ofKind,
  type Resource,
} from "@calico-sim/core";
import {
  arbitraryCluster,
  arbitraryScenario,
  checkInvariants,
  everyPodReachable,
  kernelsMatchOracle,
  QUIET_INVARIANTS,
} from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { atRest, type Case, expectJudgedAsLooked, prepared } from "./support.js";

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
  racksMax: 2,
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
  );

  test.prop([cases], runs(15))(
    "are judged by every change as by a look at everything",
    expectJudgedAsLooked,
  );
});

/** A dual-stack cluster before it was one, and the pool that it is to get. Its kubelets report IPv6 addresses already. */
function before(spec: ClusterSpec): { readonly spec: ClusterSpec; readonly pool: IPPool } {
  const isLate = (resource: Resource): boolean =>
    resource.kind === "IPPool" && (resource as IPPool).spec.cidr.includes(":");
  const resources = spec.resources
    .filter((resource) => !isLate(resource))
    .map((resource) =>
      resource.kind === "Node"
        ? editResource<KubernetesNode>(resource as KubernetesNode, ({ metadata }) => {
            delete metadata.annotations?.[NODE_ANNOTATIONS.ipv6Address];
          })
        : resource,
    );
  const [pool] = ofKind(spec.resources.filter(isLate), "IPPool");
  return { spec: clusterFromResources({ ...spec, resources, podFamilies: [4] }), pool: pool! };
}

describe("IPv6 that comes in the middle of things", () => {
  const late: fc.Arbitrary<Case> = arbitraryCluster({
    families: ["dual-stack"],
    nodesMax: 5,
  }).chain((whole) => {
    const { spec, pool } = before(whole);
    const second = fc.integer({ min: 1, max: 300 });
    return fc
      .record({
        scenario: arbitraryScenario(spec, { incidentsMax: 5, during: "5m" }),
        times: fc.tuple(second, second, second),
        seed: fc.nat({ max: 0xffff }),
      })
      .map(({ scenario, times: [detect, apply6, families], seed }) => [
        spec,
        [
          ...scenario,
          at(`${String(detect)}s`, config.detectIpv6()),
          at(`${String(apply6)}s`, apply(pool)),
          // Before there is a pool no sandbox is made.
          at(`${String(apply6 + families)}s`, config.podFamilies([4, 6])),
        ],
        seed,
      ]);
  });

  test.prop([late], runs(40))("keeps the laws once all is quiet", (each) => {
    // IPv6 pods of a node whose calico-node never started anew are reached from nowhere else.
    const laws = QUIET_INVARIANTS.filter((law) => law !== everyPodReachable);
    expect(checkInvariants(atRest(each), laws)).toEqual([]);
  });

  test.prop([late], runs(10))(
    "is the same again with the same seed, in pieces and in a fork",
    (each) => {
      const whole = atRest(each);
      const sliced = prepared(each);
      sliced.run(100e6);
      const fork = sliced.fork();
      fork.run(whole.engine.now);
      expect(fork.digest()).toBe(whole.digest());
    },
  );

  test.prop([late], runs(10))(
    "is judged by every change as by a look at everything",
    expectJudgedAsLooked,
  );
});
