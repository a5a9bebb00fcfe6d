import { eraOf } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  type BirdConfiguration,
  bgpConfiguration,
  type ConfdResource,
  confdInputs,
  renderBird,
} from "../../../src/index.js";
import { bgpPeer, node, resource, settings } from "./fixture.js";

const ERA = eraOf("3.33");

/** Nodes with addresses whose order as text is not that of their numbers. */
const nodes = fc
  .uniqueArray(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 6 })
  .chain((numbers) =>
    fc.tuple(
      ...numbers.map((n) =>
        fc
          .record({
            v6: fc.boolean(),
            as: fc.constantFrom(undefined, 64512, 65001),
            cluster: fc.constantFrom(undefined, undefined, "1.0.0.1", "1.0.0.2"),
            rack: fc.constantFrom("1", "2"),
          })
          .map(({ v6, as, cluster, rack }) =>
            node(`n${String(n)}`, {
              v4: `10.0.0.${String(n)}/24`,
              ...(v6 ? { v6: `fd00::${n.toString(16)}/64` } : {}),
              ...(as === undefined ? {} : { as }),
              ...(cluster === undefined ? {} : { cluster }),
              labels: { rack },
            }),
          ),
      ),
    ),
  );

const selector = fc.constantFrom("all()", "rack == '1'", "rack == '2'", "!has(rack)");
const optional = <T>(key: string, values: fc.Arbitrary<T>): fc.Arbitrary<object> =>
  fc.option(values, { nil: undefined }).map((v) => (v === undefined ? {} : { [key]: v }));

/** BGPPeers between nodes of the cluster by selector. */
const selectorPeers = fc.array(
  fc
    .tuple(optional("nodeSelector", selector), selector)
    .map(([where, peerSelector]) => ({ ...where, peerSelector })),
  { maxLength: 3 },
);

/** BGPPeers of every kind, some of them towards the outside. */
const anyPeers = fc.array(
  fc
    .tuple(
      optional("nodeSelector", selector),
      fc.oneof(
        selector.map((peerSelector) => ({ peerSelector })),
        fc
          .constantFrom("10.0.0.1", "10.0.0.20", "10.0.0.3:180", "fd00::1", "[fd00::2]:50", "x")
          .map((peerIP) => ({ peerIP, asNumber: 64512 })),
      ),
      optional("reversePeering", fc.constantFrom("Manual" as const, "Auto" as const)),
      optional("reachableBy", fc.constantFrom("10.0.0.254", "fd00::fe")),
      optional("filters", fc.constant(["f1", "f2"])),
    )
    .map((parts) => Object.assign({}, ...parts) as object),
  { maxLength: 5 },
);

const peersOf = (specs: readonly object[]): ConfdResource[] =>
  specs.map((spec, i) => bgpPeer(`p${String(i)}`, spec));

const configurations = fc.record({
  nodeToNodeMeshEnabled: fc.boolean(),
  listenPort: fc.constantFrom(179, 180),
  serviceClusterIPs: fc.constant([{ cidr: "10.96.0.0/12" }]),
});

const FURTHER: readonly ConfdResource[] = [
  resource("IPPool", "b", { cidr: "192.168.0.0/16", ipipMode: "Always" }),
  resource("IPPool", "a", { cidr: "172.16.0.0/16", disableBGPExport: true }),
  resource("BGPFilter", "f2", { importV4: [{ action: "Reject" }] }),
  resource("BGPFilter", "f1", { exportV4: [{ action: "Accept" }] }),
  resource("BlockAffinity", "x", { node: "n1", cidr: "192.168.0.64/26", state: "confirmed" }),
  resource("BlockAffinity", "y", { node: "n1", cidr: "192.168.0.0/26", state: "" }),
];

function renderAll(resources: readonly ConfdResource[]): readonly BirdConfiguration[] {
  const inputs = confdInputs(resources, { era: ERA });
  return inputs.nodes.flatMap(({ name }) =>
    ([4, 6] as const).map((family) => renderBird(inputs, { node: name, family })),
  );
}

describe("rendering", () => {
  test.prop([nodes, anyPeers, configurations, fc.infiniteStream(fc.nat())])(
    "does not depend on the order of the resources",
    (cluster, specs, spec, keys) => {
      const resources = [...cluster, ...peersOf(specs), settings(spec), ...FURTHER];
      const shuffled = resources
        .map((r) => ({ r, key: keys.next().value as number }))
        .sort((a, b) => a.key - b.key)
        .map(({ r }) => r);
      expect(renderAll(shuffled)).toEqual(renderAll(resources));
    },
  );

  test.prop([nodes, anyPeers, configurations])(
    "reads the resources once as it does each time",
    (cluster, specs, spec) => {
      const resources = [...cluster, ...peersOf(specs), settings(spec), ...FURTHER];
      for (const config of renderAll(resources)) {
        const { node: name, family } = config;
        expect(bgpConfiguration(resources, { era: ERA, node: name, family })).toEqual(config);
      }
    },
  );

  test.prop([nodes, selectorPeers, configurations])(
    "peers by selector and in the mesh are symmetric",
    (cluster, specs, spec) => {
      const all = renderAll([...cluster, ...peersOf(specs), settings(spec)]);
      const at = (family: number, address: string): BirdConfiguration | undefined =>
        all.find((c) => c.family === family && c.address === address);
      for (const config of all) {
        for (const peer of config.peers) {
          const other = at(config.family, peer.address);
          // Mesh peers have a protocol of their own beside the explicit one.
          const back = other?.peers.find(
            (p) => p.address === config.address && (p.type === "mesh") === (peer.type === "mesh"),
          );
          expect(back).toBeDefined();
          // In the mesh the ends may disagree: each takes its own AS for that of a node without one.
          if (peer.type === "mesh") continue;
          expect(back?.internal).toBe(peer.internal);
          expect(peer.asNumber).toBe(other?.asNumber);
        }
      }
    },
  );

  test.prop([nodes, anyPeers, configurations])(
    "never lets both ends of a session wait, and in the mesh exactly one does",
    (cluster, specs, spec) => {
      const all = renderAll([...cluster, ...peersOf(specs), settings(spec)]);
      for (const config of all) {
        for (const peer of config.peers) {
          const backs = all
            .filter((c) => c.family === config.family && c.address === peer.address)
            .flatMap((c) => c.peers)
            .filter((p) => p.address === config.address);
          if (peer.passive) expect(backs.every((back) => !back.passive)).toBe(true);
          if (peer.type !== "mesh") continue;
          const back = backs.find((p) => p.type === "mesh");
          expect(back?.passive).toBe(!peer.passive);
        }
      }
    },
  );

  test.prop([nodes, anyPeers, configurations])(
    "names each protocol once and never peers a node with itself",
    (cluster, specs, spec) => {
      for (const { peers, address } of renderAll([...cluster, ...peersOf(specs), settings(spec)])) {
        expect(new Set(peers.map(({ name }) => name)).size).toBe(peers.length);
        expect(peers.some((peer) => peer.address === address)).toBe(false);
      }
    },
  );
});
