import { parsePeerIP, sessionInfo } from "@calico-sim/bgp";
import {
  type AddressFamily,
  bgpSettings,
  didYouMean,
  eraNote,
  formatAddress,
  type NodeDirectory,
  type NodeView,
  nodeView,
  ofKind,
  SelectorError,
  selects,
} from "@calico-sim/core";
import type { ObservedCluster } from "./build-result.js";
import { addressIn, nodeNeighbours } from "./external-router.js";
import { pairsWithIdleRules } from "./oracle-speakers.js";
import { poolsOverNodes } from "./pool-findings.js";
import type { Finding } from "./result.js";
import { workloadFindings } from "./workload-findings.js";

/** Names in a finding; what follows is mostly their echo. */
const LISTED = 5;

/** What stands in for peers that nothing describes, and sessions with routers that did not come up. */
function peerFindings(cluster: ObservedCluster): Finding[] {
  const { bird, bird6, confd, nodes, routers, spec, tracker } = cluster;
  const findings: Finding[] = [];
  const left = confd.externalPeers();
  if (left.length > 0) {
    findings.push({
      code: "not-modelled",
      text: `BGP peers at addresses of nodes that do not run are left out: ${listed(left)}`,
    });
  }
  const guessed = routers.undescribed().map(({ ip, asNumber }) => `${ip} (AS ${String(asNumber)})`);
  if (guessed.length > 0) {
    const taken =
      spec.undescribedPeers === "absent"
        ? "nobody is taken to be there, so every SYN goes unanswered"
        : "each is taken to be a router that agrees to what the nodes ask for, waits for them, announces nothing and passes nothing on";
    findings.push({
      code: "peer-undescribed",
      text: `nothing describes the BGP peers ${listed(guessed)}; ${taken} (externalRouters describes them, undescribedPeers chooses)`,
    });
  }
  const described = spec.externalRouters ?? [];
  const families = ([4, 6] as const).flatMap((family) => {
    const without = peersWithout(cluster, family);
    if (without === undefined) return [[family, family === 4 ? bird : bird6] as const];
    findings.push(without);
    return [];
  });
  const unused = families.flatMap(([family, birds]) =>
    described.flatMap((one) => {
      const address = addressIn(one, family);
      if (address === undefined || nodeNeighbours(one, described)?.length === 0) return [];
      const router = nodes.id(one.name);
      const used = idsOf(nodes).some((node) => birds?.isConfigured(node, router) === true);
      return used ? [] : [`${one.name} (${address})`];
    }),
  );
  if (unused.length > 0 && spec.backend === "bird") {
    findings.push({
      code: "setting",
      text: `no BGPPeer makes a node peer with the external routers ${listed(unused)}`,
    });
  }
  if (described.length > 0 && spec.backend !== "bird") {
    findings.push({
      code: "setting",
      text: `no BGP is spoken with the backend ${spec.backend}, so the external routers ${listed(described.map(({ name, ip }) => `${name} (${ip})`))} are left out`,
    });
  }
  const down: string[] = [];
  for (const [, birds] of families) {
    for (const router of routers.live()) {
      for (const node of idsOf(nodes)) {
        if (birds?.isConfigured(node, router) !== true) continue;
        const session = birds.viewSession(node, router);
        if (session === undefined || session.bgpState === "Established") continue;
        if (!tracker.connected(nodes.name(node), nodes.name(router))) continue;
        down.push(`${nodes.name(node)} – ${nodes.name(router)} (${sessionInfo(session).trim()})`);
      }
    }
  }
  if (down.length > 0) {
    const pods = spec.workloadRouters === undefined ? "" : " and pods";
    const what = `external routers${pods}`;
    findings.push({
      code: "peer-down",
      text: `BGP sessions with ${what} that are not up at the end, as BIRD of the node shows them: ${listed(down)}`,
    });
  }
  return findings;
}

/** Peers with an address of a family of which no node has one, which is all there is to say of them; undefined without any. */
function peersWithout(cluster: ObservedCluster, family: AddressFamily): Finding | undefined {
  const { bird6, datastore, spec } = cluster;
  const all = datastore.list("Node").length;
  const none = family === 6 && bird6 === undefined;
  if (spec.backend !== "bird" || !(none || withoutAddress(cluster, family).length === all))
    return undefined;
  const described = (spec.externalRouters ?? []).flatMap((one) => {
    const address = addressIn(one, family);
    return address === undefined ? [] : [{ address, text: `${one.name} (${address})` }];
  });
  const known = new Set(described.map(({ address }) => address));
  const others = datastore.list("BGPPeer").flatMap(({ spec: { peerIP }, metadata: { name } }) => {
    const address = parsePeerIP(peerIP)?.address;
    if (address?.family !== family || known.has(formatAddress(address))) return [];
    return [`${formatAddress(address)} (BGPPeer ${name})`];
  });
  const peers = [...described.map(({ text }) => text), ...others];
  if (peers.length === 0) return undefined;
  const text = `no node has an IPv${String(family)} address, so nobody peers with ${listed(peers)}`;
  return { code: "setting", text };
}

