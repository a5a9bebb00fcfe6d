import { SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { at, config, fail, ScenarioError, type Simulation, start } from "../src/index.js";
import { run } from "./support.js";

const OWN = ["https://10.0.0.1:2379"];
const FOREIGN = ["https://10.9.0.1:2379", "https://10.9.0.2:2379"];
const CLUSTER = { nodes: 3, datastore: "etcd", etcdEndpoints: OWN } as const;

function starts(simulation: Simulation): number {
  return [...simulation.recorder.startFailures.values()].reduce((sum, times) => sum + times, 0);
}

describe("a container of calico-node", () => {
  test("reads the endpoints of etcd when it starts, and not before", () => {
    const edited = at("5m", config.etcdEndpoints(FOREIGN));
    const untouched = run(CLUSTER, [at("0s", start()), edited], "30m");
    expect(untouched.bird.establishedEnds).toBe(6);
    expect(untouched.result().findings).toEqual([]);

    const restarted = run(
      CLUSTER,
      [at("0s", start()), edited, at("6m", fail.process("calico-node", "node-1"))],
      "30m",
    );
    expect(restarted.bird.establishedEnds).toBe(2);
    expect(restarted.views.calicoctlNodeStatus("node-1")).toBe("Calico process is not running.\n");
    const [finding] = restarted.result().findings;
    expect(finding?.code).toBe("start-failed");
    expect(finding?.text).toContain("node-1: calico-config names etcd at https://10.9.0.1:2379");
  });

  test("that ends at its start is started again after 10 s, doubling to 5 min", () => {
    const simulation = run(
      CLUSTER,
      [
        at("0s", start()),
        at("5m", config.etcdEndpoints(FOREIGN)),
        at("6m", fail.process("calico-node", "node-1", { restartAfter: 0 })),
      ],
      "6m",
    );
    const at6m = simulation.engine.now;
    const after = (seconds: number): number => {
      simulation.run(at6m + seconds * SECOND);
      return starts(simulation);
    };
    // Each start takes its half second or so before it fails.
    expect([after(5), after(15), after(38), after(80), after(160)]).toEqual([1, 2, 3, 4, 5]);
    expect(after(3600)).toBeLessThanOrEqual(5 + 13);
    expect(starts(simulation)).toBeGreaterThanOrEqual(5 + 10);
  });

  test("starts with the next try once the ConfigMap is repaired; one own endpoint among others is enough", () => {
    const simulation = run(
      CLUSTER,
      [
        at("0s", start()),
        at("5m", config.etcdEndpoints(FOREIGN)),
        at("6m", fail.process("calico-node", "node-1")),
        at("7m", config.etcdEndpoints([...FOREIGN, ...OWN])),
      ],
      "15m",
    );
    expect(simulation.bird.establishedEnds).toBe(6);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("has no rendered file of the one before: BIRD waits for confd", () => {
    const simulation = run(
      { nodes: 3 },
      [at("0s", start()), at("5m", fail.process("calico-node", "node-1"))],
      "301s",
    );
    // The container starts now, and start-up comes first (node-behaviour §6.1).
    simulation.run(301 * SECOND + SECOND / 4);
    expect(simulation.bird.hasProcess(1)).toBe(false);
    simulation.run(310 * SECOND);
    expect(simulation.bird.isRunning(1)).toBe(true);
    expect(simulation.bird.establishedEnds).toBe(6);
  });

  test("is not told of another etcd where the cluster does not say which is its own", () => {
    const steps = [at("0s", start()), at("5m", config.etcdEndpoints(FOREIGN))];
    expect(() => run({ nodes: 2 }, steps, "1s")).toThrow(ScenarioError);
    expect(() => run({ nodes: 2 }, steps, "1s")).toThrow(/does not say where its own etcd is/);
  });
});
