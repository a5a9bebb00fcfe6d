import { describe, expect, test } from "vitest";
import type { ConfdResource, EndpointSlice, Service } from "../../../src/index.js";
import { node, render, settings } from "./fixture.js";

const A = node("a", { v4: "10.0.0.1/24", v6: "fd00::1/64" });
const B = node("b", { v4: "10.0.0.2/24" });
const EXCLUDED = node("x", {
  v4: "10.0.0.3/24",
  labels: { "node.kubernetes.io/exclude-from-external-load-balancers": "true" },
});

function service(name: string, spec: Service["spec"], ingress: readonly string[] = []): Service {
  const metadata = { name, namespace: "default" };
  const status = { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } };
  return { apiVersion: "v1", kind: "Service", metadata, spec: { ...spec }, status };
}

function slice(of: string, nodeName: string, address: string, ready = true): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${of}-${nodeName}`,
      namespace: "default",
      labels: { "kubernetes.io/service-name": of },
    },
    endpoints: [{ addresses: [address], nodeName, conditions: { ready } }],
  };
}

const routes = (resources: readonly ConfdResource[], on = "a", family: 4 | 6 = 4) =>
  render([A, B, EXCLUDED, ...resources], on, family)
    .staticRoutes.filter(({ origin }) => origin === "service")
    .map(({ cidr }) => cidr);

const RANGES = settings({
  serviceClusterIPs: [{ cidr: "10.96.0.0/12" }, { cidr: "fd00:96::/112" }],
  serviceExternalIPs: [{ cidr: "20.0.0.0/24" }, { cidr: "20.9.9.9/32" }],
  serviceLoadBalancerIPs: [{ cidr: "30.0.0.0/24" }],
});
const LOCAL = { type: "LoadBalancer", clusterIP: "10.96.0.1", externalTrafficPolicy: "Local" };
const CLUSTER = { ...LOCAL, externalTrafficPolicy: "Cluster" };
const WIDE = ["10.96.0.0/12", "20.0.0.0/24", "30.0.0.0/24"];

describe("service advertisement", () => {
  test("every node advertises the ranges and keeps them out of the kernel", () => {
    expect(routes([RANGES])).toEqual(WIDE);
    expect(routes([RANGES], "a", 6)).toEqual(["fd00:96::/112"]);
    expect(render([A, RANGES], "a").kernel.reject).toEqual(WIDE);
  });

  test("an excluded node only keeps them out of the kernel", () => {
    const resources = [RANGES, service("s", LOCAL), slice("s", "x", "10.1.0.1")];
    expect(routes(resources, "x")).toEqual([]);
    expect(render([EXCLUDED, ...resources], "x").kernel.reject).toEqual(WIDE);
  });

  test("policy Local: single addresses from nodes with a ready endpoint of that family", () => {
    const svc = service("s", { ...LOCAL, externalIPs: ["20.0.0.7", "99.0.0.1"] }, ["30.0.0.7"]);
    const single = ["10.96.0.1/32", "20.0.0.7/32", "30.0.0.7/32"];
    const on = (name: string, ...slices: EndpointSlice[]) =>
      routes([RANGES, svc, ...slices], name).filter((cidr) => cidr.endsWith("/32"));
    expect(on("a", slice("s", "a", "10.1.0.1"))).toEqual(single);
    expect(on("b", slice("s", "a", "10.1.0.1"))).toEqual([]);
    expect(on("a", slice("s", "a", "10.1.0.1", false))).toEqual([]);
    expect(on("a", slice("s", "a", "fd00:1::1"))).toEqual([]);
    expect(on("a", slice("another", "a", "10.1.0.1"))).toEqual([]);
  });

  test("policy Cluster: single addresses only of ranges of one address, from every node", () => {
    const svc = service("s", { ...CLUSTER, externalIPs: ["20.0.0.7", "20.9.9.9"] }, ["30.0.0.7"]);
    const slices = slice("s", "a", "10.1.0.1");
    expect(routes([RANGES, svc, slices], "b")).toEqual([
      ...WIDE.slice(0, 2),
      "20.9.9.9/32",
      WIDE[2],
    ]);
    expect(routes([RANGES, svc], "b")).toEqual(WIDE);
  });

  test("without aggregation load balancer addresses go one by one", () => {
    const apart = settings({
      serviceLoadBalancerIPs: [{ cidr: "30.0.0.0/24" }],
      serviceLoadBalancerAggregation: "Disabled",
    });
    const svc = service("s", CLUSTER, ["30.0.0.7", "30.0.0.8/32"]);
    expect(routes([apart, svc, slice("s", "a", "10.1.0.1")], "b")).toEqual(["30.0.0.7/32"]);
  });

  test("headless services and those of another type are not advertised", () => {
    for (const spec of [
      { ...LOCAL, clusterIP: "None" },
      { ...LOCAL, type: "ExternalName" },
    ]) {
      expect(routes([RANGES, service("s", spec), slice("s", "a", "10.1.0.1")])).toEqual(WIDE);
    }
  });

  test("an entry of the ranges may be empty", () => {
    // As a manifest may have it, though the API does not.
    const serviceClusterIPs = [null, {}, { cidr: "10.96.0.0/12" }] as unknown as { cidr: string }[];
    expect(routes([settings({ serviceClusterIPs })])).toEqual(["10.96.0.0/12"]);
  });

  test("Endpoints count where there is no slice", () => {
    const older: ConfdResource = {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name: "s", namespace: "default" },
      subsets: [{ addresses: [{ ip: "10.1.0.1", nodeName: "a" }] }],
    };
    expect(routes([RANGES, service("s", LOCAL), older])).toContain("10.96.0.1/32");
  });

  test("CALICO_ADVERTISE_CLUSTER_IPS takes the place of the cluster ranges", () => {
    const environment = { CALICO_ADVERTISE_CLUSTER_IPS: "10.101.0.0/16, fd00:97::/112" };
    const config = render([A, RANGES], "a", 4, { environment });
    expect(config.kernel.reject).toEqual(["10.101.0.0/16", "20.0.0.0/24", "30.0.0.0/24"]);
  });

  test("a reflector passes external and load balancer ranges on", () => {
    const reflector = node("r", { v4: "10.0.0.9/24", cluster: "1.0.0.1" });
    const steps = (name: string) =>
      render([A, reflector, RANGES], name).exportSteps.filter((s) => s.kind === "service-range");
    expect(steps("a")).toEqual([]);
    expect(steps("r").map((s) => s.cidr)).toEqual(["20.0.0.0/24", "20.9.9.9/32", "30.0.0.0/24"]);
  });
});
