import { micros } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { at, cluster, type ExternalRouter, fail, firewall, heal } from "../src/index.js";
import { begin, codes, session, TOR_A, TOR_B, wayOut, withRouters } from "./outside.js";
import { run } from "./support.js";

/** Seconds for which node-0 sends into the dark after its router loses power. */
function darkFor(router: Partial<ExternalRouter>): number {
  const steps = [...begin(1), at("2m", fail.router("tor-a"))];
  const simulation = run(withRouters(1, [{ ...TOR_A, ...router }, TOR_B]), steps, "8m");
  const [dark] = simulation.result().blackholes.intervals.filter(({ from }) => from === "node-0");
  return (dark?.endSeconds ?? 0) - (dark?.beginSeconds ?? 0);
}

describe("timers of a router outside", () => {
  test("a node gives a dead router up after the smaller hold time of both, less up to a quarter", () => {
    const usual = darkFor({});
    expect(usual).toBeGreaterThan(100);
    expect(usual).toBeLessThan(242);
    const short = darkFor({ holdSeconds: 30 });
    // From the last keepalive, which is up to 10 s ago: 22.5 to 30 s.
    expect(short).toBeGreaterThan(12);
    expect(short).toBeLessThan(32);
    const longer = darkFor({ holdSeconds: 600 });
    expect(longer).toBeLessThan(242);
  });

  test("nodes keep the routes of a router that restarts as long as it says", () => {
    const keptFor = (seconds: number): string | undefined => {
      const router = { ...TOR_A, gracefulRestart: true, gracefulRestartSeconds: seconds };
      const killed = fail.process("bird", "tor-a", { restartAfter: "1h" });
      const steps = [...begin(1), at("2m", killed)];
      return wayOut(run(withRouters(1, [router]), steps, "150s"), "node-0");
    };
    expect(keptFor(20)).toBeUndefined();
    expect(keptFor(60)).toBe("tor-a");
  });

  test("a router that opens waits its own connect delay", () => {
    const after = (connectDelaySeconds: number, until: string): string => {
      const drop = at(0, firewall.drop({ from: "node-0", to: "tor-a", port: 179 }));
      const options = withRouters(1, [{ ...TOR_A, passive: false, connectDelaySeconds }]);
      return session(run(options, [drop, ...begin(1)], until), "node-0", "tor-a");
    };
    expect(after(2, "14s")).toBe("Established");
    expect(after(20, "14s")).toBe("Connect");
    expect(after(20, "25s")).toBe("Established");
  });

  test("a session without a hold time outlives a cut, and the result says what was lost meanwhile", () => {
    const cut = [at("2m", fail.cut("tor-a")), at("20m", heal.cut("tor-a"))];
    const options = withRouters(1, [{ ...TOR_A, holdSeconds: 0 }]);
    const simulation = run(options, [...begin(1), ...cut], "25m");
    expect(session(simulation, "node-0", "tor-a")).toBe("Established");
    const [dark] = simulation.result().blackholes.intervals;
    expect(dark?.beginSeconds).toBeCloseTo(120, 0);
    expect(dark?.endSeconds).toBeCloseTo(1200, 0);
    expect(codes(simulation)).toEqual([]);
  });

  test("a run until nothing is pending does not wait for a hold time that there is not", () => {
    const steps = [
      ...begin(2),
      at("3m", fail.cut("tor-a")),
      at("6m", fail.cut("node-1")),
      at("370s", heal.cut("node-1")),
    ];
    const simulation = run(withRouters(2, [{ ...TOR_A, holdSeconds: 0 }]), steps, "371s");
    expect(simulation.settle(micros("1h"))).toBe("predicate");
    // The hold time between the nodes, which their session outlived, would be over 180 s after the cut at the earliest.
    expect(simulation.engine.now).toBeLessThan(micros("9m"));
    expect(session(simulation, "node-0", "tor-a")).toBe("Established");
  });

  test("and it waits for one that keepalives may come too late for", () => {
    const router = { ...TOR_A, keepaliveSeconds: 230 };
    const simulation = run(withRouters(1, [router]), begin(1), "5m");
    expect(session(simulation, "node-0", "tor-a")).toBe("Established");
    expect(simulation.settle(micros("10m"))).toBe("until");
  });

  test.each([
    [{ holdSeconds: 2 }, "holdSeconds", "a hold time of 1 or 2 seconds is refused by every peer"],
    [{ holdSeconds: 65_536 }, "holdSeconds", "65536"],
    [{ keepaliveSeconds: 0 }, "keepaliveSeconds", "0"],
    [{ connectRetrySeconds: 1.5 }, "connectRetrySeconds", "1.5"],
    [{ gracefulRestart: true, gracefulRestartSeconds: 4096 }, "gracefulRestartSeconds", "4096"],
    [{ gracefulRestartSeconds: 60 }, "gracefulRestartSeconds", "gracefulRestart is not true"],
  ] as const)("%j is refused at its field", (wrong, field, text) => {
    let error: unknown;
    try {
      cluster(withRouters(1, [{ ...TOR_A, ...wrong }]));
    } catch (thrown) {
      error = thrown;
    }
    expect(String(error)).toContain(field);
    expect(String(error)).toContain(text);
  });
});
