import { parsePeerIP, sessionInfo } from "@calico-sim/bgp";
import {
  bgpSettings,
  didYouMean,
  formatAddress,
  type NodeDirectory,
  type NodeView,
  nodeView,
  ofKind,
  parseCidr,
  SelectorError,
  selects,
} from "@calico-sim/core";
import type { ObservedCluster } from "./build-result.js";
import { addressIn, nodeNeighbours } from "./external-router.js";
import { pairsWithIdleRules } from "./oracle-speakers.js";
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
  const without6 = peersWithoutIpv6(cluster);
  if (without6 !== undefined) findings.push(without6);
  const families = [[4, bird] as const, ...(without6 === undefined ? [[6, bird6] as const] : [])];
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

/** Peers with an IPv6 address where no node has one, which is all there is to say of them; undefined without any. */
function peersWithoutIpv6(cluster: ObservedCluster): Finding | undefined {
  const { bird6, datastore, spec } = cluster;
  const all = datastore.list("Node").length;
  if (spec.backend !== "bird" || (bird6 !== undefined && withoutAddress6(cluster).length < all))
    return undefined;
  const described = (spec.externalRouters ?? []).flatMap((one) => {
    const address = addressIn(one, 6);
    return address === undefined ? [] : [{ address, text: `${one.name} (${address})` }];
  });
  const known = new Set(described.map(({ address }) => address));
  const others = datastore.list("BGPPeer").flatMap(({ spec: { peerIP }, metadata: { name } }) => {
    const address = parsePeerIP(peerIP)?.address;
    if (address?.family !== 6 || known.has(formatAddress(address))) return [];
    return [`${formatAddress(address)} (BGPPeer ${name})`];
  });
  const peers = [...described.map(({ text }) => text), ...others];
  if (peers.length === 0) return undefined;
  const why =
    bird6 === undefined ? "had an IPv6 address when the cluster began" : "has an IPv6 address";
  const text = `no bird6 runs, since no node ${why}, so nobody peers with ${listed(peers)}`;
  return { code: "setting", text };
}

function idsOf(nodes: NodeDirectory): readonly number[] {
  return Array.from({ length: nodes.size }, (_, id) => id).filter((id) => nodes.isNode(id));
}

function listed(names: readonly string[]): string {
  const more = names.length - LISTED;
  return names.slice(0, LISTED).join(", ") + (more > 0 ? ` and ${String(more)} more` : "");
}

/** Pools of IPv6 that came after the beginning. */
function lateIpv6({ datastore }: ObservedCluster): readonly string[] {
  return datastore
    .list("IPPool")
    .map(({ spec }) => spec.cidr)
    .filter((text) => parseCidr(text)?.family === 6);
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

/** Nodes of a dual-stack cluster that have no IPv6 address, and so no bird6. */
function withoutIpv6(cluster: ObservedCluster): Finding[] {
  if (cluster.bird6 === undefined) return [];
  const bare = withoutAddress6(cluster);
  if (bare.length === 0) return [];
  const text = `no bird6 runs on ${String(bare.length)} of the nodes, which have no IPv6 address: ${listed(bare.map(({ name }) => name))}; IPv6 pods there are not reached from elsewhere`;
  return [{ code: "setting", text }];
}

/** Nodes without an IPv6 address that calico-node takes. */
function withoutAddress6({ datastore, spec }: ObservedCluster): readonly NodeView[] {
  return datastore
    .list("Node")
    .map(nodeView)
    .filter(
      ({ ipv6Address, internalIPv6 }) =>
        ipv6Address === undefined && (spec.detectIpv6 !== true || internalIPv6 === undefined),
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
  const findings: Finding[] = [];
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
  const late = cluster.bird6 === undefined && spec.backend === "bird" ? lateIpv6(cluster) : [];
  if (late.length > 0) {
    findings.push({
      code: "not-modelled",
      text: `the cluster began without IPv6, so nothing routes the pools ${listed(late)}: no bird6 is simulated`,
    });
  }
  findings.push(...danglingReferences(cluster), ...idleFilters(cluster), ...withoutIpv6(cluster));
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
  for (const failure of recorder.failures.slice(0, 5)) {
    findings.push({ code: "pods-failed", text: failure });
  }
  return findings;
}
