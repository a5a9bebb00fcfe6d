import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CONFORMANCE_SETS } from "../conformance/registry.js";
import type { CaseResult } from "../conformance/run.js";

/** A case that says what the documents of the sets allow, in a form that the cases kept here do not have. */
interface Form {
  readonly name: string;
  readonly json: object;
}

let folder = "";
const run = (set: string, json: object): CaseResult | Promise<CaseResult> | undefined =>
  CONFORMANCE_SETS[set]?.({
    id: "x",
    features: [],
    file: "x.json",
    directory: folder,
    json: { ...json },
  });

const PASSED = { status: "passed" };

const NODES = `
{kind: Node, apiVersion: projectcalico.org/v3, metadata: {name: a}, spec: {bgp: {ipv4Address: 10.0.0.1/24}}}
---
{kind: Node, apiVersion: projectcalico.org/v3, metadata: {name: b}, spec: {bgp: {ipv4Address: 10.0.0.2/24}}}
---
{kind: BGPConfiguration, apiVersion: projectcalico.org/v3, metadata: {name: default}, spec: {asNumber: 64999}}
---
{kind: BGPConfiguration, apiVersion: projectcalico.org/v3, metadata: {name: default}, spec: {asNumber: 65000, serviceClusterIPs: [{cidr: 10.96.0.0/12}]}}
---
{kind: Service, apiVersion: v1, metadata: {name: s, namespace: n}, spec: {type: ClusterIP, clusterIP: 10.96.0.1, externalTrafficPolicy: Local}}
---
kind: EndpointSlice
apiVersion: discovery.k8s.io/v1beta1
metadata: {name: s-1, namespace: n, labels: {kubernetes.io/service-name: s}}
endpoints: [{addresses: [192.168.0.1], nodeName: a}]
`;

describe("a case of bgp-peers", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "forms-"));
    writeFileSync(join(folder, "input.yaml"), NODES);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = (expected: object | null, more: object = {}) =>
    run("bgp-peers", { node: "a", expected, ...more });

  test("may have no environment and no workloads, and expect nothing of a family", async () => {
    const expected = { ipv4: { routerId: "10.0.0.1" }, ipv6: null, counts: { ipv6Peers: null } };
    expect(await ask(expected, { env: null, endpointStatus: null })).toEqual(PASSED);
    expect(await ask({ ipv4: null, counts: { ipv4Peers: 2 } })).toMatchObject({ status: "failed" });
  });

  test("that expects nothing at all is not passed", async () => {
    expect(await ask(null)).toMatchObject({ status: "unsupported" });
    expect(await ask({ ipv4: null, ipv6: null })).toMatchObject({ status: "unsupported" });
  });

  test("may name a resource twice: the later stands, as when both are applied", async () => {
    expect(await ask({ ipv4: { localAs: 65000 } })).toEqual(PASSED);
  });

  test("may have EndpointSlices of an older API version", async () => {
    const route = (cidr: string) => ({ cidr, section: "service-static", type: "blackhole" });
    const staticRoutes = [route("10.96.0.0/12"), route("10.96.0.1/32")];
    expect(await ask({ ipv4: { staticRoutes } })).toEqual(PASSED);
  });

  test("may leave out what is null", async () => {
    const direct = { excludeInterfaces: ["cali*", "kube-ipvs*"], includeInterfaces: ["*"] };
    expect(await ask({ ipv4: { listen: { address: null }, direct } })).toEqual(PASSED);
    expect(await ask({ ipv4: { direct: { includeInterfaces: ["*"] } } })).toMatchObject({
      status: "failed",
    });
  });
});

const HEADING = "0001 BIRD 1.6.8 ready.\n2002-name proto table state since info\n";
const V6 = "Mesh_fd00__2 BGP      master   up     2016-11-21  Established";
const PEER = { state: "up", since: "2016-11-21", bgpState: "Established", info: "" };
const POOL = { kind: "IPPool", metadata: { name: "p" }, spec: { cidr: "10.0.0.0/24" } };
const POOL_TABLE = "NAME   CIDR          SELECTOR\np      10.0.0.0/24   all()";

