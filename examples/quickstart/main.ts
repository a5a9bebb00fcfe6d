// A cluster of 20 nodes in two racks starts and loses a node: how long, and who was cut off?
import { at, cluster, fail, formatMicros, heal, pods, simulate, start } from "calico-sim";

const small = cluster({
  nodes: 20,
  racks: 2,
  typhas: 1,
  pools: [{ cidr: "10.244.0.0/16", ipipMode: "CrossSubnet" }],
});

const result = simulate(
  small,
  [
    at("0s", start()),
    at("1m", pods.create(200, { over: "20s" })),
    at("5m", fail.cut("node-7")),
    at("7m", heal.cut("node-7")),
  ],
  { seed: 42, until: "10m" },
);

const seconds = (value: number): string => formatMicros(Math.round(value * 1e6));

for (const { label, atSeconds, dataPlane, blackholedPairs } of result.changes) {
  const slowest = dataPlane.nodes === 0 ? "nobody was touched" : seconds(dataPlane.maxSeconds);
  console.log(
    `${seconds(atSeconds).padEnd(4)} ${label.padEnd(20)} slowest: ${slowest.padEnd(18)} cut off: ${blackholedPairs} node–block pairs`,
  );
}
console.log(
  `pods running: ${result.pods.running}, programmed within ${seconds(result.pods.programmedSeconds?.p99 ?? 0)} (p99)`,
);
