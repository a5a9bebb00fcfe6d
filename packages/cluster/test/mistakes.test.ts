import { leafSpine, micros } from "@calico-sim/core";
import { FELIX_COSTS } from "@calico-sim/felix";
import { describe, expect, test } from "vitest";
import {
  at,
  ClusterError,
  cluster,
  clusterFromResources,
  config,
  fail,
  pods,
  ScenarioError,
  Simulation,
  simulate,
  start,
} from "../src/index.js";

const SPEC = cluster({ nodes: 2 });
const OK = [at("0s", start())];

/** What somebody who writes JavaScript may call. */
const run = (options: unknown): unknown => simulate(SPEC, OK, options as never);

/** What a call throws. */
function caught(
  call: () => unknown,
): Partial<Pick<ClusterError, "issues"> & Pick<ScenarioError, "faults">> {
  try {
    call();
  } catch (error) {
    return error as Partial<Pick<ClusterError, "issues"> & Pick<ScenarioError, "faults">>;
  }
  throw new Error("nothing was thrown");
}

describe("a run with wrong options", () => {
  test.each([
    [
      { untill: "1s" },
      /^untill: the options of a run has no field "untill"; did you mean "until"\?/,
    ],
    [null, /^the options of a run is an object, not null/],
    [{ until: "5x" }, /^until: "5x" is not a duration/],
    [{ until: -1 }, /^until: duration -1 must be/],
    [{ seed: {} }, /^seed: \{\} is no seed \(expected a number or a text\)/],
    [{ seed: Number.NaN }, /is no seed/],
    [{ eventsMax: "9" }, /^eventsMax: must be a whole number, not the text "9"/],
    [{ eventsMax: 0 }, /^eventsMax: 0 is out of range/],
    [{ progress: "x" }, /^progress: "x" is no function/],
    [{ parameters: 3 }, /^parameters: 3 is not an object/],
    [{ parameters: { brid: {} } }, /^parameters\.brid: .*did you mean "bird"\?/],
    [
      { parameters: { bird: { timers: { holdd: 90 } } } },
      /^parameters\.bird\.timers\.holdd: there is no parameter "holdd" here; did you mean "hold"\?/,
    ],
    [{ parameters: { bird: { timers: { hold: "90s" } } } }, /"90s" is not a number/],
    [{ parameters: { workloads: { spread: -1 } } }, /-1 is out of range/],
    [{ parameters: { bird: { bfd: { interval: 1 } } } }, /bfd\.multiplier: .*given whole/],
    [{ parameters: { felix: { ...FELIX_COSTS, flush: 3 } } }, /felix\.flush: 3 is not an object/],
  ])("is refused: %j", (options, message) => {
    expect(() => run(options)).toThrow(ClusterError);
    expect(() => run(options)).toThrow(message);
  });

  test("is told of all at once, and takes what is right", () => {
    expect(() => run({ seed: [], eventsMax: 1.5 })).toThrow(/^eventsMax: .*\nseed: /);
    const bird = { timers: { hold: 90 }, bfd: { interval: 300_000, multiplier: 3 } };
    const parameters = {
      bird,
      felix: FELIX_COSTS,
      typha: { config: {} },
      workloads: { spread: 0 },
    };
    expect(() => run({ until: "1s", seed: "a", parameters })).not.toThrow();
  });

  test("is refused where the cluster is none", () => {
    const none =
      /a run takes a cluster as cluster\(…\) or await clusterFromManifests\(…\) returns it/;
    for (const spec of [undefined, { nodes: 3 }, Promise.resolve(SPEC)])
      expect(() => simulate(spec as never, OK)).toThrow(none);
  });

  test("is refused where its end is no time", () => {
    const simulation = new Simulation(SPEC);
    expect(() => simulation.run("1m" as never)).toThrow(/"1m" is no time in microseconds; micros/);
    expect(() => simulation.settle(Number.NaN)).toThrow(RangeError);
    expect(() => simulation.run(1.5)).toThrow("1.5 is no time in microseconds");
    expect(() => simulation.run(Number.POSITIVE_INFINITY)).toThrow("a run without an end has none");
  });

  test("says so where steps lie beyond its end", () => {
    const { findings } = simulate(SPEC, [...OK, at("5m", fail.node("node-1"))], { until: "10s" });
    expect(findings.map(({ text }) => text)).toEqual([
      'the run ended at 10s, before a step of the scenario: "crash node-1" at 5m0s',
    ]);
  });
});

