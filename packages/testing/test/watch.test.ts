import { at, cluster, fail, heal, Simulation, start } from "@calico-sim/cluster";
import { micros } from "@calico-sim/core";
import { watch } from "@calico-sim/testing";
import { describe, expect, test } from "vitest";

function simulation(): Simulation {
  const made = new Simulation(cluster({ nodes: 3 }), { seed: 2 });
  made.schedule([at("0s", start()), at("2m", fail.cut("node-1")), at("3m", heal.cut("node-1"))]);
  return made;
}

describe("watch", () => {
  test("sees when something begins and ceases to hold", () => {
    const reached = watch(simulation(), { every: "10s", until: "5m" }, ({ fabric }) =>
      fabric.reachable(0, 1),
    );
    expect(reached.always).toBe(false);
    expect(reached.never).toBe(false);
    expect(reached.eventually).toBe(true);
    expect(reached.finally).toBe(true);
    expect(reached.firstHeld).toBe(0);
    expect(reached.firstBroken).toBe(micros("2m"));
    expect(reached.longestBroken).toBe(micros("1m"));
    expect(String(reached)).toBe("seed 2: held 0us–2m0s and 3m0s–end");
  });

  test("knows how soon", () => {
    const full = watch(simulation(), { every: "1s", until: "2m" }, ({ bird }) => {
      return bird.establishedEnds === 6;
    });
    expect(full.within("30s")).toBe(true);
    expect(full.within("1s")).toBe(false);
    expect(full.firstHeld).toBeGreaterThan(micros("1s"));
  });

  test("knows what never and what always holds", () => {
    const looked = simulation();
    const never = watch(looked, { until: "10s" }, ({ nodes }) => nodes.size > 3);
    expect([never.never, never.always, never.eventually, never.finally]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(never.firstHeld).toBeUndefined();
    expect(never.within("1h")).toBe(false);
    expect(never.longestBroken).toBe(micros("10s"));
    expect(String(never)).toBe("seed 2: held never");
    // It goes on from where the last watch stopped.
    const always = watch(looked, { until: "20s" }, ({ engine }) => engine.now >= micros("10s"));
    expect(always.always).toBe(true);
    expect(always.longestBroken).toBe(0);
    expect(always.firstBroken).toBeUndefined();
  });

  test("changes nothing by looking", () => {
    const looked = simulation();
    const other = simulation();
    watch(looked, { every: "333ms", until: "4m" }, () => true);
    other.run(micros("4m"));
    expect(looked.digest()).toBe(other.digest());
    expect(looked.result()).toEqual(other.result());
  });

  test("ends at the event limit instead of waiting for a clock that stands still", () => {
    const limited = new Simulation(cluster({ nodes: 3 }), { eventsMax: 200 });
    limited.schedule([at("0s", start())]);
    expect(watch(limited, { until: "1h" }, () => true).always).toBe(true);
    expect(limited.outcome).toBe("event-limit");
  });
});
