import { UnknownKindError } from "@calico-sim/calicoctl";
import { micros } from "@calico-sim/core";
import { beforeAll, describe, expect, test } from "vitest";
import {
  at,
  blocks,
  cluster,
  fail,
  pods,
  type Scenario,
  Simulation,
  start,
} from "../../src/index.js";

/** A cluster after a scenario, at a time. */
function simulated(nodes: number, scenario: Scenario, until: string): Simulation {
  const simulation = new Simulation(cluster({ nodes }), { seed: 7 });
  simulation.schedule(scenario);
  simulation.run(micros(until));
  return simulation;
}

describe("what BIRD's and Calico's commands show of a cluster", () => {
  let whole: Simulation;
  let names: string[];

  beforeAll(() => {
    whole = simulated(4, [at("0s", start()), at("2m", pods.create(6))], "5m");
    names = Array.from({ length: 4 }, (_, i) => whole.nodes.name(i));
  });

  test("every node lists every other as an established peer of the mesh, by address", () => {
    for (const name of names) {
      const peers = whole.views.peers(name);
      expect(peers).toHaveLength(3);
      for (const peer of peers)
        expect(peer).toMatchObject({
          origin: "Mesh",
          state: "up",
          bgpState: "Established",
          info: "",
        });
      expect(new Set(peers.map((peer) => peer.peerIP)).size).toBe(3);
    }
  });

  test("calicoctl node status has both families", () => {
    const text = whole.views.calicoctlNodeStatus(names[0]!);
    expect(text).toMatch(/^Calico process is running\.\n\nIPv4 BGP status\n\+-/);
    expect(
      text.match(/\| node-to-node mesh \| up {4}\| 00:0\d:\d\d \| Established \|/g),
    ).toHaveLength(3);
    expect(text).toMatch(/\n\nIPv6 BGP status\nNo IPv6 peers found\.\n\n$/);
  });

  test("birdcl shows protocols, one of them in full, and the status", () => {
    const [peer] = whole.views.peers(names[0]!);
    expect(whole.views.showProtocols(names[0]!)).toContain(
      `${peer!.session} BGP      master   up `,
    );
    const all = whole.views.showProtocol(names[0]!, peer!.session);
    expect(all).toContain(`    Neighbor address: ${peer!.peerIP}\n    Neighbor AS:      64512\n`);
    expect(all).toMatch(/ {4}Session: {10}internal multihop/);
    const address = whole.views.peers(names[1]!).map((one) => one.peerIP);
    const id = /Router ID is (\S+)/.exec(whole.views.showStatus(names[0]!))?.[1];
    expect(address).toContain(id);
  });

  test("a node that loses power vanishes from its peers only when their hold time is over", () => {
    const run = whole.fork();
    run.schedule([at("6m", fail.node(names[1]!))]);
    run.run(micros("7m"));
    const row = () => run.views.peers(names[0]!).filter((peer) => peer.state !== "up");
    expect(row()).toEqual([]);
    run.run(micros("11m"));
    expect(row()).toHaveLength(1);
    expect(row()[0]).toMatchObject({ state: "start", info: "BGP Error: Hold timer expired" });
    expect(run.views.calicoctlNodeStatus(names[1]!)).toBe("Calico process is not running.\n");
  });

  test("without BIRD the command names it, and birdcl cannot connect", () => {
    const run = whole.fork();
    run.schedule([at("6m", fail.process("bird", names[1]!, { restartAfter: "never" }))]);
    run.run(micros("6m1s"));
    expect(run.views.calicoctlNodeStatus(names[1]!)).toContain(
      "\nINFO: BIRDv4 process: 'bird' is not running.\n\nIPv6 BGP status\n",
    );
    expect(run.views.showProtocols(names[1]!)).toBe(
      "Unable to connect to server control socket (/var/run/calico/bird.ctl): Connection refused\n",
    );
    expect(run.views.peers(names[1]!)).toEqual([]);
  });

  test("calicoctl get shows nodes with the AS that they inherit", () => {
    const [, ...rows] = whole.views.calicoctlGet("Node", { wide: true }).trimEnd().split("\n");
    expect(rows).toHaveLength(4);
    for (const row of rows) expect(row).toMatch(/^\S+ +\(64512\) +\d+\.\d+\.\d+\.\d+\/\d+ *$/);
  });

  test("calicoctl get names the kinds that it shows when it is asked for another", () => {
    const get = (kind: string) => (): string => whole.views.calicoctlGet(kind as "Node");
    expect(get("ippools")).toThrow(UnknownKindError);
    expect(get("ippools")).toThrow(
      /^calicoctl get has no table for kind "ippools"; there are Node, IPPool, .*; did you mean "IPPool"\?$/,
    );
    // It has a table for it, and the datastore does not hold it.
    expect(get("Tier")).toThrow(UnknownKindError);
    expect(get("Pod")).toThrow(UnknownKindError);
  });

  test("calicoctl ipam show counts what is in the datastore", () => {
    const blocks = whole.datastore.list("IPAMBlock");
    const used = blocks.reduce(
      (sum, block) => sum + block.spec.allocations.filter((index) => index !== null).length,
      0,
    );
    const lines = whole.views.calicoctlIpamShow({ showBlocks: true }).split("\n");
    const inUse = (line: string): number => Number(line.split("|")[4]?.trim().split(" ")[0]);
    expect(lines.filter((line) => line.startsWith("| Block "))).toHaveLength(blocks.length);
    expect(inUse(lines.find((line) => line.startsWith("| IP Pool "))!)).toBe(used);
    expect(used).toBeGreaterThanOrEqual(6);
  });

  test("calicoctl ipam show --ip names the pod that holds an address", () => {
    const block = whole.datastore
      .list("IPAMBlock")
      .find((one) => one.spec.attributes.some((a) => a.secondary?.["pod"] !== undefined))!;
    const index = block.spec.attributes.findIndex((a) => a.secondary?.["pod"] !== undefined);
    const ordinal = block.spec.allocations.indexOf(index);
    const [network] = block.spec.cidr.split("/");
    const parts = network!.split(".").map(Number);
    const ip = [...parts.slice(0, 3), parts[3]! + ordinal].join(".");
    const text = whole.views.calicoctlIpamShowIP(ip);
    expect(text).toContain(`IP ${ip} is in use\nHandle ID: `);
    expect(text).toContain(`  pod: ${block.spec.attributes[index]!.secondary!["pod"]!}\n`);
    expect(whole.views.calicoctlIpamShowIP("192.0.2.1")).toBe("192.0.2.1 is not assigned\n");
    expect(() => whole.views.calicoctlIpamShowIP("10.0.0")).toThrow('"10.0.0" is no IP address');
  });

  test("the routes of a node lead to every block of every other", () => {
    const routes = whole.views.routes(names[0]!);
    const learnt = routes.filter(({ learnedFrom }) => learnedFrom.sourceType === "NodeMesh");
    const others = names.slice(1).flatMap((name) => whole.blocksOf(name));
    expect(learnt.map(({ destination }) => destination).sort()).toEqual(others.sort());
    expect(
      learnt.every(
        ({ type, learnedFrom, gateway }) => type === "FIB" && learnedFrom.peerIP === gateway,
      ),
    ).toBe(true);
    expect(whole.views.showRoute(names[0]!, { all: true })).toContain(
      "\tBGP.local_pref: 2147482623\n",
    );
  });

  test("why a route is where it is: who wrote it, what BIRD knows, since when, what it replaced", () => {
    const spec = cluster({ nodes: 3, pools: [{ cidr: "10.200.0.0/20", ipipMode: "Never" }] });
    const run = new Simulation(spec, { seed: 7, parameters: { bird: { routeLog: true } } });
    run.schedule([at("0s", start()), at("2m", blocks.add("node-1"))]);
    run.run(micros("3m"));
    const [block] = run.blocksOf("node-1");
    const address = block!.split("/")[0]!;
    const [peer] = run.views.peers("node-0").filter(({ peerIP }) => peerIP === "10.0.0.2");
    const why = run.views.whyRoute("node-0", address)!;
    expect(why).toMatchObject({
      destination: block,
      type: "unicast",
      nextHop: "node-1",
      writtenBy: "bird",
    });
    expect(why.bird).toMatchObject({ learntFrom: peer!.session, others: [], replaced: undefined });
    expect(why.bird!.since).toBeGreaterThanOrEqual(micros("119s"));
    expect(run.views.whyRoute("node-1", address)).toMatchObject({
      type: "blackhole",
      nextHop: undefined,
      bird: { learntFrom: "static1" },
    });
    expect(run.views.whyRoute("node-0", "203.0.113.1")).toBeUndefined();
    expect(() => run.views.whyRoute("node-0", "nowhere")).toThrow(RangeError);
  });

  test("what became of every route of a session, if that is asked for", () => {
    const spec = cluster({ nodes: 3, pools: [{ cidr: "10.200.0.0/20", ipipMode: "Never" }] });
    const run = new Simulation(spec, { seed: 7, parameters: { bird: { routeStats: true } } });
    run.schedule([at("0s", start())]);
    run.run(micros("3m"));
    const [peer] = run.views.peers("node-0");
    expect(run.views.showProtocol("node-0", peer!.session)).toMatch(
      /preferred\n {2}Route change stats: .*\n {4}Import updates: +\d+ +0 +0 +\d+ +\d+\n/,
    );
    expect(
      whole.views.showProtocol(names[0]!, whole.views.peers(names[0]!)[0]!.session),
    ).not.toContain("stats");
  });

  test("with IP-in-IP the kernel's route is Felix's, and BIRD knows the same prefix", () => {
    const [block] = whole.blocksOf(names[1]!);
    const why = whole.views.whyRoute(names[0]!, block!.split("/")[0]!)!;
    expect(why).toMatchObject({ device: "tunl0", nextHop: names[1], writtenBy: "felix" });
    expect(why.bird?.learntFrom).toMatch(/^Mesh_/);
  });

  test("the files that confd writes name every peer that BIRD runs with, and every block", () => {
    for (const name of names) {
      const text = whole.views
        .birdFiles(name)
        .map((file) => file.text)
        .join("\n");
      for (const { session } of whole.views.peers(name))
        expect(text).toContain(`protocol bgp ${session} from`);
      for (const block of whole.blocksOf(name)) expect(text).toContain(`route ${block} blackhole;`);
    }
    expect(whole.views.birdFiles(names[0]!, 6).map(({ name }) => name)).toContain("bird6.cfg");
  });

  test("a node that is not there is named, with what there is", () => {
    expect(() => whole.views.showProtocols("nowhere")).toThrow(/nowhere/);
  });

  test("looking changes nothing", () => {
    const [looked, left] = [whole.fork(), whole.fork()];
    for (const name of names) looked.views.calicoctlNodeStatus(name);
    looked.views.calicoctlIpamShow({ showBlocks: true });
    for (const run of [looked, left]) run.run(micros("6m"));
    expect(looked.digest()).toBe(left.digest());
  });
});
