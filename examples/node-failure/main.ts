// One node lost in three ways. The host that dies takes its pods along; the host that is cut off
// keeps them, and everyone goes on sending to it; a process that is killed is not missed at all.
import {
  type Action,
  at,
  cluster,
  fail,
  formatMicros,
  pods,
  type Result,
  simulate,
  start,
} from "calico-sim";

const spec = cluster({ nodes: 30, racks: 3, typhas: 1 });
const failures: [string, Action][] = [
  ["host loses power", fail.node("node-5")],
  ["network is cut", fail.cut("node-5")],
  ["BIRD is killed", fail.process("bird", "node-5")],
  ["calico-node is killed", fail.process("calico-node", "node-5")],
];

function run(failure: Action): Result {
  const steps = [at("0s", start()), at("1m", pods.create(300)), at("5m", failure)];
  return simulate(spec, steps, { seed: 7, until: "15m" });
}

console.log("failure                 pairs cut off  longest   reasons");
for (const [name, failure] of failures) {
  const { blackholes } = run(failure);
  const longest = blackholes.worst;
  const span =
    longest === undefined
      ? "–"
      : formatMicros(Math.round((longest.endSeconds - longest.beginSeconds) * 1e6));
  const reasons = Object.entries(blackholes.byReason).map(([reason, n]) => `${reason} ${n}`);
  console.log(
    `${name.padEnd(24)}${String(blackholes.total).padStart(12)}   ${span.padEnd(9)} ${reasons.join(", ") || "–"}`,
  );
}
