import {
  type BGPConfiguration,
  type EndpointSlice,
  MILLISECOND,
  micros,
  parseCidr,
  type Resource,
  SECOND,
  type Service,
} from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  apply,
  at,
  cluster,
  fail,
  heal,
  pods,
  type SimulateOptions,
  Simulation,
  type Step,
  start,
} from "../src/index.js";

const NODES = ["node-0", "node-1", "node-2"];
const WEB = { app: "web" };
const ADDRESS = "10.96.0.10/32";
const ON: BGPConfiguration = {
  apiVersion: "projectcalico.org/v3",
  kind: "BGPConfiguration",
  metadata: { name: "default" },
  spec: { serviceClusterIPs: [{ cidr: "10.96.0.0/12" }] },
};

function service(spec: Partial<NonNullable<Service["spec"]>> = {}): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "default" },
    spec: {
      type: "LoadBalancer",
      clusterIP: "10.96.0.10",
      externalTrafficPolicy: "Local",
      selector: WEB,
      ...spec,
    },
  };
}

function simulated(
  resources: readonly Resource[],
  steps: readonly Step[],
  until: string,
  options: SimulateOptions = {},
): Simulation {
  const spec = cluster({ nodes: 3, pools: [{ cidr: "10.200.0.0/20" }], resources });
  const simulation = new Simulation(spec, { seed: 11, ...options });
  simulation.schedule([at("0s", start()), ...steps]);
  simulation.run(micros(until));
  return simulation;
}

/** Endpoints of the service as text: address, node, readiness. */
function endpoints({ datastore }: Simulation): string[] {
  return datastore
    .list("EndpointSlice")
    .flatMap((slice) => slice.endpoints ?? [])
    .map((e) => `${e.addresses?.join() ?? ""} ${e.nodeName ?? ""} ${String(e.conditions?.ready)}`)
    .sort();
}

/** What they should be: the running pods with the label. */
function wanted({ workloads }: Simulation): string[] {
  return workloads
    .keys()
    .map((key) => workloads.pod(key)!)
    .filter(({ spec }) => spec.namespace === "default" && spec.labels?.["app"] === "web")
    .map(({ spec, addresses }) => `${addresses.join()} ${spec.node} true`)
    .sort();
}

/** Nodes that tell of the service's address. */
function advertisers({ bird, nodes, prefixes }: Simulation): string[] {
  const prefix = prefixes.intern(parseCidr(ADDRESS)!);
  return NODES.filter((name) => bird.bestPath(nodes.id(name), prefix) === nodes.id(name));
}

function sizes({ datastore }: Simulation): number[] {
  return datastore.list("EndpointSlice").map((slice) => slice.endpoints?.length ?? 0);
}

