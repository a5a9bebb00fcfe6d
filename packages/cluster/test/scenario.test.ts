import { type KubernetesNode, micros, nodeView } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  type Action,
  apply,
  at,
  blocks,
  type ClusterOptions,
  cluster,
  fail,
  firewall,
  heal,
  nodes,
  pods,
  ScenarioError,
  Simulation,
  type Step,
  simulate,
  start,
  describe as words,
} from "../src/index.js";
import { blockRoutes, run } from "./support.js";

const SMALL: ClusterOptions = {
  nodes: 4,
  racks: 2,
  typhas: 2,
  pools: [{ cidr: "10.200.0.0/20", ipipMode: "Always" }],
  calicoVersion: "3.32",
};
const WITHOUT_TYPHA: ClusterOptions = { ...SMALL, typhas: 0 };

/** SMALL after four quiet minutes, then these steps. */
function after(steps: readonly Step[], until: string, options = SMALL): Simulation {
  return run(options, [at("0s", start()), ...steps], until);
}

function sessions({ bird }: Simulation): number {
  return bird.establishedEnds;
}

describe("pods", () => {
  const [first, ...others] = cluster(WITHOUT_TYPHA).resources as readonly KubernetesNode[];
  const cordon = (node: KubernetesNode): KubernetesNode => ({
    ...node,
    spec: { unschedulable: true },
  });

  test.each([
    ["created", pods.create(6, { over: "1s" })],
    ["that come and go", pods.churn({ perSecond: 3, lifetime: "10m", duration: "10s" })],
  ])("%s go to nodes that are not cordoned", (_, action) => {
    const cordoned = { ...WITHOUT_TYPHA, resources: [cordon(first!)] };
    const simulation = after([at("1m", action)], "2m", cordoned);
    const { workloads } = simulation;
    const used = new Set(workloads.keys().map((key) => workloads.pod(key)?.spec.node));
    expect([...used].sort()).toEqual(["node-1", "node-2", "node-3"]);
    // Cordoned while everything runs, all of them: nobody takes any.
    const none = after(
      [at("1m", apply(...[first!, ...others].slice(0, 4).map(cordon))), at("2m", action)],
      "3m",
      WITHOUT_TYPHA,
    );
    expect(none.workloads.keys()).toEqual([]);
    expect(none.result().findings).toContainEqual({
      code: "pods-unscheduled",
      text: expect.stringContaining("at 2m0s: no node that runs takes pods") as string,
    });
  });

  test("are not said to be kept off by a cordon where no node runs at all", () => {
    const dark = [0, 1, 2, 3].map((node) => at("1m", fail.node(`node-${String(node)}`)));
    const simulation = after([...dark, at("2m", pods.create(2))], "3m", WITHOUT_TYPHA);
    expect(simulation.result().findings).toContainEqual({
      code: "pods-unscheduled",
      text: '"schedule 2 pods" at 2m0s: no node runs, so none is scheduled',
    });
  });
});

describe("start", () => {
  test("starts all nodes at once, or one each pause", () => {
    const at10 = (stagger: string): number => {
      const { nodeServices } = run(WITHOUT_TYPHA, [at("0s", start({ stagger }))], "12s");
      return [0, 1, 2, 3].filter((node) => nodeServices.isStarted(node)).length;
    };
    expect(at10("0s")).toBe(4);
    expect(at10("5s")).toBeLessThan(4);
    expect(at10("5s")).toBeGreaterThan(0);
  });

  test("pods of the same moment go to the nodes that it starts", () => {
    const steps = [at(0, start()), at(0, pods.create(8, { over: "1s" }))];
    expect(run(WITHOUT_TYPHA, steps, "60s").workloads.counts.running).toBe(8);
  });

  test("pods before it are refused: they would go nowhere", () => {
    const early = [at(0, pods.create(8)), at(0, start())];
    expect(() => run(WITHOUT_TYPHA, early, "60s")).toThrow(
      "scenario[0].action at 0s (schedule 8 pods): no node runs yet, so the pods have nowhere to go (expected start comes first)",
    );
    const simulation = run(WITHOUT_TYPHA, [at(0, start())], "60s");
    simulation.schedule([at("61s", pods.create(8, { over: "1s" }))]);
    simulation.run(micros("120s"));
    expect(simulation.workloads.counts.running).toBe(8);
  });

  test("ends with a full mesh, a block a node, and kernels that equal the oracle", () => {
    const simulation = after([], "4m");
    expect(sessions(simulation)).toBe(12);
    expect(simulation.tracker.converged).toBe(true);
    expect(blockRoutes(simulation, "node-0")).toEqual({
      [simulation.blocksOf("node-0")[0]!]: "blackhole",
      [simulation.blocksOf("node-1")[0]!]: "node-1 tunl0",
      [simulation.blocksOf("node-2")[0]!]: "node-2 tunl0",
      [simulation.blocksOf("node-3")[0]!]: "node-3 tunl0",
    });
  });
});

