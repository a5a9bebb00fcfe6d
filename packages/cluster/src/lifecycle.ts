import type { BirdFleet } from "@calico-sim/bgp";
import {
  type AddressFamily,
  type EventHandler,
  formatCidr,
  MILLISECOND,
  MINUTE,
  type Micros,
  nodeView,
  SECOND,
} from "@calico-sim/core";
import { sharedLinks, subnetOf } from "./node-place.js";
import type { HostAddresses } from "./node-services/node-services.js";
import { birdsOf, type ClusterParts } from "./parts.js";
import type { DaemonName, JoiningNode } from "./scenario.js";
import { nodeId } from "./scenario-check.js";

/** runit starts a service that ended after this (runit: runsv.8). */
const SUPERVISOR_PAUSE: Micros = SECOND;

/** A container that ended with an error is started again after 10 s, doubling to 5 min (kubernetes: pkg/kubelet, CrashLoopBackOff). */
const CRASH_BACKOFF: Micros = 10 * SECOND;
const CRASH_BACKOFF_MAX: Micros = 5 * MINUTE;
/** A kubelet that cannot register its node tries again after 100 ms, and waits twice as long each time, 7 s at most (kubernetes: pkg/kubelet/kubelet_node_status.go, registerWithAPIServer). */
const REGISTER_PAUSE: Micros = 100 * MILLISECOND;
const REGISTER_PAUSE_MAX: Micros = 7 * SECOND;

/** Those that {@link Lifecycle} starts again by this table; `bird6` has an event of its own. */
const DAEMONS: readonly Exclude<DaemonName, "bird6">[] = [
  "bird",
  "felix",
  "confd",
  "calico-node",
  "typha",
];

/**
 * Hosts and processes: what starts in which order (node-behaviour §6.1), what dies with what, and what
 * comes back.
 */
export class Lifecycle implements EventHandler {
  private readonly parts: ClusterParts;
  /** By node: calico-node's container is meant to run. */
  private readonly wanted: boolean[] = [];
  /** By node: the host has no power. */
  private readonly down: boolean[] = [];
  /** By node: its network is cut, whether or not it has power. */
  private readonly cutOff: boolean[] = [];
  /** By node: confd has written the files that BIRD starts from. */
  private readonly rendered: boolean[] = [];
  /** By node: the same of the BIRD of IPv6. */
  private readonly rendered6: boolean[] = [];
  /** By node: how often its container was started. */
  private readonly starts: number[] = [];
  /** By node: how often it lost power; what was to be started again before that is not. */
  private readonly outages: number[] = [];
  /** Nodes that joined and have no Node object yet. */
  private readonly unregistered: Map<number, JoiningNode> = new Map();
  private readonly kindStart: number;
  private readonly kindBird: number;
  private readonly kindRestart: number;
  private readonly kindCrashed: number;
  /** By node: the present wait of its crash loop, 0 = none. */
  private readonly backoff: Micros[] = [];
  private readonly kindRegister: number;
  /** −1 in a cluster without IPv6. */
  private kindBird6: number = -1;

  constructor(parts: ClusterParts) {
    this.parts = parts;
    const { engine } = parts;
    this.kindStart = engine.defineKind("node-start", this);
    this.kindBird = engine.defineKind("bird-start", this);
    this.kindRestart = engine.defineKind("process-restart", this);
    this.kindCrashed = engine.defineKind("container-crashed", this, { background: true });
    this.kindRegister = engine.defineKind("node-register", this, { background: true });
    if (parts.bird6 !== undefined) this.beginIpv6(parts.bird6);
  }

  /** The cluster has BIRDs of IPv6, from the beginning or from now on. */
  beginIpv6(bird6: BirdFleet): void {
    this.kindBird6 = this.parts.engine.defineKind("bird6-start", this);
    this.down.forEach((down, node) => {
      if (down) bird6.crash(node);
    });
  }

  /** Names of the nodes on which calico-node is meant to run. */
  liveNodes(): string[] {
    const { nodes } = this.parts;
    const live: string[] = [];
    for (let node = 0; node < nodes.size; node++) {
      if (this.wanted[node] === true) live.push(nodes.name(node));
    }
    return live;
  }