describe("a step that cannot be made", () => {
  test.each([
    [
      () => start({ staggr: "1s" } as never),
      /^start has no option "staggr"; did you mean "stagger"\?/,
    ],
    [() => start("1s" as never), /^start takes an object of options, not "1s"/],
    [() => fail.process("bird", "a", { sginal: "TERM" } as never), /did you mean "signal"\?/],
    [
      () => pods.create(3, { ovr: "1s" } as never),
      /^pods\.create has no option "ovr"; did you mean "over"/,
    ],
    [() => pods.churn({ persecond: 3 } as never), /did you mean "perSecond"\?/],
  ])("is refused where it is written", (make, message) => {
    expect(make).toThrow(ScenarioError);
    expect(make).toThrow(message);
  });

  test("is refused with its time", () => {
    expect(() => at(undefined as never, start())).toThrow(/^undefined is not a duration; write/);
    expect(() => at(start() as never, "5m" as never)).toThrow(/is not a duration/);
    const etcd = [...OK, at("1s", config.etcdEndpoints("https://x" as never))];
    expect(() => simulate(SPEC, etcd)).toThrow(/action\.endpoints .*must be a list/);
  });

  test("says of families what a description says", () => {
    const step = (families: readonly unknown[]) => [
      ...OK,
      at("1m", config.podFamilies(families as never)),
    ];
    for (const families of [[], [4, 4], [5], ["4"]]) {
      const podFamilies = families as never;
      const { resources } = SPEC;
      const [issue] = caught(() => clusterFromResources({ resources, podFamilies })).issues ?? [];
      const [fault] = caught(() => simulate(SPEC, step(families))).faults ?? [];
      const { path = [], field: _, ...said } = issue!;
      const at = ["action", "families", ...path.slice(1)];
      const { field: __, ...found } = fault!.issue;
      expect(found).toEqual({ ...said, path: at });
    }
  });

  test("may not lie in the past", () => {
    const simulation = new Simulation(SPEC);
    simulation.run(micros("1m"));
    expect(() => simulation.schedule(OK)).toThrow(
      "scenario[0].at at 0s (start all nodes): the clock shows 60s already (expected 60s or later)",
    );
  });

  test("names the object that it does not find, and leaves Nodes to those who clean up", () => {
    const gone = { type: "delete", kind: "IPPool", name: "default-ipv4-ipool" } as const;
    const { findings } = simulate(SPEC, [...OK, at("1s", gone)], { until: "2s" });
    expect(findings.map(({ text }) => text)).toEqual([
      '"delete IPPool/default-ipv4-ipool" at 1s failed: there is no such object; did you mean "default-ipv4-ippool"?',
    ]);
    const node = { type: "delete", kind: "Node", name: "node-1" } as const;
    expect(() => simulate(SPEC, [...OK, at("1s", node)])).toThrow(
      /action\.kind at 1s \(delete Node\/node-1\): .* \(expected the action node-delete\)/,
    );
  });
});