describe("EndpointSlices of a service with a selector", () => {
  test("follow the pods with its labels, and so does who advertises its address", () => {
    const simulation = simulated(
      [ON, service()],
      [
        at("1m", pods.create(2, { over: "1s", labels: WEB })),
        at("1m", pods.create(3, { over: "1s", labels: { app: "other" } })),
        at("1m", pods.create(3, { over: "1s", namespace: "elsewhere", labels: WEB })),
      ],
      "2m",
    );
    expect(endpoints(simulation)).toHaveLength(2);
    expect(endpoints(simulation)).toEqual(wanted(simulation));
    expect(advertisers(simulation)).toEqual(["node-0", "node-1"]);
    const first = simulation.workloads.keys("node-0").find((key) => key.endsWith("/pod-0"))!;
    simulation.workloads.deletePod(first);
    simulation.run(micros("2m10s"));
    expect(endpoints(simulation)).toHaveLength(1);
    expect(advertisers(simulation)).toEqual(["node-1"]);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("hold a pod as not ready from its address until it is ready, and from its deletion until it is finished", () => {
    const simulation = simulated([service()], [], "1m");
    const { workloads, engine, datastore } = simulation;
    const seen: string[] = [];
    datastore.observe({
      onCommit: ({ type, resource }) => {
        if (resource.kind !== "EndpointSlice") return;
        const [only] = (resource as EndpointSlice).endpoints ?? [];
        seen.push(`${type} ${only === undefined ? "empty" : String(only.conditions?.ready)}`);
      },
    });
    const key = workloads.createPod({
      namespace: "default",
      name: "p",
      node: "node-2",
      labels: WEB,
    });
    simulation.run(engine.now + micros("10s"));
    expect(seen).toEqual(["added false", "modified true"]);
    workloads.deletePod(key);
    simulation.run(engine.now + micros("10s"));
    // The last one stays, empty.
    expect(seen.slice(2)).toEqual(["modified false", "modified empty"]);
  });

  test("are of one slice each hundred endpoints, and new ones fill what is written anyway", () => {
    const few = { parameters: { endpointSlices: { endpointsPerSlice: 4 } } };
    const create = at("1m", pods.create(10, { over: "1ms", labels: WEB }));
    const simulation = simulated([service()], [create], "2m", few);
    expect(sizes(simulation).reduce((a, b) => a + b)).toBe(10);
    expect(Math.max(...sizes(simulation))).toBeLessThanOrEqual(4);
    expect(endpoints(simulation)).toEqual(wanted(simulation));
    for (const key of simulation.workloads.keys()) simulation.workloads.deletePod(key);
    simulation.run(micros("3m"));
    expect(sizes(simulation)).toEqual([0]);
  });

  test("stay as few as hold their endpoints while pods come one by one", () => {
    const create = at("1m", pods.create(250, { over: "10s", labels: WEB }));
    expect(sizes(simulated([service()], [create], "3m"))).toEqual([100, 100, 50]);
  });

  test("gather the pods of a batch period in one write", () => {
    const writes = (batchPeriod: number): number => {
      const simulation = simulated(
        [service()],
        [at("1m", pods.create(12, { over: "2s", labels: WEB }))],
        "2m",
        { parameters: { endpointSlices: { batchPeriod } } },
      );
      expect(endpoints(simulation)).toEqual(wanted(simulation));
      return requests(simulation);
    };
    expect(writes(1_000 * MILLISECOND)).toBeLessThan(writes(0) / 2);
  });

  test("wait for the rate limit of the controller's client", () => {
    const spec = { parameters: { endpointSlices: { qps: 1, burst: 1 } } };
    const create = at("1m", pods.create(20, { over: "5s", labels: WEB }));
    expect(requests(simulated([service()], [create], "66s"))).toBeGreaterThan(20);
    const simulation = simulated([service()], [create], "66s", spec);
    expect(requests(simulation)).toBeLessThanOrEqual(6);
    simulation.run(micros("80s"));
    expect(endpoints(simulation)).toEqual(wanted(simulation));
  });

  test("are caught up with after an outage of the datastore", () => {
    const simulation = simulated(
      [service()],
      [
        at("1m", pods.create(6, { over: "1s", labels: WEB })),
        at("60.9s", fail.datastore()),
        at("90s", heal.datastore()),
      ],
      "4m",
    );
    expect(wanted(simulation)).toHaveLength(6);
    expect(endpoints(simulation)).toEqual(wanted(simulation));
  });

  test("leave what the resources hold as it is, and are left out of a service without a selector", () => {
    const given: EndpointSlice = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: "web-abcde",
        namespace: "default",
        labels: { "kubernetes.io/service-name": "web" },
      },
      endpoints: [{ addresses: ["10.200.9.9"], nodeName: "node-2", conditions: { ready: true } }],
    };
    const create = at("1m", pods.create(1, { over: "1s", labels: WEB }));
    const beside = simulated([ON, service(), given], [create], "2m");
    const { endpoints: left } = beside.datastore.get("EndpointSlice", "web-abcde", "default")!;
    expect(left).toEqual(given.endpoints);
    expect(endpoints(beside)).toHaveLength(2);
    expect(advertisers(beside)).toEqual(["node-0", "node-2"]);
    const without = simulated([ON, service({ selector: {} }), given], [create], "2m");
    expect(endpoints(without)).toHaveLength(1);
  });

  test("come and go with the service and its selector", () => {
    const create = at("1m", pods.create(2, { over: "1s", labels: WEB }));
    const simulation = simulated([ON], [create], "2m");
    expect(endpoints(simulation)).toEqual([]);
    simulation.schedule([at("2m", apply(service()))]);
    simulation.run(micros("2m10s"));
    expect(advertisers(simulation)).toEqual(["node-0", "node-1"]);
    simulation.schedule([at("2m10s", apply(service({ selector: { app: "none" } })))]);
    simulation.run(micros("2m20s"));
    expect(advertisers(simulation)).toEqual([]);
    simulation.schedule([
      at("2m20s", { type: "delete", kind: "Service", name: "web", namespace: "default" }),
    ]);
    simulation.run(micros("2m30s"));
    expect(simulation.datastore.list("EndpointSlice")).toEqual([]);
  });

  test("follow a selector that changes while the first slice is on its way", () => {
    const second = (app: string): Service => ({
      ...service({ selector: { app } }),
      metadata: { name: "second", namespace: "default" },
    });
    const create = at("1m", pods.create(1, { over: "1s", labels: WEB }));
    const endpointSlices = { qps: 0.1, burst: 1, batchPeriod: 3 * SECOND };
    const slow = { parameters: { endpointSlices } };
    // The pod is ready by then. The other service's slice takes the token; this one's waits ten seconds for the next.
    const changed = at("65s", apply(second("none")));
    const simulation = simulated([service(), second("web")], [create, changed], "3m", slow);
    const slices = simulation.datastore.list("EndpointSlice");
    const held = slices.map(
      ({ metadata, endpoints: e }) => `${metadata.name} ${String(e?.length)}`,
    );
    expect(held.sort()).toEqual(["second-sim0 0", "web-sim0 1"]);
  });

  test("one that somebody deletes is made anew", () => {
    const create = at("1m", pods.create(2, { over: "1s", labels: WEB }));
    const simulation = simulated([service()], [create], "2m");
    simulation.datastore.remove("EndpointSlice", "web-sim0", "default");
    simulation.run(micros("2m10s"));
    expect(endpoints(simulation)).toEqual(wanted(simulation));
  });

  test("of a dual-stack service are of both families", () => {
    const pools = [{ cidr: "10.200.0.0/20" }, { cidr: "fd00:10::/112" }];
    const both = service({ ipFamilies: ["IPv4", "IPv6"] });
    const simulation = new Simulation(cluster({ nodes: 2, pools, resources: [both] }));
    const create = at("1m", pods.create(2, { over: "1s", labels: WEB }));
    simulation.schedule([at("0s", start()), create]);
    simulation.run(micros("2m"));
    const slices = simulation.datastore.list("EndpointSlice");
    expect(slices.map(({ addressType }) => addressType).sort()).toEqual(["IPv4", "IPv6"]);
    expect(endpoints(simulation)).toHaveLength(4);
  });

  test("cost nothing where no service selects a pod: the same history to the digest", () => {
    const create = at("1m", pods.create(4, { over: "1s" }));
    const none = simulated([ON, service()], [create], "2m");
    const plain = simulated([ON, service({ selector: {} })], [create], "2m");
    expect(none.digest()).toBe(plain.digest());
    expect(none.datastore.list("EndpointSlice")).toEqual([]);
  });

  test("are carried by a fork", () => {
    const create = at("1m", pods.create(6, { over: "2s", labels: WEB }));
    const simulation = simulated([ON, service()], [create], "61s");
    const copy = simulation.fork();
    for (const each of [simulation, copy]) each.run(micros("3m"));
    expect(copy.digest()).toBe(simulation.digest());
    expect(endpoints(copy)).toEqual(wanted(copy));
  });
});

/** Writes of EndpointSlices so far. */
function requests({ datastore }: Simulation): number {
  return datastore.meter
    .snapshot()
    .byClientAndKind.filter(({ kind }) => kind === "EndpointSlice")
    .flatMap((row) => Object.entries(row.requests))
    .filter(([verb]) => ["create", "update", "delete"].includes(verb))
    .reduce((sum, [, count]) => sum + count, 0);
}