  /** Whether the supervisor keeps the BIRD of a node: its container runs, and confd has written its files. */
  keepsBird(node: number): boolean {
    return this.wanted[node] === true && this.rendered[node] === true;
  }

  /** Address and tunnel addresses are written: Felix, then confd and the rest (node-behaviour §6.1). */
  onStartupDone(node: number): void {
    if (this.wanted[node] !== true) return;
    this.backoff[node] = 0;
    const { felix, confd, spec, auxiliary } = this.parts;
    felix.start(node);
    if (spec.backend === "bird") confd.start(node);
    for (const source of auxiliary) source.connect(node);
  }

  /** Start-up ended with an error, and the container with it; the kubelet starts it again, later each time. */
  onStartupFailed(node: number): void {
    const last = this.backoff[node] ?? 0;
    const wait = last === 0 ? CRASH_BACKOFF : Math.min(CRASH_BACKOFF_MAX, 2 * last);
    this.backoff[node] = wait;
    this.parts.engine.after(wait, this.kindCrashed, node, this.starts[node]);
  }

  /** The container starts: it reads the ConfigMap, and has no file of an earlier one. */
  private startContainer(node: number): void {
    this.starts[node] = (this.starts[node] ?? 0) + 1;
    this.parts.nodeServices.start(node, this.parts.etcd.fault());
  }

  /** BIRD's run script fails without a configuration and is tried again each second (runit: runsv.8). */
  onFirstRender(node: number, family: AddressFamily): void {
    const [rendered, service] = family === 4 ? [this.rendered, "bird"] : [this.rendered6, "bird6"];
    rendered[node] = true;
    const { engine, nodes } = this.parts;
    const wait = engine.stream("runit", nodes.name(node), service).below(SUPERVISOR_PAUSE);
    if (family === 4) engine.after(wait, this.kindBird, node);
    else this.startBird6(node, wait);
  }

  /** Starts the BIRD of IPv6 after a time, unless the host loses power before. */
  private startBird6(node: number, after: Micros): void {
    this.parts.engine.after(after, this.kindBird6, node, this.outages[node] ?? 0);
  }

  private onBird6(node: number, outages: number): void {
    if (this.wanted[node] !== true || this.rendered6[node] !== true) return;
    if (outages === (this.outages[node] ?? 0)) this.parts.bird6?.start(node);
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number, b: number): void {
    if (kind === this.kindStart) this.startNode(a);
    else if (kind === this.kindRestart) this.restart(a, b);
    else if (kind === this.kindRegister) this.register(a, b);
    else if (kind === this.kindCrashed) {
      if (this.wanted[a] === true && this.starts[a] === b) this.startContainer(a);
    } else if (kind === this.kindBird6) this.onBird6(a, b);
    else if (this.wanted[a] === true) this.parts.bird.start(a);
  }

  /** Starts Typhas and all nodes, one node each `stagger`. */
  startAll(stagger: Micros): void {
    const { typha } = this.parts;
    if (typha !== undefined) for (let t = 0; t < this.parts.typhaNodes.length; t++) typha.start(t);
    for (let node = 0, started = 0; node < this.parts.nodes.size; node++) {
      if (!this.parts.nodes.isNode(node)) continue;
      const after = started++ * stagger;
      // Who starts now is there for the next step of the same moment.
      if (after === 0) this.startNode(node);
      else this.parts.engine.after(after, this.kindStart, node);
    }
  }

  private startNode(node: number): void {
    if (this.wanted[node] === true || this.down[node] === true) return;
    this.wanted[node] = true;
    this.parts.tracker.setRunning(node, true);
    this.startContainer(node);
  }

