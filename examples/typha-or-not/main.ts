// From how many nodes on does Typha earn its place? The load of the datastore with and without it,
// for a start and five pods a node.
import { at, cluster, pods, type Result, simulate, start } from "calico-sim";

function load(nodes: number, typhas: number): Result["datastore"] {
  const steps = [at("0s", start()), at("30s", pods.create(5 * nodes, { over: "30s" }))];
  return simulate(cluster({ nodes, racks: 5, typhas }), steps, { seed: 1, until: "90s" }).datastore;
}

const number = (value: number, width: number): string =>
  String(Math.round(value))
    .replace(/\B(?=(\d{3})+$)/g, ",")
    .padStart(width);

console.log("        watch connections     watch events in all    in the worst second");
console.log("nodes   direct   3 Typhas      direct   3 Typhas      direct   3 Typhas");
for (const nodes of [10, 50, 100, 200]) {
  const direct = load(nodes, 0);
  const typha = load(nodes, 3);
  console.log(
    number(nodes, 5) +
      number(direct.watchesPeak, 9) +
      number(typha.watchesPeak, 11) +
      number(direct.watchEventsTotal, 12) +
      number(typha.watchEventsTotal, 11) +
      number(direct.peakSecond.watchEvents?.watchEvents ?? 0, 12) +
      number(typha.peakSecond.watchEvents?.watchEvents ?? 0, 11),
  );
}