function idsOf(nodes: NodeDirectory): readonly number[] {
  return Array.from({ length: nodes.size }, (_, id) => id).filter((id) => nodes.isNode(id));
}

function listed(names: readonly string[]): string {
  const more = names.length - LISTED;
  return names.slice(0, LISTED).join(", ") + (more > 0 ? ` and ${String(more)} more` : "");
}

/** What BGPPeers refer to and is not there at the end: confd goes on as if nothing had been said. */
function danglingReferences({ datastore, spec }: ObservedCluster): Finding[] {
  const { secretNamespace = "kube-system" } = spec;
  const labels = datastore.list("Node").map(({ metadata }) => metadata.labels ?? {});
  const texts = datastore.list("BGPPeer").flatMap(({ metadata: { name: peer }, spec: wanted }) => {
    const missing = (wanted.filters ?? [])
      .filter((name) => datastore.get("BGPFilter", name) === undefined)
      .map((name) => `BGPPeer ${peer}: there is no BGPFilter "${name}", so it filters nothing`);
    if (wanted.node !== undefined && datastore.get("Node", wanted.node) === undefined) {
      const names = datastore.list("Node").map(({ metadata }) => metadata.name);
      const near = didYouMean(wanted.node, names);
      missing.push(
        `BGPPeer ${peer}: there is no Node "${wanted.node}", so nobody has this peer${near}`,
      );
    }
    for (const field of ["nodeSelector", "peerSelector"] as const) {
      const selector = wanted[field];
      if (!selector || selectsSome(selector, labels)) continue;
      missing.push(
        `BGPPeer ${peer}: its ${field} ${JSON.stringify(selector)} selects no Node, so nobody has this peer`,
      );
    }
    const { name, key = "" } = wanted.password?.secretKeyRef ?? {};
    if (name === undefined) return missing;
    const secret = datastore.get("Secret", name, secretNamespace);
    if (secret?.data?.[key] !== undefined || secret?.stringData?.[key] !== undefined)
      return missing;
    const what =
      secret === undefined ? `no Secret "${name}"` : `no key "${key}" in Secret "${name}"`;
    const where = `in namespace ${secretNamespace}`;
    return [
      ...missing,
      `BGPPeer ${peer}: there is ${what} ${where}, so its sessions have no password`,
    ];
  });
  return texts.map((text) => ({ code: "setting", text }));
}

function selectsSome(
  selector: string,
  nodes: readonly Readonly<Record<string, string>>[],
): boolean {
  try {
    return nodes.some((labels) => selects(selector, labels));
  } catch (error) {
    // One that cannot be read is an error of its own.
    if (error instanceof SelectorError) return true;
    throw error;
  }
}

/** Nodes whose BIRD of a family has nobody to talk to, and those where none starts. */
function silentNodes(cluster: ObservedCluster): Finding[] {
  const { bird6, datastore, spec } = cluster;
  if (spec.backend !== "bird") return [];
  const { routerId = "" } = spec;
  const all = datastore.list("Node").map(nodeView);
  const idless = routerId === "" ? all.filter((node) => !hasIpv4(node.ipv4Address)) : [];
  // Its BIRD of IPv4 finds an address of the host by itself.
  const helped = idless.filter(({ internalIP }) => hasIpv4(internalIP));
  const texts: string[] = [];
  const without = (daemons: string, nodes: readonly NodeView[]): void => {
    if (nodes.length === 0) return;
    texts.push(
      `${daemons} on ${String(nodes.length)} of the nodes, which have no IPv4 address to be their router id: ${listed(names(nodes))}; CALICO_ROUTER_ID "hash" (routerId) gives them one`,
    );
  };
  without(
    "neither bird nor bird6 runs",
    idless.filter((node) => !helped.includes(node)),
  );
  if (bird6 !== undefined) without("no bird6 runs", helped);
  const deaf = (family: AddressFamily, nodes: readonly NodeView[]): void => {
    const mute = nodes.filter((node) => !idless.includes(node));
    if (mute.length === 0) return;
    const [v, daemon] = family === 4 ? ["IPv4", "bird"] : ["IPv6", "bird6"];
    texts.push(
      `${daemon} has no peers on ${String(mute.length)} of the nodes, which have no ${v} address: ${listed(names(mute))}; ${v} pods there are not reached from elsewhere`,
    );
  };
  const pools4 = datastore.list("IPPool").some(({ spec: pool }) => hasIpv4(pool.cidr));
  if (pools4) deaf(4, withoutAddress(cluster, 4));
  if (bird6 !== undefined) deaf(6, withoutAddress(cluster, 6));
  if (all.length > 1 && routerId !== "" && routerId !== "hash") {
    texts.push(
      `all nodes have the router id ${routerId}, so that each refuses the others' sessions; CALICO_ROUTER_ID "hash" (routerId) gives each its own`,
    );
  }
  return texts.map((text) => ({ code: "setting", text }));
}

