// A rack's uplink that loses packets, and one that is narrow: what each does to a start, and to one more block.
import {
  at,
  blocks,
  cluster,
  fail,
  heal,
  type LinkChange,
  type Result,
  simulate,
  start,
} from "calico-sim";

const RACK = "10.0.0.0/24";
const uplinks: [string, LinkChange][] = [
  ["as it should be", {}],
  ["loses 0.1 %", { loss: 0.001 }],
  ["loses 1 %", { loss: 0.01 }],
  ["loses 5 %", { loss: 0.05 }],
  ["100 Mb/s", { bandwidthMbps: 100 }],
  ["10 Mb/s", { bandwidthMbps: 10 }],
];

/** When the last node had what a change called for. */
function seconds({ changes }: Result, label: string): string {
  const change = changes.find((one) => one.label.startsWith(label));
  return `${change?.controlPlane.maxSeconds.toFixed(2) ?? "–"} s`.padStart(11);
}

console.log("uplink of a rack of ten       start  more blocks");
for (const [name, change] of uplinks) {
  const spec = cluster({
    nodes: 40,
    racks: 4,
    typhas: 2,
    underlay: { links: [{ between: [RACK, "spine-0"], ...change }] },
  });
  const result = simulate(spec, [at("0s", start()), at("2m", blocks.add("node-0", 8))], {
    until: "4m",
  });
  console.log(name.padEnd(22), seconds(result, "start"), seconds(result, "node-0 gains"));
}

// The same happens to a link while the cluster runs, and ends.
const result = simulate(
  cluster({ nodes: 40, racks: 4, typhas: 2 }),
  [
    at("0s", start()),
    at("2m", fail.quality(RACK, "spine-0", { loss: 0.05, latencyUs: 20_000, jitterUs: 5_000 })),
    at("3m", blocks.add("node-0", 8)),
    at("5m", heal.quality(RACK, "spine-0")),
    at("6m", blocks.add("node-1", 8)),
  ],
  { until: "8m" },
);
console.log();
for (const { label } of result.changes)
  if (label.includes("gains")) console.log(label.padEnd(28), seconds(result, label));
console.log(`${String(result.bgp.sessionEndsEstablished)} of 1560 session ends are up`);