describe("a cluster from resources that nobody checked", () => {
  const from = (more: object): (() => unknown) => {
    return () => clusterFromResources({ resources: SPEC.resources, ...more });
  };

  test.each([
    [{ resources: [{ kind: "Node" }] }, /^resources\[0\]\.apiVersion: Node is of no API undefined/],
    [
      { resources: [...SPEC.resources, SPEC.resources[0]] },
      /Node "node-0" is defined more than once/,
    ],
    [{ typhas: 3 }, /^typhas: 3 Typhas are more than the 2 nodes to run them/],
    [{ etcdEndpoints: ["https://a"] }, /^etcdEndpoints: the datastore is kubernetes/],
    [{ podFamilies: [4, 5] }, /^podFamilies\[1\]: 5 is no family of addresses \(expected 4 or 6\)/],
    [
      { podFamilies: [] },
      /^podFamilies: a pod has an address of some family \(expected \[4\], \[6\] or \[4, 6\]\)/,
    ],
    [{ podFamilies: [4, 4] }, /^podFamilies\[1\]: this family is there twice/],
    [
      { typhaConfig: { serverMaxMessageSize: 0 } },
      /^typhaConfig\.serverMaxMessageSize: 0 is out of range \(expected a whole number from 1 to/,
    ],
    [
      { typhaConfig: { pingInterval: "10s" } },
      /^typhaConfig\.pingInterval: "10s" is not a number \(expected a number\)/,
    ],
    [{ podFamilies: ["6"] }, /^podFamilies\[0\]: "6" is no family of addresses/],
    [{ fabric: "x" }, /^fabric: "x" is no underlay/],
    [
      { fabric: leafSpine({ nodes: [{ name: "z", subnet: "10.0.0.0/24" }] }) },
      /^fabric\.nodes\[0\]: node 0 of the underlay is z, and of the Node resources node-0/,
    ],
  ])("is refused", (more, message) => {
    expect(from(more)).toThrow(message);
  });

  test.each([
    [{ typhas: 99 }, /^typhas: 99 Typhas are more than the 2 nodes/],
    [{ typhas: 0.5 }, /^typhas: must be a whole number/],
    [
      { backend: "brid" },
      /^backend: "brid" is not a value this field knows; did you mean "bird"\?/,
    ],
    [{ datastore: "k8s" }, /^datastore: "k8s" is not a value this field knows/],
    [{ podFamilies: [] }, /^podFamilies: a pod has an address/],
    [{ externalRouters: [{}] }, /^externalRouters\[0\]\.name: "name" is required/],
    [
      { resources: SPEC.resources.slice(1) },
      /^fabric\.nodes\[0\]: node 0 of the underlay is node-0, and of the Node resources node-1/,
    ],
  ])("is refused when it was edited into what is none (%#)", (edit, message) => {
    const edited = { ...SPEC, ...edit } as typeof SPEC;
    expect(() => new Simulation(edited)).toThrow(message);
    expect(() => new Simulation({ ...SPEC, issues: [] } as typeof SPEC)).not.toThrow();
  });

  test("names what JSON has no word for", () => {
    const seed = 5n as unknown as string;
    expect(() => new Simulation(SPEC, { seed })).toThrow(/^seed: 5 is no seed/);
    expect(() => at(5n as unknown as string, start())).toThrow("5 is not a duration");
    const nodes = Number.NaN;
    expect(() => cluster({ nodes })).toThrow(/^nodes: NaN is no number of nodes/);
    const one = fail.link("node-0", undefined as unknown as string);
    expect(() => simulate(SPEC, [...OK, at("1m", one)])).toThrow("a link has two ends");
    const etcd = config.etcdEndpoints(undefined as unknown as string[]);
    expect(() => simulate(SPEC, [...OK, at("1m", etcd)])).toThrow('"endpoints" is required');
  });

  test("says that routers outside are left out where no BGP is spoken", () => {
    const externalRouters = [{ name: "tor", ip: "10.0.0.250", asNumber: 65_001 }];
    const spec = cluster({ nodes: 2, backend: "none", externalRouters });
    expect(simulate(spec, OK, { until: "1m" }).findings.map(({ text }) => text)).toEqual([
      "no BGP is spoken with the backend none, so the external routers tor (10.0.0.250) are left out",
    ]);
    const crash = [...OK, at("1s", fail.router("tor"))];
    expect(() => simulate(spec, crash)).toThrow(/so no external router runs/);
  });
});