  /** A new host is there: its kubelet registers the Node, then everything on it starts. */
  join(joining: JoiningNode): void {
    const shared = sharedLinks(this.parts.datastore.list("Node").map(nodeView));
    const cidr = subnetOf(addressesOf(joining), shared);
    if (cidr === undefined) throw new RangeError(`"${joining.address}" is no address of a subnet`);
    const subnet = formatCidr(cidr);
    const rack = this.parts.fabric.racks.includes(subnet)
      ? subnet
      : (this.parts.fabric.racks[0] ?? "");
    this.parts.fabric.addNode({ name: joining.name, rack, subnet });
    const node = this.parts.nodes.add(joining.name);
    this.parts.kernels.addNode();
    for (const bird of birdsOf(this.parts)) bird.addNode();
    this.parts.routers.nodeJoined(node);
    this.unregistered.set(node, joining);
    this.register(node, 0);
  }

  /** A kubelet's attempt to register its node. */
  private register(node: number, attempts: number): void {
    const joining = this.unregistered.get(node);
    if (joining === undefined || this.down[node] === true) return;
    const { datastore, engine, nodeServices, path, workloads } = this.parts;
    if (!datastore.up || path.delay(node) === Number.POSITIVE_INFINITY) {
      const pause = Math.min(REGISTER_PAUSE * 2 ** attempts, REGISTER_PAUSE_MAX);
      engine.after(pause, this.kindRegister, node, attempts + 1);
      return;
    }
    this.unregistered.delete(node);
    const addresses = addressesOf(joining);
    datastore.put({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: joining.name,
        labels: { "kubernetes.io/hostname": joining.name, ...joining.labels },
      },
      status: {
        addresses: [addresses.ipv4Address, addresses.ipv6Address].flatMap((text) =>
          text === undefined ? [] : [{ type: "InternalIP", address: text.split("/")[0] ?? "" }],
        ),
      },
    });
    nodeServices.setHostAddresses(node, addresses);
    workloads.startNode(joining.name, { rebooted: false });
    this.startNode(node);
  }

  private stopDaemons(node: number): void {
    this.parts.felix.nodeDown(node);
    this.parts.confd.nodeDown(node);
    for (const source of this.parts.auxiliary) source.disconnect(node);
    this.parts.nodeServices.stop(node);
  }

  /** The host's network is cut; its processes run on. */
  cut(node: number): void {
    this.cutOff[node] = true;
    this.parts.fabric.cutNode(node);
    this.pathsChanged(node);
  }

  /** The host's network works again, which helps nobody while it has no power. */
  heal(node: number): void {
    this.cutOff[node] = false;
    if (this.down[node] !== true) this.parts.fabric.restoreNode(node);
    this.pathsChanged(node);
  }

  /** The host loses power. */
  crash(node: number): void {
    if (this.down[node] === true) return;
    this.down[node] = true;
    this.outages[node] = (this.outages[node] ?? 0) + 1;
    this.rendered[node] = false;
    this.rendered6[node] = false;
    this.wanted[node] = false;
    this.parts.path.setDown(node, true);
    this.parts.fabric.cutNode(node);
    for (const bird of birdsOf(this.parts)) bird.crash(node);
    this.parts.routers.nodeDown(node);
    this.parts.typha?.nodeDown(node);
    this.stopDaemons(node);
    this.parts.workloads.stopNode(this.parts.nodes.name(node));
    this.tellConnections();
    this.parts.tracker.lost(node);
  }

  /** The host boots, with an empty kernel. */
  reboot(node: number): void {
    this.crash(node);
    this.down[node] = false;
    this.parts.kernels.clear(node);
    this.parts.path.setDown(node, false);
    if (this.cutOff[node] !== true) this.parts.fabric.restoreNode(node);
    for (const bird of birdsOf(this.parts)) bird.reboot(node);
    this.tellConnections();
    this.startHost(node);
    // Once it runs: until then nothing depends on the way to it.
    this.parts.tracker.pathsOf(node);
  }

  /** What a host starts when it boots. */
  private startHost(node: number): void {
    if (this.unregistered.has(node)) {
      this.register(node, 0);
      return;
    }
    this.parts.workloads.startNode(this.parts.nodes.name(node), { rebooted: true });
    this.parts.typhaNodes.forEach((host, typha) => {
      if (host === node) this.parts.typha?.start(typha);
    });
    this.startNode(node);
  }

  /** Tells all whom it concerns that the underlay changed: the way to and from one host, or any. */
  pathsChanged(host?: number): void {
    this.tellConnections();
    if (host === undefined) this.parts.tracker.pathsChanged();
    else this.parts.tracker.pathsOf(host);
  }

  private tellConnections(): void {
    for (const bird of birdsOf(this.parts)) bird.pathsChanged();
    this.parts.typha?.linksChanged();
  }

  /** Ends a process; its supervisor starts it again after a time. */
  killProcess(
    daemon: DaemonName,
    target: string,
    signal: "KILL" | "TERM",
    restartAfter: Micros,
  ): void {
    const id = daemon === "typha" ? Number(target) : nodeId(this.parts.nodes, target);
    switch (daemon) {
      case "bird":
        endBird(this.parts.bird, id, signal);
        break;
      case "bird6":
        if (this.parts.bird6 !== undefined) endBird(this.parts.bird6, id, signal);
        if (restartAfter < Number.POSITIVE_INFINITY) this.startBird6(id, restartAfter);
        return;
      case "felix":
        this.parts.felix.kill(id);
        break;
      case "confd":
        this.parts.confd.kill(id);
        break;
      case "typha":
        if (signal === "TERM") this.parts.typha?.shutdown(id);
        else this.parts.typha?.kill(id);
        break;
      case "calico-node":
        for (const bird of birdsOf(this.parts)) endBird(bird, id, signal);
        this.parts.felix.kill(id);
        // What confd rendered lies in the container and goes with it.
        this.parts.confd.kill(id);
        this.parts.confd.forgetFiles(id);
        this.rendered[id] = false;
        this.rendered6[id] = false;
        this.parts.nodeServices.stop(id, { kubelet: false });
        this.wanted[id] = false;
        this.backoff[id] = 0;
        break;
    }
    if (restartAfter === Number.POSITIVE_INFINITY) return;
    const outages = this.outages[this.hostOf(daemon, id)] ?? 0;
    const what = outages * DAEMONS.length + DAEMONS.indexOf(daemon);
    this.parts.engine.after(restartAfter, this.kindRestart, id, what);
  }

  private restart(id: number, what: number): void {
    const daemon = DAEMONS[what % DAEMONS.length]!;
    const host = this.hostOf(daemon, id);
    // A host that lost power since starts everything itself when it boots.
    const outages = Math.floor(what / DAEMONS.length);
    if (this.down[host] === true || (this.outages[host] ?? 0) !== outages) return;
    const { parts } = this;
    // What the container has not come to yet, it will start in its turn.
    const begun = this.wanted[id] === true && parts.nodeServices.isStarted(id);
    switch (daemon) {
      case "bird":
        if (this.wanted[id] === true) this.startBird(id);
        return;
      case "felix":
        if (begun) parts.felix.start(id);
        return;
      case "confd":
        if (begun) parts.confd.start(id);
        return;
      case "typha":
        // SIGTERM takes effect when the last connection is closed, minutes later in a large cluster.
        if (parts.typha?.isDraining(id) === true) {
          parts.engine.after(SUPERVISOR_PAUSE, this.kindRestart, id, what);
        } else parts.typha?.start(id);
        return;
      case "calico-node":
        if (this.wanted[id] === true) return;
        this.wanted[id] = true;
        this.startContainer(id);
    }
  }

  private startBird(node: number): void {
    if (this.rendered[node] === true) this.parts.bird.start(node);
  }

  private hostOf(daemon: DaemonName, id: number): number {
    return daemon === "typha" ? (this.parts.typhaNodes[id] ?? 0) : id;
  }
}

/** The addresses that a node joins with, IPv4 first. */
function addressesOf({ address, ipv6Address }: JoiningNode): HostAddresses {
  const [v4, v6] = address.includes(":") ? [undefined, address] : [address, ipv6Address];
  return {
    ...(v4 === undefined ? {} : { ipv4Address: v4 }),
    ...(v6 === undefined ? {} : { ipv6Address: v6 }),
  };
}

function endBird(bird: BirdFleet, node: number, signal: "KILL" | "TERM"): void {
  if (signal === "TERM") bird.terminate(node);
  else bird.kill(node);
}
