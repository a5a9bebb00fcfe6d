// Two racks, a pair of top-of-rack switches in each, a spine above them. Pods have no
// encapsulation and nodes no mesh: the switches carry every packet that leaves a rack.
import {
  type Action,
  at,
  blocks,
  cluster,
  type ExternalRouter,
  fail,
  formatMicros,
  type Resource,
  simulate,
  start,
} from "calico-sim";

const RACKS = [0, 1];
const NODES = 6;
const inRack = (rack: number): string[] =>
  Array.from({ length: NODES }, (_, i) => i)
    .filter((i) => i % RACKS.length === rack)
    .map((i) => `node-${String(i)}`);

const switches = RACKS.flatMap((rack): ExternalRouter[] =>
  ["a", "b"].map((letter, i) => ({
    name: `tor-${String(rack)}${letter}`,
    ip: `10.0.${String(rack)}.${String(251 + i)}`,
    asNumber: 65_001 + rack,
    peersWith: inRack(rack),
  })),
);
const spine: ExternalRouter = {
  name: "spine",
  ip: "192.168.0.1",
  asNumber: 65_000,
  prefixes: ["0.0.0.0/0"],
  peersWith: switches.map(({ name }) => name),
};

const calico = (kind: "BGPPeer" | "BGPConfiguration", name: string, spec: object): Resource => ({
  apiVersion: "projectcalico.org/v3",
  kind,
  metadata: { name },
  spec,
});
// All nodes share an AS, so they must take paths in which it is already.
const peers = switches.map(({ name, ip, asNumber, peersWith = [] }) =>
  calico("BGPPeer", name, {
    peerIP: ip,
    asNumber,
    nodeSelector: `kubernetes.io/hostname in { ${peersWith.map((n) => `'${n}'`).join(", ")} }`,
    numAllowedLocalASNumbers: 1,
  }),
);
const spec = cluster({
  nodes: NODES,
  racks: RACKS.length,
  pools: [{ cidr: "10.244.0.0/16", ipipMode: "Never" }],
  externalRouters: [...switches, spine],
  resources: [calico("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false }), ...peers],
});

const failures: [string, Action][] = [
  ["tor-0a loses power", fail.router("tor-0a")],
  ["its routing daemon gets SIGTERM", fail.process("bird", "tor-0a", { signal: "TERM" })],
  ["its routing daemon gets SIGKILL", fail.process("bird", "tor-0a")],
  ["the spine loses power", fail.router("spine")],
];
console.log("failure                          paths dark  longest  mended");
for (const [name, failure] of failures) {
  const claims = RACKS.flatMap(inRack).map((node) => at("1m", blocks.add(node)));
  const steps = [at("0s", start()), ...claims, at("5m", failure)];
  const { blackholes } = simulate(spec, steps, { seed: 7, until: "15m" });
  const { worst } = blackholes;
  const length = worst === undefined ? 0 : worst.endSeconds - worst.beginSeconds;
  const span = worst === undefined ? "–" : formatMicros(Math.round(length) * 1e6);
  const mended = blackholes.intervals.every(({ open }) => !open) ? "yes" : "no";
  console.log(
    `${name.padEnd(33)}${String(blackholes.total).padStart(10)}  ${span.padEnd(8)} ${mended}`,
  );
}
