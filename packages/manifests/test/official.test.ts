import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  type InstallSettings,
  loadManifestFiles,
  operatorTyphaReplicas,
  readManifests,
} from "../src/index.js";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`./fixtures/official/${name}`, import.meta.url));

async function settingsOf(name: string): Promise<InstallSettings> {
  return (await loadManifestFiles([fixture(name)])).settings;
}

describe("the official manifests", () => {
  test.each([
    "calico.yaml",
    "calico-typha.yaml",
    "calico-etcd.yaml",
    "calico-vxlan.yaml",
    "calico-policy-only.yaml",
    "canal.yaml",
    "custom-resources.yaml",
  ])("%s reads without an error", async (name) => {
    const result = await loadManifestFiles([fixture(name)]);
    expect(result.ok).toBe(true);
    const told = result.issues.map((i) => `${i.severity} ${i.code}`);
    const expected = name === "custom-resources.yaml" ? [] : ["note CALICO_VERSION_NEAREST"];
    if (name === "calico-etcd.yaml") expected.unshift("warning PLACEHOLDER_LEFT");
    expect(told).toEqual(expected);
  });

  test("calico.yaml: BIRD, IP-in-IP, no Typha", async () => {
    expect(await settingsOf("calico.yaml")).toMatchObject({
      method: "manifest",
      calicoVersion: "master",
      datastore: "kubernetes",
      backend: "bird",
      clusterType: ["k8s", "bgp"],
      usePodCIDR: false,
      vethMTU: 0,
      cni: { ipam: "calico-ipam", mtu: 0, datastore: "kubernetes", plugins: ["calico", "portmap"] },
      addressDetection: { ip: "autodetect", method: "first-found" },
      typha: { enabled: false, replicas: 0 },
      kubeControllers: { replicas: 1, enabledControllers: ["node", "loadbalancer"] },
      felixEnvironment: { ipipMTU: 0, ipv6Support: false, defaultEndpointToHostAction: "Accept" },
      derivedPools: [
        {
          metadata: { name: "default-ipv4-ippool" },
          spec: {
            cidr: "192.168.0.0/16",
            blockSize: 26,
            ipipMode: "Always",
            vxlanMode: "Never",
            natOutgoing: true,
          },
        },
      ],
    });
  });

  test("calico-typha.yaml: one Typha behind its service", async () => {
    const { typha } = await settingsOf("calico-typha.yaml");
    expect(typha).toMatchObject({
      enabled: true,
      serviceName: "calico-typha",
      replicas: 1,
      terminationGracePeriod: 300,
      environment: {
        TYPHA_CONNECTIONREBALANCINGMODE: "kubernetes",
        TYPHA_SHUTDOWNTIMEOUTSECS: "300",
      },
    });
  });

  test("calico-etcd.yaml: another datastore", async () => {
    const settings = await settingsOf("calico-etcd.yaml");
    expect(settings).toMatchObject({ datastore: "etcdv3", cni: { datastore: "etcdv3" } });
    expect(settings.etcdEndpoints).toEqual(["http://<ETCD_IP>:<ETCD_PORT>"]);
  });

  test("calico-vxlan.yaml: VXLAN across subnets, no BGP", async () => {
    const { backend, derivedPools } = await settingsOf("calico-vxlan.yaml");
    expect(backend).toBe("vxlan");
    expect(derivedPools.map((pool) => pool.spec)).toMatchObject([
      { ipipMode: "Never", vxlanMode: "CrossSubnet" },
    ]);
  });

  test("calico-policy-only.yaml and canal.yaml: addresses from podCIDRs, no routes of Calico", async () => {
    const shared = { backend: "none", usePodCIDR: true, cni: { ipam: "host-local" } };
    expect(await settingsOf("calico-policy-only.yaml")).toMatchObject({
      ...shared,
      typha: { enabled: true, replicas: 1 },
    });
    expect(await settingsOf("canal.yaml")).toMatchObject({
      ...shared,
      addressDetection: { ip: "" },
      felixEnvironment: { iptablesRefreshInterval: "60s" },
    });
  });

  test("custom-resources.yaml: what the operator makes of an Installation", async () => {
    const settings = await settingsOf("custom-resources.yaml");
    expect(settings).toMatchObject({
      method: "operator",
      backend: "bird",
      typha: { enabled: true },
    });
    expect(settings.typha.replicas).toBeUndefined();
    expect(settings.derivedPools).toMatchObject([
      {
        metadata: { name: "default-ipv4-ippool" },
        spec: { cidr: "192.168.0.0/16", vxlanMode: "CrossSubnet", natOutgoing: true },
      },
    ]);
  });
});

test("the operator's number of Typhas grows with the nodes and has no limit", () => {
  const table = [
    [2, 1],
    [4, 2],
    [5, 3],
    [399, 3],
    [400, 4],
    [1000, 7],
    [3600, 20],
    [10000, 52],
  ] as const;
  for (const [nodes, typhas] of table) expect(operatorTyphaReplicas(nodes)).toBe(typhas);
});

describe("services", () => {
  const text = `apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec: { type: LoadBalancer, clusterIP: 10.96.0.10, externalTrafficPolicy: Local }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: default, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
endpoints: [{ addresses: [10.0.0.1], nodeName: node-0, conditions: { ready: true } }]
ports: []
`;

  test("and their endpoints are resources of the cluster, for BGP advertises them", () => {
    const { resources, issues } = readManifests([{ name: "a.yaml", text }]);
    expect(issues).toEqual([]);
    expect(resources.map(({ kind }) => kind)).toEqual(["Service", "EndpointSlice"]);
  });

  test("an EndpointSlice under another version is told where it belongs", () => {
    const wrong = text.replace("discovery.k8s.io/v1", "v1");
    const { resources, issues } = readManifests([{ name: "a.yaml", text: wrong }]);
    expect(resources).toHaveLength(1);
    expect(issues.map(({ message }) => message)).toEqual(["EndpointSlice is no kind of v1"]);
  });
});
