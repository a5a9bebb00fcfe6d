// A ConfigMap with the etcd of another cluster harms nobody until a node restarts. The two ConfigMaps
// are those of a real incident; so are the two tables, beside which the simulated ones are held.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  at,
  clusterFromManifests,
  config,
  fail,
  formatIssue,
  micros,
  readManifests,
  Simulation,
  start,
} from "calico-sim";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const text = (name: string): string => readFileSync(path(name), "utf8");

/** Reads a ConfigMap, and tells what is wrong in it. */
function readConfig(name: string): readonly string[] {
  const { issues, settings } = readManifests([{ name, text: text(name) }]);
  console.log(`== What is wrong in ${name} beside the endpoints\n`);
  for (const issue of issues) console.log(`${formatIssue(issue)}\n`);
  return settings.etcdEndpoints;
}

const found = readConfig("calico-config-before.yaml");
const repaired = readConfig("calico-config-after.yaml");

const spec = await clusterFromManifests([path("nodes.yaml"), path("calico-config-after.yaml")]);
const simulation = new Simulation(spec, { seed: 13 });
const nodes = ["test-k8s-master", "test-k8s-node03", "test-k8s-node01", "test-k8s-node02"];
const [master, node03] = nodes as [string, string];
const restart = (node: string) => fail.process("calico-node", node, { signal: "TERM" });
simulation.schedule([
  at("0s", start()),
  // Somebody adds a master to another cluster with the wrong context, and edits this one's calico-config.
  at("1h", config.etcdEndpoints(found)),
  // All is well for a day. Then calico-node of the master restarts, and reads it.
  at("25h", restart(master)),
  // The ConfigMap is repaired, and the DaemonSet rolled out.
  at("26h", config.etcdEndpoints(repaired)),
  ...nodes.map((node, i) => at(micros("26h") + (i + 1) * micros("20s"), restart(node))),
]);

/** A table with its times left out, which are the one thing that cannot agree; and whether it is as it was. */
function show(node: string, reported: string): void {
  const view = simulation.views.calicoctlNodeStatus(node, { style: "centred" });
  const timeless = (table: string): string =>
    table
      .trimEnd()
      .replace(/\d\d:\d\d:\d\d/g, "HH:MM:SS")
      .replace(/\d{4}-\d\d-\d\d/g, "YYYY-MM-DD");
  console.log(`root@${node}:~# calicoctl node status\n${view}`);
  const same = timeless(view) === timeless(text(reported));
  console.log(`${same ? "The same as" : "DIFFERS from"} ${reported}, times aside.\n`);
}

console.log("== Four hours after the edit: every session is up\n");
simulation.run(micros("5h"));
const peers = nodes.flatMap((node) => simulation.views.peers(node));
console.log(`${String(peers.filter(({ state }) => state === "up").length)} of 12 session ends\n`);

console.log("== Half an hour after the restart\n");
simulation.run(micros("25h30m"));
show(node03, "node-status-before.txt");
console.log(`root@${master}:~# calicoctl node status`);
console.log(simulation.views.calicoctlNodeStatus(master));
console.log("Why:");
for (const { code, text: why } of simulation.result().findings)
  if (code === "start-failed") console.log(`  ${why}`);

console.log("\n== After the repair\n");
simulation.run(micros("26h10m"));
show(master, "node-status-after.txt");