function hasIpv4(text: string | undefined): boolean {
  return text?.includes(":") === false;
}

function names(nodes: readonly NodeView[]): readonly string[] {
  return nodes.map(({ name }) => name);
}

/** Nodes without an address of a family that calico-node takes. */
function withoutAddress(
  { datastore, spec }: ObservedCluster,
  family: AddressFamily,
): readonly NodeView[] {
  const { detectIpv4 = true, detectIpv6 = false } = spec;
  return datastore
    .list("Node")
    .map(nodeView)
    .filter(({ ipv4Address, internalIP, ipv6Address, internalIPv6 }) =>
      family === 4
        ? !hasIpv4(ipv4Address) && !(detectIpv4 && hasIpv4(internalIP))
        : ipv6Address === undefined && !(detectIpv6 && internalIPv6 !== undefined),
    );
}

/** BGPFilters between nodes that the mesh joins: there the protocol of a BGPPeer that is not global has no session. */
function idleFilters({ tracker }: ObservedCluster): Finding[] {
  const { ipv6, ...ipv4 } = tracker.oracle;
  const pairs = [ipv4, ipv6].flatMap((state) =>
    state?.speakers === undefined ? [] : pairsWithIdleRules(state.speakers),
  );
  if (pairs.length === 0) return [];
  const text = `the mesh has the sessions between ${listed([...new Set(pairs)])}, so that the BGPFilters of a BGPPeer there do nothing; they would without the mesh, or in a BGPPeer for all nodes`;
  return [{ code: "setting", text }];
}

/** What a reader must know before using the figures of a run. */
export function findingsOf(cluster: ObservedCluster): Finding[] {
  const { datastore, spec, era, engine, recorder } = cluster;
  const findings: Finding[] = [...(spec.findings ?? [])];
  const nearest = eraNote(spec.calicoVersion);
  if (nearest !== undefined) findings.push({ code: "setting", text: nearest.message });
  findings.push(...peerFindings(cluster), ...workloadFindings(cluster));
  const bgp = bgpSettings(ofKind(spec.resources, "BGPConfiguration"), era);
  const peers = datastore.count("BGPPeer");
  if (!bgp.nodeToNodeMeshEnabled && peers === 0 && spec.backend === "bird") {
    findings.push({
      code: "setting",
      text: "the node-to-node mesh is off and there is no BGPPeer, so there is no BGP session",
    });
  }
  if (cluster.outcome === "event-limit") {
    findings.push({
      code: "event-limit",
      text: `the run stopped after ${String(engine.eventsMax)} events; something never settles`,
    });
  }
  findings.push(...danglingReferences(cluster), ...idleFilters(cluster), ...silentNodes(cluster));
  const open = cluster.tracker.leftOpen();
  if (open.length > 0) {
    findings.push({
      code: "not-modelled",
      text: `which routes nodes must have is left open, so that convergence leaves them out, for ${listed(open)}`,
    });
  }
  const unroutable = cluster.tracker.unroutable();
  if (unroutable !== undefined) {
    findings.push({
      code: "never-reached",
      text: `${String(unroutable.pairs)} node–block pairs never worked, which no black hole counts: the underlay has no route to pods, as between subnets without encapsulation; one is ${unroutable.example}`,
    });
  }
  for (const [failure, times] of [...recorder.startFailures].slice(0, 5)) {
    findings.push({
      code: "start-failed",
      text: `calico-node did not start (${String(times)} times) on ${failure}`,
    });
  }
  for (const text of recorder.refused) findings.push({ code: "write-refused", text });
  for (const text of recorder.unscheduled) findings.push({ code: "pods-unscheduled", text });
  for (const failure of recorder.failures.slice(0, 5)) {
    findings.push({ code: "pods-failed", text: failure });
  }
  findings.push(...poolsOverNodes(cluster));
  return findings;
}