const OUTPUT_FORMS: readonly Form[] = [
  {
    name: "a peer by an IPv6 address without a separator",
    json: {
      kind: "nodeStatusLine",
      line: V6,
      expected: {
        parsed: true,
        peer: { ...PEER, peerIP: "fd00::2", peerType: "node-to-node mesh" },
      },
    },
  },
  {
    name: "a peer with a port, without a separator",
    json: {
      kind: "nodeStatusLine",
      line: V6.replace("fd00__2", "10_0_0_2_port_178"),
      expected: { parsed: true, peer: { peerIP: "10.0.0.2.port.178", info: null } },
    },
  },
  {
    name: "an answer that is empty",
    json: { kind: "nodeStatusScan", text: "", expected: { error: null, peers: [] } },
  },
  {
    name: "the sessions' texts in another order, and the table's word for a type",
    json: {
      kind: "birdPeersScan",
      protocolsText: `${HEADING}1002-Mesh_10_0_0_2 BGP master up 1 Up\n Node_10_0_0_3 BGP master up 1 Up\n0000\n`,
      protocolDetailTexts: [
        "1002-Node_10_0_0_3 BGP master up 1 Up\n1006-  BGP state:  Active\n",
        "1002-Mesh_10_0_0_2 BGP master up 1 Up\n1006-  BGP state:  Idle\n",
      ],
      expected: {
        peers: [
          { session: "Mesh_10_0_0_2", peerType: "node-to-node mesh", bgpState: "Idle" },
          { session: "Node_10_0_0_3", peerType: "Node", bgpState: "Active" },
        ],
      },
    },
  },
  {
    name: "sessions' texts that name no session, in the order of the peers",
    json: {
      kind: "birdPeersScan",
      protocolsText: `${HEADING}1002-Mesh_10_0_0_2 BGP master up 1 Up\n0000\n`,
      protocolDetailTexts: ["1006-  BGP state:  Idle\n"],
      expected: { error: false, peers: [{ bgpState: "Idle" }] },
    },
  },
  {
    name: "a peer in the words of the table",
    json: {
      kind: "nodeStatusPeer",
      peer: { peerIP: "10.0.0.2", peerType: "node specific", since: "1", bGPState: "Idle" },
      expected: { peerIP: "10.0.0.2", type: "NodePeer", state: "Idle", since: "1" },
    },
  },
  {
    name: "a route whose source is no peer, the peer left blank",
    json: {
      kind: "nodeStatusRoute",
      route: { dest: "10.0.0.0/8", gateway: "N/A", iface: "x", learnedFrom: "static1" },
      expected: { type: "RIB", learnedFrom: { sourceType: "Static", peerIP: "" } },
    },
  },
  {
    name: "the status of a BIRD that said nothing",
    json: {
      kind: "birdStatusConvert",
      status: null,
      expected: { state: "NotReady", version: "", routerID: null },
    },
  },
  {
    name: "a status that has not been written yet",
    json: {
      kind: "tableRow",
      object: {
        metadata: { name: "s", creationAge: "3m" },
        spec: { node: "a", classes: ["BGP"], updatePeriodSeconds: 10 },
        status: null,
      },
      expected: { cells: ["s", "a", "BGP", "10s", "3m"] },
    },
  },
  {
    name: "one resource",
    json: { kind: "getTable", resources: POOL, expected: { text: POOL_TABLE } },
  },
  {
    name: "a List of resources",
    json: {
      kind: "getTable",
      resources: { kind: "IPPoolList", items: [POOL] },
      expected: { text: POOL_TABLE },
    },
  },
  {
    name: "a cell without separator or limit",
    json: {
      kind: "joinAndTruncate",
      input: { items: ["a", "b"], separator: null },
      expected: { text: "a,b" },
    },
  },
  {
    name: "no configuration",
    json: { kind: "defaultASNumber", input: null, expected: { text: "64512" } },
  },
];

describe("a case of calicoctl-output", () => {
  test.each(OUTPUT_FORMS)("may have $name", async ({ json }) => {
    expect(await run("calicoctl-output", json)).toEqual(PASSED);
  });

  test("says by one text too what an answer must hold", async () => {
    const json = { kind: "ipamShowIP", input: { ip: "10.0.0.1", allocated: false } };
    const holding = (contains: string) =>
      run("calicoctl-output", { ...json, expected: { contains } });
    expect(await holding("10.0.0.1 is not assigned")).toEqual(PASSED);
    expect(await holding("10.0.0.1 is in use")).toMatchObject({ status: "failed" });
  });

  test("fails where a blank is expected and something is there", async () => {
    const json = { kind: "nodeStatusLine", line: V6, expected: { parsed: true, peer: null } };
    expect(await run("calicoctl-output", json)).toMatchObject({ status: "failed" });
  });
});

const ETH0 = [{ name: "eth0", mtu: 1500 }];

const MTU_FORMS: readonly Form[] = [
  {
    name: "every field null, and a note",
    json: {
      kind: "mtu",
      input: {
        interfaces: null,
        hostMTU: 1500,
        vxlanMode: null,
        ipipMode: null,
        ipv6VXLANPool: null,
        wireguardEnabled: null,
        wireguardEncryptHostTraffic: null,
        kubernetesProvider: null,
        mtuIfacePattern: null,
        felixConfig: null,
        mtuFile: null,
        netconfMTU: null,
        requireMTUFile: null,
        note: null,
      },
      expected: { podMTU: 1500, vethMTU: 1500, wireguardMTU: null, note: "nothing is on" },
    },
  },
  { name: "no kind", json: { input: { interfaces: ETH0 }, expected: { podMTU: 1500 } } },
  {
    name: "pools that are all without VXLAN, of IPv6 too",
    json: {
      input: { vxlanMode: "Never", ipv6VXLANPool: true, interfaces: ETH0 },
      expected: { podMTU: 1500, vxlanV6DeviceMTU: null },
    },
  },
  {
    name: "VXLAN for IPv6 alone",
    json: {
      input: { ipv6VXLANPool: true, interfaces: ETH0 },
      expected: { podMTU: 1430, vxlanDeviceMTU: null },
    },
  },
  {
    name: "a pod that is refused: it has no interface",
    json: {
      input: { mtuFile: null, requireMTUFile: true },
      expected: { error: true, vethMTU: null },
    },
  },
  {
    name: "a tunnel without an address",
    json: {
      kind: "tunnelDevice",
      input: { ipipTunnelAddress: null, configuredMTUs: [1480] },
      expected: { deviceMTUs: [1480], deviceAddresses: [] },
    },
  },
];

describe("a case of encap-mtu", () => {
  test.each(MTU_FORMS)("may have $name", async ({ json }) => {
    expect(await run("encap-mtu", json)).toEqual(PASSED);
  });
});