describe("nodes", () => {
  test("a node that joins registers, gets a block and sessions, and all routes agree", () => {
    const joining = { name: "late", address: "10.0.1.99/24", labels: { zone: "b" } };
    const simulation = after([at("4m", nodes.join(joining))], "8m");
    const node = simulation.datastore.get("Node", "late")!;
    expect(nodeView(node)).toMatchObject({ ipv4Address: "10.0.1.99/24", labels: { zone: "b" } });
    expect(simulation.fabric.rackOf("late")).toBe("10.0.1.0/24");
    expect(simulation.blocksOf("late")).toHaveLength(1);
    expect(sessions(simulation)).toBe(20);
    expect(simulation.tracker.converged).toBe(true);
    expect(Object.keys(blockRoutes(simulation, "late"))).toHaveLength(5);
  });

  test("a crashed node loses its kernel; a reboot brings all of it back", () => {
    const steps = [at("4m", fail.node("node-3"))];
    const simulation = after(steps, "4m10s");
    expect(simulation.bird.isRunning(3)).toBe(false);
    expect(simulation.felix.inSync(3)).toBe(false);
    // Peers do not know yet: nothing was said.
    expect(sessions(simulation)).toBe(9);
    simulation.schedule([at("4m20s", heal.node("node-3"))]);
    simulation.run(micros("4m20s"));
    expect(blockRoutes(simulation, "node-3")).toEqual({});
    simulation.run(micros("12m"));
    expect(sessions(simulation)).toBe(12);
    expect(Object.keys(blockRoutes(simulation, "node-3"))).toHaveLength(4);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("pods of a rebooted node get new sandboxes and run again", () => {
    const steps = [
      at("4m", pods.create(8, { over: "1s" })),
      at("5m", fail.node("node-3")),
      at("6m", heal.node("node-3")),
    ];
    const simulation = after(steps, "10m");
    const phases = simulation.workloads
      .keys("node-3")
      .map((key) => simulation.workloads.pod(key)?.phase);
    expect(phases).toEqual(["running", "running"]);
    expect(simulation.result().pods.running).toBe(8);
  });

  test("a cut node hears nobody for as long as it is cut, and no longer", () => {
    const simulation = after([at("4m", fail.cut("node-1"))], "4m1s");
    expect(simulation.fabric.reachable(0, 1)).toBe(false);
    expect(simulation.bird.isRunning(1)).toBe(true);
    simulation.schedule([at("4m30s", heal.cut("node-1"))]);
    simulation.run(micros("8m"));
    expect(simulation.fabric.reachable(0, 1)).toBe(true);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a deleted node takes its pods, addresses and blocks along, and its routes go", () => {
    const steps = [
      at("4m", pods.create(8, { over: "1s" })),
      at("5m", fail.node("node-3")),
      at("6m", nodes.remove("node-3")),
    ];
    const simulation = after(steps, "12m", WITHOUT_TYPHA);
    const { datastore, workloads } = simulation;
    expect(datastore.get("Node", "node-3")).toBeUndefined();
    expect(simulation.blocksOf("node-3")).toEqual([]);
    expect(datastore.list("BlockAffinity").filter((a) => a.spec.node === "node-3")).toEqual([]);
    expect(datastore.list("IPAMHandle").filter((h) => h.spec.handleID.includes("node-3"))).toEqual(
      [],
    );
    expect(workloads.keys("node-3")).toEqual([]);
    expect(simulation.result().pods.running).toBe(6);
    expect(Object.keys(blockRoutes(simulation, "node-0"))).toHaveLength(3);
    expect(simulation.tracker.converged).toBe(true);
  });
});

describe("processes", () => {
  test("BIRD that is killed comes back by graceful restart: sessions are made anew, no route goes", () => {
    const simulation = after([], "4m", WITHOUT_TYPHA);
    const before = simulation.kernels.changes.slice();
    simulation.schedule([at("4m", fail.process("bird", "node-1"))]);
    simulation.run(micros("8m"));
    expect(simulation.bird.lostEnds).toBe(6);
    expect(sessions(simulation)).toBe(12);
    expect(simulation.kernels.changes).toEqual(before);
  });

  test("BIRD that is terminated says so, and its routes go at once", () => {
    const kill = fail.process("bird", "node-1", { signal: "TERM", restartAfter: "never" });
    const simulation = after([at("4m", kill)], "4m5s", WITHOUT_TYPHA);
    expect(simulation.bird.isRunning(1)).toBe(false);
    expect(blockRoutes(simulation, "node-0")).not.toHaveProperty(simulation.blocksOf("node-1"));
    // The terminated daemon's own kernel keeps what it had.
    expect(Object.keys(blockRoutes(simulation, "node-1"))).toHaveLength(4);
    expect(simulation.result().bgp.messages.notification).toBe(3);
  });

  test.each(["felix", "confd"] as const)(
    "%s that is killed is back after its pause, and only then",
    (daemon) => {
      const kill = fail.process(daemon, "node-1", { restartAfter: "1m" });
      const simulation = after([at("4m", kill)], "4m30s", WITHOUT_TYPHA);
      const started = simulation.felix.counts(1).starts;
      simulation.run(micros("6m"));
      if (daemon === "felix") {
        expect(simulation.felix.counts(1).starts).toBe(started + 1);
        expect(simulation.felix.inSync(1)).toBe(true);
      }
      // It hears of changes again.
      simulation.schedule([at("6m", blocks.add("node-0"))]);
      simulation.run(micros("7m"));
      expect(simulation.tracker.converged).toBe(true);
    },
  );

  test("a killed calico-node runs its start-up again, with BIRD at once", () => {
    const kill = fail.process("calico-node", "node-1", { restartAfter: "10s" });
    const simulation = after([at("4m", kill)], "4m5s");
    expect(simulation.bird.isRunning(1)).toBe(false);
    expect(simulation.nodeServices.isStarted(1)).toBe(false);
    simulation.run(micros("4m11s"));
    expect(simulation.bird.isRunning(1)).toBe(true);
    simulation.run(micros("10m"));
    expect(simulation.nodeServices.isStarted(1)).toBe(true);
    expect(sessions(simulation)).toBe(12);
    expect(simulation.tracker.converged).toBe(true);
  });

  test.each(["KILL", "TERM"] as const)(
    "the clients of a Typha that gets SIG%s go to the other, and it comes back",
    (signal) => {
      const kill = fail.process("typha", "0", { signal, restartAfter: "5m" });
      const simulation = after([at("4m", kill)], "8m");
      const typha = simulation.typha!;
      const felix = typha.syncer("felix");
      expect([0, 1, 2, 3].map((node) => felix.typhaOf(node))).toEqual([1, 1, 1, 1]);
      expect(typha.ready(0)).toBe(false);
      simulation.run(micros("15m"));
      expect(typha.ready(0)).toBe(true);
      expect(simulation.result().typha?.connections[1]).toBeGreaterThan(0);
    },
  );
});

describe("blocks and pods", () => {
  test("a node gains blocks, and releases its newest empty ones", () => {
    const simulation = after([at("4m", blocks.add("node-2", 3))], "5m");
    expect(simulation.blocksOf("node-2")).toHaveLength(4);
    expect(Object.keys(blockRoutes(simulation, "node-0"))).toHaveLength(7);
    expect(simulation.tracker.converged).toBe(true);
    simulation.schedule([at("6m", blocks.remove("node-2", 9))]);
    simulation.run(micros("7m"));
    // The block of the tunnel address is in use.
    expect(simulation.blocksOf("node-2")).toHaveLength(1);
    expect(Object.keys(blockRoutes(simulation, "node-0"))).toHaveLength(4);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("pods are spread evenly and all run", () => {
    const simulation = after([at("4m", pods.create(10, { over: "5s", namespace: "web" }))], "5m");
    const perNode = [0, 1, 2, 3].map((n) => simulation.workloads.keys(`node-${String(n)}`).length);
    expect(perNode).toEqual([3, 3, 2, 2]);
    const { pods: seen } = simulation.result();
    expect(seen.running).toBe(10);
    expect(seen.programmedSeconds?.n).toBe(10);
    expect(simulation.datastore.list("Pod").every((p) => p.metadata.namespace === "web")).toBe(
      true,
    );
  });

  test("churn comes at its rate and goes again", () => {
    const churn = pods.churn({ perSecond: 2, lifetime: "10s", duration: "1m" });
    const simulation = after([at("4m", churn)], "4m30s");
    expect(simulation.datastore.count("Pod")).toBeGreaterThan(5);
    simulation.run(micros("12m"));
    expect(simulation.datastore.count("Pod")).toBe(0);
    expect(simulation.workloads.counts.gone).toBeGreaterThan(60);
  });

  test("churn that begins while every node is down brings nothing, and no error", () => {
    const down = ["node-0", "node-1", "node-2", "node-3"].map((node) => at("4m", fail.node(node)));
    const churn = pods.churn({ perSecond: 2, lifetime: "10s", duration: "1m" });
    const simulation = after([...down, at("5m", churn), at("5m", pods.create(3))], "7m");
    expect(simulation.datastore.count("Pod")).toBe(0);
  });
});

describe("underlay and datastore", () => {
  test("a cut rack is parted from the other and from the datastore, and comes back", () => {
    const simulation = after([at("4m", fail.rack("10.0.1.0/24"))], "4m1s");
    expect(simulation.fabric.reachable(0, 1)).toBe(false);
    expect(simulation.fabric.reachable(1, 3)).toBe(true);
    simulation.schedule([at("20m", heal.rack("10.0.1.0/24"))]);
    simulation.run(micros("40m"));
    expect(sessions(simulation)).toBe(12);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a degraded link makes a change late, until it is mended; no session ends", () => {
    const rack = ["10.0.0.0/24", "spine-0"] as const;
    const simulation = after(
      [
        at("4m", fail.quality(...rack, { latencyUs: 30_000, bandwidthMbps: 1 })),
        at("5m", blocks.add("node-0")),
        at("6m", heal.quality(...rack)),
        at("7m", blocks.add("node-0")),
      ],
      "8m",
    );
    const late = simulation
      .result()
      .changes.filter(({ label }) => label.includes("gains"))
      .map(({ controlPlane }) => controlPlane.maxSeconds);
    expect(late[0]).toBeGreaterThan(0.03);
    expect(late[1]).toBeLessThan(0.03);
    expect(simulation.bird.lostEnds).toBe(0);
    expect(simulation.result().converged).toBe(true);
  });

  test("a link that loses everything is cut, and mended it works again", () => {
    const lost = fail.quality("node-0", "10.0.0.0/24", { loss: 1 });
    const cut = [lost, fail.link("node-0", "10.0.0.0/24")].map((action) =>
      after([at("4m", action)], "9m"),
    );
    expect(cut.map(sessions)).toEqual([6, 6]);
    cut[0]!.schedule([at("10m", heal.quality("node-0", "10.0.0.0/24"))]);
    cut[0]!.run(micros("16m"));
    expect(sessions(cut[0]!)).toBe(12);
  });

  test("a cut link works again when it is restored", () => {
    const simulation = after([at("4m", fail.link("node-0", "10.0.0.0/24"))], "4m1s");
    expect(simulation.fabric.reachable(0, 2)).toBe(false);
    simulation.schedule([at("5m", heal.link("10.0.0.0/24", "node-0"))]);
    simulation.run(micros("6m"));
    expect(simulation.fabric.reachable(0, 2)).toBe(true);
  });

  test("while the datastore is down nothing is learnt; afterwards all is made good", () => {
    const steps = [at("4m", fail.datastore()), at("5m", pods.create(4, { over: "1s" }))];
    const simulation = after(steps, "6m");
    expect(simulation.datastore.up).toBe(false);
    expect(simulation.result().pods.running).toBe(0);
    simulation.schedule([at("7m", heal.datastore())]);
    simulation.run(micros("12m"));
    expect(simulation.datastore.up).toBe(true);
    expect(simulation.result().pods.running).toBe(4);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("applied resources take effect as `kubectl apply` would have it; deleted ones go", () => {
    const pool = {
      apiVersion: "projectcalico.org/v3",
      kind: "IPPool" as const,
      metadata: { name: "second" },
      spec: { cidr: "10.210.0.0/20", blockSize: 26, vxlanMode: "Always", nodeSelector: "all()" },
    };
    const simulation = after([at("4m", apply(pool))], "10m");
    const view = nodeView(simulation.datastore.get("Node", "node-0")!);
    expect(view.ipv4VXLANTunnelAddr).toMatch(/^10\.210\./);
    expect(simulation.tracker.converged).toBe(true);
    const gone: Step = {
      at: micros("11m"),
      action: { type: "delete", kind: "IPPool", name: "second" },
    };
    simulation.schedule([gone]);
    simulation.run(micros("12m"));
    expect(simulation.datastore.get("IPPool", "second")).toBeUndefined();
  });

  test("a pool that changes its encapsulation changes every route to it", () => {
    const options: ClusterOptions = { ...WITHOUT_TYPHA, racks: 1, calicoVersion: "3.33" };
    const simulation = after([], "4m", options);
    const [pool] = simulation.datastore.list("IPPool");
    const bare = { ...pool!, spec: { ...pool!.spec, ipipMode: "Never" as const } };
    simulation.schedule([at("4m", apply(bare))]);
    simulation.run(micros("10m"));
    expect(Object.values(blockRoutes(simulation, "node-0")).sort()).toEqual([
      "blackhole",
      "node-1 eth0",
      "node-2 eth0",
      "node-3 eth0",
    ]);
    expect(simulation.tracker.converged).toBe(true);
  });
});

describe("a scenario that names what is not there", () => {
  function refusal(step: Step, options = SMALL): string {
    const simulation = new Simulation(cluster(options));
    try {
      simulation.schedule([at("0s", start()), step]);
    } catch (error) {
      expect(error).toBeInstanceOf(ScenarioError);
      return (error as Error).message;
    }
    throw new Error("nothing was refused");
  }

  test("is refused with the step, by index and time, and what there is instead", () => {
    expect(refusal(at("90s", fail.node("node-9")))).toBe(
      'scenario[1].action.node at 90s (crash node-9): there is no node "node-9"; did you mean "node-0"? (expected node-0, node-1, node-2, node-3)',
    );
    expect(refusal(at("90s", fail.rack("rack-1")))).toBe(
      'scenario[1].action.rack at 90s (cut rack rack-1): there is no rack "rack-1" (expected 10.0.0.0/24, 10.0.1.0/24)',
    );
    expect(refusal(at("90s", fail.process("typha", "2")))).toBe(
      'scenario[1].action.target at 90s (SIGKILL typha on 2): there is no Typha "2"; Typhas are numbered from 0, and there are 2 (expected 0 to 1)',
    );
    expect(refusal(at("90s", fail.process("felix", "node-x")))).toContain('no node "node-x"');
    expect(refusal(at("90s", fail.link("node-0", "node-1")))).toBe(
      "scenario[1].action.between at 90s (cut link node-0 – node-1): there is no link between node-0 and node-1 (expected a neighbour of node-0: 10.0.0.0/24)",
    );
    expect(refusal(at("90s", fail.link("node-0", "10.0.0.0/25")))).toContain(
      'action.between[1] at 90s (cut link node-0 – 10.0.0.0/25): there is no node, rack or router of the underlay "10.0.0.0/25"; did you mean "10.0.0.0/24"?',
    );
    const quality = (change: object): Step =>
      at("90s", fail.quality("node-0", "10.0.0.0/24", change));
    expect(refusal(quality({ jitterUs: 0.5, bandwidthMbps: 0, loss: 2 }))).toBe(
      [
        "jitterUs AT: must be a whole number, not the number 0.5 (expected a whole number)",
        "bandwidthMbps AT: 0 is out of range (expected 0.001 or more)",
        "loss AT: 2 is out of range (expected 0 to 1)",
      ]
        .map((line) => `scenario[1].action.${line}`)
        .join("\n")
        .replaceAll(
          "AT",
          "at 90s (degrade link node-0 – 10.0.0.0/24: jitter 0.5us, 0 Mb/s, loss 200 %)",
        ),
    );
    expect(refusal(quality({}))).toContain(
      "nothing is said of the link (expected latencyUs, jitterUs, bandwidthMbps, loss)",
    );
    expect(refusal(quality({ loss: null }))).toContain("nothing is said of the link");
    expect(() => quality({ los: 0.1 })).toThrow(
      'fail.quality has no option "los"; did you mean "loss"?',
    );
    expect(refusal(at("90s", heal.quality("node-0", "node-1")))).toContain(
      "there is no link between node-0 and node-1",
    );
    expect(refusal(at("90s", blocks.add("nobody", 2)))).toContain('no node "nobody"');
    expect(refusal(at("90s", firewall.drop({ from: "node-0", to: "node-1", port: 53 })))).toContain(
      "action.port at 90s (drop node-0 → node-1 port 53): only TCP port 179 (BGP) can be dropped by itself, not 53",
    );
    expect(refusal(at("90s", fail.process("bird", "node-0")), { ...SMALL, backend: "vxlan" })).toBe(
      "scenario[1].action.daemon at 90s (SIGKILL bird on node-0): no bird runs with the backend vxlan (expected felix, calico-node, typha)",
    );
  });

  test.each<[step: Step, message: string]>([
    [
      at("1m", pods.create(1e12)),
      "action.count at 60s (schedule 1,000,000,000,000 pods): 1000000000000 is out of range (expected 1 to 1000000)",
    ],
    [
      at("1m", pods.churn({ perSecond: 1e300, lifetime: "1s", duration: "1h" })),
      "is no number of pods a second (expected a number above 0, up to 10000)",
    ],
    [
      at("1m", pods.create(1, { namespace: "Ä b" })),
      'action.namespace at 60s (schedule 1 pod): "Ä b" is not a name that Kubernetes takes',
    ],
    [
      at("1m", firewall.drop({ from: "node-0", to: "node-0" })),
      "action.to at 60s (drop node-0 → node-0): node-0 sends nothing to itself over the network (expected another host)",
    ],
  ])("is refused where it asks for what nobody means: %j", (step, message) => {
    expect(refusal(step)).toContain(message);
  });

  test("is found to run nothing where no step starts a node", () => {
    const { findings } = simulate(cluster(SMALL), [at("1m", fail.rack("10.0.0.0/24"))]);
    expect(findings.map(({ text }) => text)).toContain(
      "no step of the scenario starts the nodes, so nothing runs",
    );
  });

  test("is refused where it mends a link that nothing degraded before", () => {
    const link = ["node-0", "10.0.0.0/24"] as const;
    const mend = at("3m", heal.quality(...link));
    expect(refusal(mend)).toBe(
      "scenario[1].action.between at 3m0s (mend link node-0 – 10.0.0.0/24): nothing degrades the link between node-0 and 10.0.0.0/24 before this (expected a time after link-degrade)",
    );
    const simulation = new Simulation(cluster(SMALL));
    simulation.schedule([at("0s", start()), at("2m", fail.quality(...link, { loss: 0.1 }))]);
    simulation.schedule([at("4m", heal.quality("10.0.0.0/24", "node-0"))]);
    expect(() => simulation.fork().schedule([mend])).not.toThrow();
    expect(() => simulation.fork().schedule([{ ...mend, at: micros("1m") }])).toThrow(
      "nothing degrades",
    );
  });

  test.each<[broken: Action, healed: Action, message: string]>([
    [
      fail.link("node-0", "10.0.0.0/24"),
      heal.link("node-2", "10.0.0.0/24"),
      "action.between at 3m0s (restore link node-2 – 10.0.0.0/24): nothing cuts the link between node-2 and 10.0.0.0/24 before this (expected a time after link-cut, or what one names: the link between node-0 and 10.0.0.0/24)",
    ],
    [
      fail.rack("10.0.0.0/24"),
      heal.cut("node-1"),
      "action.node at 3m0s (reconnect node-1): nothing cuts node-1 before this (expected a time after node-cut)",
    ],
    [
      fail.cut("node-0"),
      heal.rack("10.0.0.0/24"),
      "action.rack at 3m0s (reconnect rack 10.0.0.0/24): nothing cuts rack 10.0.0.0/24 before this (expected a time after rack-cut)",
    ],
    [
      firewall.drop({ from: "node-0", to: "node-1" }),
      firewall.allow({ from: "node-1", to: "node-0" }),
      "action.from at 3m0s (allow node-1 → node-0): nothing drops packets from node-1 to node-0 before this (expected a time after packets-drop, or what one names: packets from node-0 to node-1)",
    ],
    [
      firewall.drop({ from: "node-0", to: "node-1" }),
      firewall.allow({ from: "node-0", to: "node-1", port: 179 }),
      "action.from at 3m0s (allow node-0 → node-1 port 179): nothing drops packets from node-0 to node-1 to port 179 before this (expected a time after packets-drop, or what one names: packets from node-0 to node-1)",
    ],
    [
      fail.node("node-0"),
      heal.datastore(),
      "action at 3m0s (datastore comes back): nothing takes down the datastore before this (expected a time after datastore-down)",
    ],
  ])(
    "is refused where it breaks one thing and mends another: %j, %j",
    (broken, healed, message) => {
      const simulation = new Simulation(cluster(SMALL));
      const steps = [at("0s", start()), at("2m", broken), at("3m", healed)];
      expect(() => simulation.schedule(steps)).toThrow(
        expect.objectContaining({ message: `scenario[2].${message}` }),
      );
    },
  );

  test("may mend twice what broke, and bring up a link that was down from the beginning", () => {
    const spec = cluster(SMALL);
    const simulation = new Simulation(spec);
    const cut = at("1m", fail.rack("10.0.0.0/24"));
    const twice = [at("2m", heal.rack("10.0.0.0/24")), at("3m", heal.rack("10.0.0.0/24"))];
    expect(() => simulation.schedule([at("0s", start()), cut, ...twice])).not.toThrow();
    const down = { ...spec.fabric, hostLink: { up: false } };
    const dark = new Simulation({ ...spec, fabric: down });
    expect(() => dark.schedule([at("1m", heal.link("node-0", "10.0.0.0/24"))])).not.toThrow();
  });

  test("is refused for all of its steps at once", () => {
    const simulation = new Simulation(cluster(SMALL));
    const steps = [at("9m", fail.node("x")), at("0s", start()), at("1m", fail.rack("y"))];
    let faults: ScenarioError["faults"] = [];
    try {
      simulation.schedule(steps);
    } catch (error) {
      faults = (error as ScenarioError).faults;
      expect((error as Error).message.split("\n")).toHaveLength(2);
    }
    expect(faults.map(({ index, issue }) => `${String(index)} ${issue.field ?? ""}`)).toEqual([
      "0 action.node",
      "2 action.rack",
    ]);
  });

  test("is refused where a node joins under a name or an address that is taken", () => {
    const join = (name: string, address: string): Step => at("1s", nodes.join({ name, address }));
    const tor = { name: "tor", ip: "10.0.0.254", ipv6: "fd10:0::254", asNumber: 65_001 };
    const options = { ...SMALL, externalRouters: [tor] };
    const dual = { name: "new", address: "10.0.0.9/24", ipv6Address: "fd10::254/64" };
    expect(refusal(at("1s", nodes.join(dual)), options)).toContain(
      "action.node.ipv6Address at 1s (new joins): fd10::254/64 is the address of external router tor",
    );
    expect(refusal(join("node-0", "10.0.0.77/24"))).toContain(
      'scenario[1].action.node.name at 1s (node-0 joins): node "node-0" is in the cluster already',
    );
    expect(refusal(join("tor", "10.0.0.77/24"), options)).toContain('the name "tor" is taken');
    expect(refusal(join("10.0.0.0/24", "10.0.0.77/24"))).toContain("one set of names");
    expect(refusal(join("new", "10.0.0.254/24"), options)).toContain(
      "action.node.address at 1s (new joins): 10.0.0.254/24 is the address of external router tor (expected an address of its own)",
    );
    expect(refusal(join("new", "10.0.0.1/24"))).toContain("is the address of node node-0");
    expect(refusal(join("new", "10.0.0.77"))).toContain(
      '"10.0.0.77" is no IPv4 address with the length of its subnet (expected an address such as 10.0.3.17/24)',
    );
    expect(refusal(join("new", "fd00::1"))).toContain("is no IPv4 address");
    const twoOf6 = { name: "new", address: "fd00::1/64", ipv6Address: "fd00::2/64" };
    expect(refusal(at("1s", nodes.join(twoOf6)))).toContain(
      "action.node.ipv6Address at 1s (new joins): the node has the IPv6 address fd00::1/64 already (expected an IPv4 address in address, or no ipv6Address)",
    );
    expect(refusal(join("new", "10.0.0.0/24"))).toContain("no host's");
    expect(
      refusal(at("1s", nodes.join({ name: "v6", address: "10.0.0.9/24", ipv6Address: "fd00::1" }))),
    ).toContain("action.node.ipv6Address");
    const simulation = new Simulation(cluster(SMALL));
    const twice = [join("a", "10.0.0.77/24"), join("b", "10.0.0.77/24"), join("a", "10.0.0.78/24")];
    expect(() => simulation.schedule(twice)).toThrow(
      /scenario\[1\].*is the address of node a.*\nscenario\[2\].*node "a" has joined already/,
    );
  });

  test("may give a joining node the address of one that was deleted", () => {
    const steps = [
      at("5m", fail.node("node-3")),
      at("6m", nodes.remove("node-3")),
      at("7m", nodes.join({ name: "heir", address: "10.0.1.2/24" })),
    ];
    const simulation = after(steps, "12m", WITHOUT_TYPHA);
    expect(simulation.tracker.converged).toBe(true);
    expect(() => after(steps.slice(0, 1).concat(steps.slice(2)), "1s")).toThrow(
      "10.0.1.2/24 is the address of node node-3",
    );
  });

  test("may name a node that joins in it, but not before it has joined", () => {
    const join = nodes.join({ name: "late", address: "10.0.0.77/24" });
    const early = [at("1m", join), at("30s", fail.node("late"))];
    expect(() => new Simulation(cluster(SMALL)).schedule(early)).toThrow(
      'scenario[1].action.node at 30s (crash late): node "late" joins later than this (expected a time after it has joined)',
    );
  });

  test("is refused for an unsound resource to apply", () => {
    const pool = {
      apiVersion: "projectcalico.org/v3",
      kind: "IPPool",
      metadata: { name: "p" },
      spec: { cidr: "10.1.0.0/33", ipipmode: "Always" },
    };
    expect(refusal(at("1m", apply(pool as never)))).toMatch(
      /^scenario\[1\]\.action\.resources\[0\]\.spec\.cidr at 60s \(apply IPPool\/p\): .* is not a CIDR .*\n.*IPPool has no field "ipipmode"; did you mean "ipipMode"\?$/,
    );
    expect(refusal(at("1m", apply({} as never)))).toContain("there is no kind undefined");
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "ghost" } };
    expect(refusal(at("1m", apply(node as never)))).toContain("a node joins by node-join");
  });

  test.each([
    [
      [{ at: "5m", action: start() }],
      /scenario\[0\]\.at \(start all nodes\): a step is due at whole microseconds from 0, not at "5m" \(expected a time as at/,
    ],
    [[start()], /scenario\[0\]\.type: a step has no field "type"/],
    [[null], /scenario\[0\]: a step is an object, not null/],
    [
      [at(0, { type: "node-crsh", node: "node-0" } as never)],
      /there is no action of type "node-crsh"; did you mean "node-crash"\?/,
    ],
    [[at(0, undefined as never)], /scenario\[0\]\.action at 0s: "action" is required/],
    [
      [at(0, fail.process("brid" as never, "node-0"))],
      /action\.daemon at 0s \(SIGKILL brid on node-0\): "brid" is not a value this field knows; did you mean "bird"\?/,
    ],
    [
      [at(0, fail.node(3 as never))],
      /action\.node at 0s \(crash 3\): must be text, not the number 3/,
    ],
    [[at(0, pods.create(-3))], /action\.count .*-3 is out of range \(expected 1 to 1000000\)/],
    [[at(0, { ...pods.create(3), ovr: 1 } as never)], /has no field "ovr"; did you mean "over"\?/],
    [
      [at(0, pods.churn({ perSecond: 0, lifetime: "1m", duration: "1m" }))],
      /0 is no number of pods a second/,
    ],
    [[at(0, { type: "link-cut", between: ["a"] } as never)], /a link has two ends/],
    [
      [at(0, nodes.join({ nam: "x", address: "10.0.0.9/24" } as never))],
      /a joining node has no field "nam"; did you mean "name"\?/,
    ],
    ["start", /a scenario is a list of steps/],
  ])("is refused where it is no step: %j", (scenario, message) => {
    expect(() => new Simulation(cluster(SMALL)).schedule(scenario as never)).toThrow(message);
  });

  test("ends with the step that turns out to be impossible", () => {
    const pools = [{ cidr: "10.200.0.0/26" }];
    const steps = [at("0s", start()), at("3m", blocks.add("node-1", 2))];
    expect(() => run({ nodes: 2, pools }, steps, "5m")).toThrow(
      "scenario[1].action at 3m0s (node-1 gains 2 blocks): IPPool default-ipv4-ippool (10.200.0.0/26) has no free block of /26",
    );
  });

  test("is refused when it comes to a link of a node that hangs from another rack", () => {
    const steps = [
      at("1m", nodes.join({ name: "late", address: "10.0.0.77/24" })),
      at("3m", fail.quality("late", "10.0.1.0/24", { loss: 0.1 })),
    ];
    const act = (): unknown => run(SMALL, [at("0s", start()), ...steps], "5m");
    expect(act).toThrow(ScenarioError);
    expect(act).toThrow(
      "scenario[2].action.between at 3m0s (degrade link late – 10.0.1.0/24: loss 10 %): there is no link between late and 10.0.1.0/24 (expected a neighbour of late: 10.0.0.0/24)",
    );
  });

  test("may name a node that joins in it", () => {
    const simulation = new Simulation(cluster(SMALL));
    const join = nodes.join({ name: "late", address: "10.0.0.77/24" });
    expect(() => simulation.schedule([at("1m", join), at("5m", fail.node("late"))])).not.toThrow();
  });
});

describe("a step in words", () => {
  test.each([
    [start(), "start all nodes"],
    [start({ stagger: "2s" }), "start all nodes, one each 2s"],
    [nodes.join({ name: "late", address: "10.0.0.9/24" }), "late joins"],
    [nodes.remove("a"), "delete a"],
    [fail.node("a"), "crash a"],
    [heal.node("a"), "reboot a"],
    [fail.cut("a"), "cut a off"],
    [heal.cut("a"), "reconnect a"],
    [fail.process("bird", "a", { signal: "TERM" }), "SIGTERM bird on a"],
    [fail.rack("r"), "cut rack r"],
    [heal.rack("r"), "reconnect rack r"],
    [fail.link("a", "b"), "cut link a – b"],
    [heal.link("a", "b"), "restore link a – b"],
    [
      fail.quality("a", "b", { latencyUs: 2_000, jitterUs: 10, bandwidthMbps: 100, loss: 0.001 }),
      "degrade link a – b: latency 2ms, jitter 10us, 100 Mb/s, loss 0.1 %",
    ],
    [heal.quality("a", "b"), "mend link a – b"],
    [fail.datastore(), "datastore goes down"],
    [heal.datastore(), "datastore comes back"],
    [blocks.add("a"), "a gains 1 block"],
    [blocks.remove("a", 2), "a loses 2 blocks"],
    [pods.create(3_000), "schedule 3,000 pods"],
    [pods.churn({ perSecond: 4, lifetime: "1m", duration: "5m" }), "churn 4 pods/s"],
  ])("%j is “%s”", (action, text) => {
    expect(words(action)).toBe(text);
  });
});
