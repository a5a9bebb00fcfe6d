// Nodes and pods without IPv4: what BIRD needs for it, and what happens to a cluster that learns of IPv6 later.
import {
  apply,
  at,
  cluster,
  config,
  pods,
  type Resource,
  Simulation,
  simulate,
  start,
} from "calico-sim";

const pool = { cidr: "fd00:10:244::/64" };
const warmUp = [at("0s", start()), at("20s", pods.create(30))];

console.log("router id  BGP sessions  finding");
for (const routerId of ["", "192.0.2.1", "hash"]) {
  const spec = cluster({ nodes: 6, nodeFamilies: [6], pools: [pool], routerId });
  const { bgp, findings } = simulate(spec, warmUp, { seed: 5, until: "2m" });
  const sessions = String(bgp.sessionEndsEstablished / 2).padStart(12);
  console.log(`${(routerId || "none").padEnd(9)}  ${sessions}  ${findings[0]?.text ?? "–"}`);
}

const bare = new Simulation(cluster({ nodes: 3, nodeFamilies: [6], pools: [pool] }), { seed: 5 });
bare.schedule(warmUp);
bare.run(60_000_000);
console.log(`\n${bare.views.showStatus("node-0", 6).split("\n")[2]}`);
console.log(bare.views.calicoctlNodeStatus("node-0"));

// Nodes of both families, pods of IPv4: then an IPv6 pool comes, and the CNI plugin is told.
const late: Resource = {
  apiVersion: "projectcalico.org/v3",
  kind: "IPPool",
  metadata: { name: "late" },
  spec: { ...pool, blockSize: 122 },
};
const spec = cluster({ nodes: 6, nodeFamilies: [4, 6], pools: [{ cidr: "10.244.0.0/16" }] });
const steps = [
  at("5m", apply(late)),
  at("6m", config.podFamilies([4, 6])),
  at("7m", pods.create(30)),
];
const both = new Simulation(spec, { seed: 5 });
both.schedule([...warmUp, ...steps]);
console.log("time  IPv4 blocks  IPv6 blocks  pods of both families  IPv6 UPDATEs");
for (const minute of [4, 6, 9]) {
  both.run(minute * 60_000_000);
  const blocks = both.datastore.list("IPAMBlock").map((block) => block.spec.cidr.includes(":"));
  const v6 = blocks.filter(Boolean).length;
  const dual = both.workloads
    .keys()
    .filter((key) => both.workloads.pod(key)?.addresses.length === 2);
  const row = [blocks.length - v6, v6, dual.length, both.result().bgp.ipv6?.messages.update ?? 0];
  const widths = [11, 11, 21, 12];
  console.log(
    `${minute} min ${row.map((value, i) => String(value).padStart(widths[i] ?? 0)).join("  ")}`,
  );
}
const { converged, blackholes } = both.result();
console.log(`converged: ${converged}, black holes: ${blackholes.total}`);
