import { describe, expect, test } from "vitest";
import { formatTerminal, type Neighbour, showProtocolAll } from "../../src/index.js";
import { Mesh } from "../support.js";
import { type Kind, StatsLab } from "./route-stats-lab.js";
import { MEASURED, MEASURED_KERNELS } from "./route-stats-measured.js";

/** What was done to the measured daemons, and how long it was waited before they were asked. */
const STEPS: readonly (readonly [string, number, (lab: StatsLab) => void])[] = [
  ["cold start", 9, (lab) => lab.begin()],
  ["block added", 2.5, (lab) => lab.setBlocks(lab.changing, [lab.block(lab.changing, 1)])],
  ["block removed", 2.5, (lab) => lab.setBlocks(lab.changing, [])],
  ["killed", 1.2, (lab) => lab.bird.kill(lab.changing)],
  ["restarted", 10.8, (lab) => lab.run(1.8).bird.start(lab.changing)],
  ["import filter", 3, (lab) => lab.refuse("import", lab.changing)],
  ["export filter instead", 3, (lab) => lab.refuse("export", lab.filtering)],
  ["pod added", 1, (lab) => lab.pod(podOf(lab), true)],
  ["borrowed pod added", 1, (lab) => lab.pod("10.3.200.5/32", true)],
  ["pod removed", 1, (lab) => lab.pod(podOf(lab), false)],
];

function podOf(lab: StatsLab): string {
  return lab.prefixes.text(lab.block(lab.filtering, 0)).replace(".0/26", ".5/32");
}

function trimmed(text: string): string[] {
  return text.trim().split(/\n\s*/);
}

describe("the counters of routes of BIRD 1.6.8", () => {
  test.each(["mesh", "rr", "tor"] as const)(
    "%s: are counted alike in every state",
    (kind: Kind) => {
      const lab = new StatsLab(kind);
      for (const [state, rest, change] of STEPS) {
        change(lab);
        lab.run(rest);
        for (const [lines, measured] of [
          [lab.lines(), MEASURED],
          [lab.kernelLines(), MEASURED_KERNELS],
        ] as const)
          expect([state, ...trimmed(lines)]).toEqual([state, ...trimmed(measured[kind]![state]!)]);
      }
    },
  );

  test("begin anew when a protocol goes down: a NOTIFICATION, an expired restart time", () => {
    const lab = new StatsLab("mesh");
    lab.begin();
    lab.run(9).bird.terminate(0);
    lab.run(1);
    const zero = "0 0 0, 0 0 0 0 0, 0 0 0 0, 0 0 0 0, 0 0";
    expect(trimmed(lab.lines())).toContain(`1 0 start: ${zero}`);
    lab.bird.kill(2);
    lab.run(100);
    expect(trimmed(lab.lines())).toContain("1 2 start: 1 0 1, 1 0 0 0 1, 0 0 0 0, 4 2 1 1, 1 0");
    lab.run(30);
    expect(trimmed(lab.lines())).toContain(`1 2 start: ${zero}`);
  });

  test("of pods are counted with a reflector's client as in a mesh, and only while the daemon runs", () => {
    const lab = new StatsLab("rr");
    lab.pod("10.4.0.5/32", true);
    lab.begin();
    lab.run(9);
    const before = lab.bird.viewSession(2, 0)!.changes!.exportUpdates;
    expect(before).toEqual({ received: 6, rejected: 3, filtered: 2, accepted: 1 });
  });
});

describe("show protocols all", () => {
  const names = {
    neighbour: (node: number, peer: number): Neighbour => ({
      name: `Mesh_${String(peer)}`,
      address: `10.98.0.${String(peer + 1)}`,
      asNumber: 64_512,
      routerId: `10.98.0.${String(peer + 1)}`,
      internal: true,
      sourceAddress: `10.98.0.${String(node + 1)}`,
    }),
  };

  // As BIRD 1.6.8 printed it, node 0 of the measured mesh after its block went.
  test("has the counters behind the routes", () => {
    const lab = new StatsLab("mesh");
    for (const [, rest, change] of STEPS.slice(0, 3)) {
      change(lab);
      lab.run(rest);
    }
    const detail = lab.bird.viewSession.bind(lab.bird);
    const text = formatTerminal(showProtocolAll(lab.bird.view(0)!, names, "Mesh_1", detail));
    expect(text).toContain(
      [
        "  Routes:         1 imported, 1 exported, 1 preferred",
        "  Route change stats:     received   rejected   filtered    ignored   accepted",
        "    Import updates:              1          0          0          0          1",
        "    Import withdraws:            0          0        ---          0          0",
        "    Export updates:             14          6          3        ---          5",
        "    Export withdraws:            1        ---        ---        ---          7",
        "  BGP state:          Established",
      ].join("\n"),
    );
  });

  // Its counters are those of the measured daemon while it recovered, and after.
  test("of the kernel protocol, while it waits and after", () => {
    const lab = new StatsLab("mesh");
    const text = (): string => {
      const detail = lab.bird.viewSession.bind(lab.bird);
      const kernel = lab.bird.viewKernel.bind(lab.bird);
      const view = lab.bird.view(0)!;
      return formatTerminal(showProtocolAll(view, names, "kernel1", detail, kernel));
    };
    lab.begin();
    lab.run(1);
    expect(text().replace(/\d\d:\d\d:\d\d/g, "HH:MM:SS")).toContain(
      [
        "kernel1  Kernel   master   wait   HH:MM:SS    ",
        "  Preference:     10",
        "  Input filter:   ACCEPT",
        "  Output filter:  calico_kernel_programming",
        "  GR recovery:    waiting",
        "  Routes:         0 imported, 0 exported, 0 preferred",
        "  Route change stats:     received   rejected   filtered    ignored   accepted",
        "    Import updates:              0          0          0          0          0",
      ].join("\n"),
    );
    lab.run(8);
    expect(text()).toContain(
      [
        "  Output filter:  calico_kernel_programming",
        "  Routes:         0 imported, 3 exported, 0 preferred",
        "  Route change stats:     received   rejected   filtered    ignored   accepted",
        "    Import updates:              0          0          0          0          0",
        "    Import withdraws:            0          0        ---          0          0",
        "    Export updates:              4          1          0        ---          3",
        "    Export withdraws:            0        ---        ---        ---          0",
        "",
        "",
      ].join("\n"),
    );
  });

  test("of the kernel protocol counts what is in the kernel where changes are not counted", () => {
    const mesh = new Mesh(3, { blocks: 2 }).converged();
    const { exported, changes } = mesh.bird.viewKernel(0)!;
    expect([exported, changes]).toEqual([6, undefined]);
  });

  test("has none where they are not kept", () => {
    const mesh = new Mesh(2).converged();
    expect(mesh.bird.viewSession(0, 1)!.changes).toBeUndefined();
  });
});
