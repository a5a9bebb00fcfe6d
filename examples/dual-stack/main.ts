// IPv4 over IP-in-IP and IPv6 without encapsulation: two BIRDs on each node, and what each of them carries.
import {
  type Action,
  at,
  cluster,
  fail,
  pods,
  type Result,
  Simulation,
  simulate,
  start,
} from "calico-sim";

const spec = cluster({
  nodes: 12,
  pools: [{ cidr: "10.244.0.0/16", ipipMode: "Always" }, { cidr: "fd00:10:244::/64" }],
});
const warmUp = [at("0s", start()), at("1m", pods.create(60))];

const calm = new Simulation(spec, { seed: 11 });
calm.schedule(warmUp);
calm.run(120_000_000);
console.log(calm.views.showRoute("node-0", { family: 6 }).split("\n").slice(1, 4).join("\n"));

const { bgp } = calm.result();
const v6 = bgp.ipv6;
if (v6 === undefined) throw new Error("no IPv6");
console.log(`\nBGP messages: ${bgp.messages.total}, of them IPv6 ${v6.messages.total}`);

const gone = { signal: "TERM", restartAfter: "20s" } as const;
const failures: [string, Action][] = [
  ["bird ends for 20 s", fail.process("bird", "node-5", gone)],
  ["bird6 ends for 20 s", fail.process("bird6", "node-5", gone)],
  ["calico-node ends for 20 s", fail.process("calico-node", "node-5", gone)],
  ["host loses power", fail.node("node-5")],
];

/** Pairs of node and block that packets did not pass between for a while. */
function cutOff({ blackholes }: Result, family: 4 | 6): number {
  return blackholes.intervals.filter(({ to }) => to.includes(":") === (family === 6)).length;
}

console.log("\nfailure                      IPv4 pairs  IPv6 pairs  longest");
for (const [name, failure] of failures) {
  const result = simulate(spec, [...warmUp, at("5m", failure)], { seed: 11, until: "8m" });
  const { worst } = result.blackholes;
  const seconds =
    worst === undefined ? "–" : `${(worst.endSeconds - worst.beginSeconds).toFixed(1)} s`;
  const counts = ([4, 6] as const).map((family) => String(cutOff(result, family)).padStart(10));
  console.log(`${name.padEnd(29)}${counts.join("  ")}  ${seconds}`);
}
