import { describe, expect, it } from "vitest";
import {
  at,
  blocks,
  cluster,
  config,
  defaultScenario,
  fail,
  firewall,
  heal,
  nodes,
  pods,
  readScenario,
  type Scenario,
  ScenarioFileError,
  start,
} from "../src/index.js";

const spec = cluster({ nodes: 6, racks: 2, typhas: 1 });
const read = (text: string): Scenario => readScenario({ name: "scenario.yaml", text }, spec);

function issues(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof ScenarioFileError)) throw error;
    return error.issues.map(
      (i) => `${String(i.line)}:${String(i.column)} ${i.field ?? ""} ${i.message}`,
    );
  }
  return [];
}

describe("scenario files", () => {
  it("are one document: a second one is refused, not passed over", () => {
    const one = "- { at: 0s, action: start }\n";
    expect(issues(one)).toEqual([]);
    expect(issues(`${one}---\n${one}`)).toEqual([
      "3:1  a second YAML document begins here, and the file holds one",
    ]);
  });

  it.each(["", "# nothing yet\n", "---\n"])(
    "have a line even where they hold nothing: %j",
    (text) => {
      expect(issues(text)).toEqual([
        expect.stringMatching(/^1:1 {2}a scenario is a list of steps/),
      ]);
    },
  );

  it("refuse what no link can be", () => {
    const step = (fields: string): readonly string[] =>
      issues(`- { at: 1m, action: link-degrade, between: [node-0, 10.0.0.0/24], ${fields} }\n`);
    expect(step("loss: 0, jitterUs: 0")).toEqual([]);
    expect(step("loss: 0, jitterUs:")).toEqual([]);
    expect(step("loss:")).toEqual([expect.stringContaining("nothing is said of the link")]);
    expect(step("loss: 5")).toEqual([expect.stringContaining('"loss" cannot be 5')]);
    expect(step("latencyUs: 1.5")).toEqual([expect.stringContaining('"latencyUs" cannot be 1.5')]);
    expect(step("bandwidthMbps: 0")).toEqual([
      expect.stringContaining('"bandwidthMbps" cannot be 0'),
    ]);
    expect(step("los: 0.1")).toEqual([expect.stringContaining('did you mean "loss"?')]);
  });

  it("say what the functions say", () => {
    const text = `
- { at: 0s, action: start, stagger: 100ms }
- { at: 1m, action: pods-create, count: 300, over: 60s }
- { at: 2m, action: node-join, name: node-9, address: 10.0.0.99/24 }
- { at: 5m, action: node-crash, node: node-9 }
- { at: 6m, action: node-reboot, node: node-9 }
- { at: 7m, action: kill, daemon: bird, target: node-1, restartAfter: never }
- { at: 8m, action: block-add, node: node-0 }
- { at: 9m, action: rack-cut, rack: ${spec.fabric.racks[1]?.name ?? ""} }
- { at: 10m, action: link-cut, between: [node-0, 10.0.0.0/24] }
- { at: 10m, action: link-degrade, between: [node-0, 10.0.0.0/24], latencyUs: 2000, loss: 0.02, bandwidthMbps: 0.5 }
- { at: 10m, action: link-mend, between: [node-0, 10.0.0.0/24] }
- { at: 11m, action: etcd-endpoints, endpoints: ["https://10.0.0.1:2379"] }
- { at: 12m, action: packets-drop, from: node-0, to: node-1, port: 179 }
- { at: 13m, action: pods-create, count: 2, labels: { app: web } }
- { at: 14m, action: pods-churn, perSecond: 2, lifetime: 30s, duration: 1m, labels: { app: job } }
- { at: 15m, action: detect-ipv6 }
- { at: 15m, action: pod-families, families: [4, 6] }
- { at: 16m, action: node-join, name: v6, address: "fd10::9/64" }
`;
    const etcd = cluster({
      nodes: 6,
      racks: 2,
      datastore: "etcd",
      etcdEndpoints: ["https://10.0.0.9:2379"],
    });
    expect(readScenario({ name: "scenario.yaml", text }, etcd)).toEqual([
      at("0s", start({ stagger: "100ms" })),
      at("1m", pods.create(300, { over: "60s" })),
      at("2m", nodes.join({ name: "node-9", address: "10.0.0.99/24" })),
      at("5m", fail.node("node-9")),
      at("6m", heal.node("node-9")),
      at("7m", {
        ...fail.process("bird", "node-1"),
        restartAfter: Number.POSITIVE_INFINITY,
      } as never),
      at("8m", blocks.add("node-0")),
      at("9m", fail.rack(spec.fabric.racks[1]?.name ?? "")),
      at("10m", fail.link("node-0", "10.0.0.0/24")),
      at(
        "10m",
        fail.quality("node-0", "10.0.0.0/24", { latencyUs: 2_000, loss: 0.02, bandwidthMbps: 0.5 }),
      ),
      at("10m", heal.quality("node-0", "10.0.0.0/24")),
      at("11m", config.etcdEndpoints(["https://10.0.0.1:2379"])),
      at("12m", firewall.drop({ from: "node-0", to: "node-1", port: 179 })),
      at("13m", pods.create(2, { labels: { app: "web" } })),
      at(
        "14m",
        pods.churn({ perSecond: 2, lifetime: "30s", duration: "1m", labels: { app: "job" } }),
      ),
      at("15m", config.detectIpv6()),
      at("15m", config.podFamilies([4, 6])),
      at("16m", nodes.join({ name: "v6", address: "fd10::9/64" })),
    ]);
    expect(issues("- { at: 1m, action: pod-families, families: [5] }\n")).toEqual([
      "1:46 [0].families[0] 5 is no family of addresses",
    ]);
    expect(issues("- { at: 1m, action: pod-families, families: [4, 4] }\n")).toEqual([
      "1:49 [0].families[1] this family is there twice",
    ]);
    expect(issues("- { at: 1m, action: pod-families, families: [] }\n")).toEqual([
      "1:35 [0].families a pod has an address of some family",
    ]);
    expect(issues("- { at: 1m, action: pod-families, families: 4 }\n")).toEqual([
      '1:45 [0].families "families" cannot be 4',
    ]);
  });

  it("let a node join with an IPv6 address", () => {
    const node = { name: "v6", address: "10.0.0.99/24", ipv6Address: "fd10::99/64" };
    const line = `- { at: 1m, action: node-join, name: v6, address: 10.0.0.99/24, ipv6Address: "fd10::99/64" }`;
    expect(read(line)).toEqual([at("1m", nodes.join(node))]);
  });

  it("may be JSON", () => {
    expect(read('[{"at": "5m", "action": "node-cut", "node": "node-3"}]')).toEqual([
      at("5m", fail.cut("node-3")),
    ]);
  });

  it("are refused with line, field and what was meant", () => {
    expect(
      issues(`- { at: 5x, action: node-crash, node: node-33 }
- { at: 6m, action: node-crsh, node: node-3 }
- { at: 7m, action: node-cut, nod: node-3 }
- { at: 8m, action: pods-create, count: -3 }
- { at: 300, action: start }
`),
    ).toEqual([
      '1:9 [0].at "at" cannot be "5x"',
      '1:39 [0].node "node" cannot be "node-33"; did you mean "node-3"?',
      '2:21 [1].action "action" cannot be "node-crsh"; did you mean "node-crash"?',
      expect.stringContaining('a step needs "node"'),
      expect.stringContaining('node-cut has no field "nod"; did you mean "node"?'),
      '4:41 [3].count "count" cannot be -3',
      '5:9 [4].at "at" cannot be 300',
    ]);
  });

  it.each([
    ["start: true", "a scenario is a list of steps"],
    ["- start", "a step is an object such as { at: 5m, action: node-crash"],
    ["- { at: 5m", ""],
    ["", "a scenario is a list of steps"],
  ])("that are no list of steps are refused: %j", (text, message) => {
    expect(issues(text).join("\n")).toContain(message);
    expect(issues(text)).not.toEqual([]);
  });

  it("are refused with line and field for whatever the cluster does not have", () => {
    expect(
      issues(`- { at: 0s, action: start }
- { at: 1m, action: kill, daemon: felix, target: node-33 }
- { at: 1m, action: kill, daemon: typha, target: 7 }
- { at: 1m, action: kill, daemon: bird6, target: node-1 }
- { at: 1m, action: link-cut, between: [node-0, node-9] }
- { at: 1m, action: link-cut, between: [node-0, node-1] }
- { at: 1m, action: packets-drop, from: node-0, to: node-1, port: 70000 }
- { at: 1m, action: node-join, name: node-0, address: 10.0.0.99/24 }
- { at: 1m, action: node-join, name: late, address: 10.0.0.1/24 }
- { at: 1m, action: node-join, name: later, address: 10.0.0.99 }
- { at: 1s, action: node-crash, node: later }
- { at: 1m, action: etcd-endpoints, endpoints: [x] }
`),
    ).toEqual([
      '2:50 [1].target there is no node "node-33"; did you mean "node-3"?',
      '3:50 [2].target there is no Typha "7"; Typhas are numbered from 0, and there are 1',
      "4:35 [3].daemon nothing in the cluster is of IPv6, so no bird6 is simulated",
      '5:49 [4].between[1] there is no node, rack or router of the underlay "node-9"; did you mean "node-0"?',
      "6:31 [5].between there is no link between node-0 and node-1",
      "7:67 [6].port only TCP port 179 (BGP) can be dropped by itself, not 70000; without a port everything is dropped",
      '8:38 [7].name node "node-0" is in the cluster already',
      "9:53 [8].address 10.0.0.1/24 is the address of node node-0",
      '10:54 [9].address "10.0.0.99" is no IPv4 address with the length of its subnet',
      '11:39 [10].node node "later" joins later than this',
      "12:21 [11].action the cluster does not say where its own etcd is",
    ]);
  });

  it("tell names and fields together, and blame nobody for what could not be read", () => {
    expect(
      issues(`- { at: 1x, action: start }
- { at: 1m, action: pods-create, count: 3 }
- { at: 1m, action: node-join, name: late, adress: 10.0.0.99/24 }
- { at: 2m, action: node-crash, node: late }
- { at: 2m, action: kill, daemon: felix, target: late }
- { at: 2m, action: kill, daemon: felix, target: lat }
`).map((text) => text.split(" ", 2).join(" ")),
    ).toEqual(["1:9 [0].at", "3:3 [2].address", "3:52 [2].adress", "6:50 [5].target"]);
  });

  it("check the resources that they apply", () => {
    const text = `- at: 1m
  action: apply
  resources:
    - apiVersion: projectcalico.org/v3
      kind: IPPool
      metadata: { name: q }
      spec: { cidr: 10.1.0.0/33 }
`;
    expect(issues(text)).toEqual([
      expect.stringMatching(/^7:21 \[0\]\.resources\[0\]\.spec\.cidr .*is not a CIDR/),
    ]);
    expect(issues("- { at: 1m, action: apply, resources: [{ kind: IPPol }] }")).toEqual([
      '1:48 [0].resources[0].kind there is no kind "IPPol"; did you mean "IPPool"?',
    ]);
    expect(issues("- { at: 1m, action: apply, resources: [7] }")).toHaveLength(1);
    expect(issues("- { at: 1m, action: apply, resources: [] }")).toHaveLength(1);
  });
});

describe("the default scenario", () => {
  it("loses the last worker and a rack", () => {
    const actions = defaultScenario(spec).map(({ action }) => action.type);
    expect(actions).toEqual(["start", "pods-create", "node-crash", "block-add", "rack-cut"]);
  });

  it("spares what the cluster does not have", () => {
    const actions = defaultScenario(cluster({ nodes: 1 })).map(({ action }) => action.type);
    expect(actions).toEqual(["start", "pods-create", "node-crash"]);
  });
});
