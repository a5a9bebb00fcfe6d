import {
  type Cidr,
  didYouMean,
  type Fabric,
  formatAddress,
  hostAddress,
  type Issue,
  type IssueParts,
  type NodeDirectory,
  nodeView,
  ofKind,
  type PathSegment,
  parseCidr,
  type Resource,
  writtenAddress,
} from "@calico-sim/core";
import { resourceIssues } from "./check-fields.js";
import { someOf } from "./external-router-check.js";
import type { Action, JoiningNode, Scenario, Step } from "./scenario.js";
import { type ClusterSpec, usesIpv6 } from "./spec.js";

/** What a scenario may name. */
export interface ScenarioNames {
  readonly spec: ClusterSpec;
  readonly nodes: NodeDirectory;
  readonly fabric: Fabric;
  /** External routers. */
  readonly routers: { has(name: string): boolean };
  /** Steps scheduled before these. */
  readonly earlier: Scenario;
  /** What the clock shows. */
  readonly now: number;
  /** Where some steps cannot be read: nodes that they would let join. */
  readonly unread?: readonly string[];
}

/** Something wrong with an action; the path begins at it. */
type Fault = IssueParts<Issue["code"]>;

/** What steps of a scenario act on, in the order of their times: who is there, at which addresses. */
export class ScenarioSubjects {
  private readonly names: ScenarioNames;
  private readonly ports: ReadonlySet<number>;
  /** Nodes that join in some step. */
  private readonly joinAt: Map<string, number> = new Map();
  private readonly joined: Set<string> = new Set();
  /** Address of each node and router → whose it is. */
  private readonly owners: Map<string, string> = new Map();
  /** Nodes with an IPv6 address. */
  private readonly ipv6: Set<string> = new Set();

  constructor(names: ScenarioNames, ports: ReadonlySet<number>, steps: Scenario) {
    this.names = names;
    this.ports = ports;
    const { resources, externalRouters = [], detectIpv6 = false } = names.spec;
    for (const { at, action } of steps)
      if (action.type === "node-join") this.joinAt.set(action.node.name, at);
    for (const node of ofKind(resources, "Node")) this.noteNode(node, detectIpv6);
    for (const { name, ip } of externalRouters) this.owners.set(ip, `external router ${name}`);
  }

  /** What is wrong with a step; it then counts as done. */
  take({ action }: Step): readonly Fault[] {
    const faults = [...this.faults(action)];
    if (action.type === "node-join") this.join(action.node);
    if (action.type === "node-delete") this.leave(action.node);
    if (action.type === "apply")
      for (const resource of action.resources)
        if (ofKind([resource], "Node").length > 0) this.noteNode(resource, false);
    return faults;
  }

  private noteNode(node: Resource, detects: boolean): void {
    const [known] = ofKind([node], "Node");
    if (known === undefined) return;
    const { name, ipv4Address, internalIP, ipv6Address, internalIPv6 } = nodeView(known);
    const v6 = ipv6Address ?? (detects ? internalIPv6 : undefined);
    for (const text of [ipv4Address ?? internalIP, v6]) this.own(text, name);
    if (v6 !== undefined) this.ipv6.add(name);
  }

  private own(text: string | undefined, name: string): void {
    const address = hostAddress(text);
    if (address !== undefined) this.owners.set(formatAddress(address), `node ${name}`);
  }

  private join({ name, address, ipv6Address }: JoiningNode): void {
    this.joined.add(name);
    for (const text of [address, ipv6Address]) this.own(text, name);
    if (ipv6Address !== undefined) this.ipv6.add(name);
  }

  /** A node's addresses are free again once its Node object is gone. */
  private leave(name: string): void {
    for (const [address, owner] of this.owners)
      if (owner === `node ${name}`) this.owners.delete(address);
  }

  private *faults(action: Action): Generator<Fault> {
    switch (action.type) {
      case "node-crash":
      case "node-reboot":
      case "node-delete":
      case "block-add":
      case "block-remove":
        yield* this.node(action.node, ["node"]);
        return;
      case "node-cut":
      case "node-heal":
        yield* this.host(action.node, ["node"]);
        return;
      case "router-crash":
      case "router-reboot":
        yield* this.router(action.router);
        return;
      case "node-join":
        yield* this.joining(action.node);
        return;
      case "kill":
        yield* this.process(action);
        return;
      case "rack-cut":
      case "rack-restore": {
        const { racks } = this.names.fabric;
        if (!racks.includes(action.rack)) yield unknown("rack", action.rack, ["rack"], racks);
        return;
      }
      case "link-cut":
      case "link-restore":
        yield* this.link(action.between);
        return;
      case "packets-drop":
      case "packets-allow":
        yield* this.host(action.from, ["from"]);
        yield* this.host(action.to, ["to"]);
        yield* this.port(action.port);
        return;
      case "apply":
        yield* this.resources(action.resources);
        return;
      case "delete":
        if (action.kind !== "Node") return;
        yield {
          code: "VALUE_UNKNOWN",
          message: "a Node takes its pods and blocks along, which delete does not",
          path: ["kind"],
          got: action.kind,
          want: "the action node-delete",
        };
        return;
      case "etcd-endpoints":
        if ((this.names.spec.etcdEndpoints ?? []).length > 0) return;
        yield {
          code: "VALUE_UNKNOWN",
          message: "the cluster does not say where its own etcd is",
          want: "a cluster with the datastore etcd and etcdEndpoints",
        };
        return;
      default:
        return;
    }
  }

  private nodeNames(): readonly string[] {
    const { nodes } = this.names;
    const all = Array.from({ length: nodes.size }, (_, id) => id);
    return [...all.filter((id) => nodes.isNode(id)).map((id) => nodes.name(id)), ...this.joined];
  }

  /** Names of racks, routers of the underlay, nodes and external routers. */
  private ends(): readonly string[] {
    const { nodes, fabric } = this.names;
    const hosts = Array.from({ length: nodes.size }, (_, id) => nodes.name(id));
    return [...fabric.switches, ...hosts];
  }

  private *node(name: string, path: readonly PathSegment[]): Generator<Fault> {
    const { nodes, unread = [] } = this.names;
    const id = nodes.id(name);
    if (nodes.isNode(id) || this.joined.has(name) || unread.includes(name)) return;
    const code = "VALUE_UNKNOWN";
    const want = someOf(this.nodeNames());
    if (id >= 0)
      yield { code, message: `"${name}" is an external router, no node`, path, got: name, want };
    else if (this.joinAt.has(name)) {
      const message = `node "${name}" joins later than this`;
      yield { code, message, path, got: name, want: "a time after it has joined" };
    } else yield unknown("node", name, path, this.nodeNames());
  }

  private *host(name: string, path: readonly PathSegment[]): Generator<Fault> {
    if (!this.names.routers.has(name)) yield* this.node(name, path);
  }

  private *router(name: string): Generator<Fault> {
    const { routers, spec } = this.names;
    if (routers.has(name)) return;
    const described = (spec.externalRouters ?? []).map((one) => one.name);
    if (described.includes(name)) {
      const message = `no BGP is spoken with the backend ${spec.backend}, so no external router runs`;
      yield {
        code: "VALUE_UNKNOWN",
        message,
        path: ["router"],
        got: name,
        want: "the backend bird",
      };
    } else {
      const { want, ...rest } = unknown("external router", name, ["router"], described);
      yield { ...rest, want: described.length > 0 ? want : "one that externalRouters describes" };
    }
  }

  private *joining({ name, address, ipv6Address }: JoiningNode): Generator<Fault> {
    const { nodes, fabric } = this.names;
    const at = ["node", "name"];
    const taken = nodes.id(name) >= 0 || fabric.switches.includes(name);
    if (taken || this.joined.has(name)) {
      const message = nodes.isNode(nodes.id(name))
        ? `node "${name}" is in the cluster already`
        : this.joined.has(name)
          ? `node "${name}" has joined already`
          : `the name "${name}" is taken; nodes, racks and routers share one set of names`;
      yield { code: "NAME_INVALID", message, path: at, got: name, want: "a name of its own" };
    } else if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) {
      const message = `${JSON.stringify(name)} is not a name that Kubernetes takes`;
      const want = "lower-case letters, digits, '-' and '.'";
      yield { code: "NAME_INVALID", message, path: at, got: name, want };
    }
    yield* this.address(address, 4, "address");
    if (ipv6Address !== undefined) yield* this.address(ipv6Address, 6, "ipv6Address");
  }

  /** An address that a node joins with. */
  private *address(text: string, family: 4 | 6, field: string): Generator<Fault> {
    const path = ["node", field];
    const cidr = parseCidr(text);
    const want =
      family === 4 ? "an address such as 10.0.3.17/24" : "an address such as fd10::17/64";
    if (cidr?.family !== family) {
      const message = `${JSON.stringify(text)} is no IPv${String(family)} address with the length of its subnet`;
      yield { code: "ADDRESS_INVALID", message, path, got: text, want };
      return;
    }
    if (family === 4 && isNoHost(cidr)) {
      const message = `${text} is the subnet or its broadcast address, and no host's`;
      yield { code: "ADDRESS_INVALID", message, path, got: text, want };
    }
    const owner = this.owners.get(formatAddress(writtenAddress(cidr)));
    if (owner === undefined) return;
    const message = `${text} is the address of ${owner}`;
    const own = "an address of its own";
    yield { code: "NODE_ADDRESS_DUPLICATE", message, path, got: text, want: own };
  }

  private *process({ daemon, target }: Extract<Action, { type: "kill" }>): Generator<Fault> {
    const { spec, routers } = this.names;
    if (daemon === "typha") {
      yield* this.typha(target);
      return;
    }
    if (daemon === "bird") yield* this.host(target, ["target"]);
    else yield* this.node(target, ["target"]);
    const ofBgp = daemon === "bird" || daemon === "bird6" || daemon === "confd";
    if (ofBgp && spec.backend !== "bird" && !routers.has(target)) {
      const message = `no ${daemon} runs with the backend ${spec.backend}`;
      yield {
        code: "VALUE_UNKNOWN",
        message,
        path: ["daemon"],
        got: daemon,
        want: "felix, calico-node, typha",
      };
    } else if (daemon === "bird6" && !this.runsBird6(target)) {
      const message = usesIpv6(spec)
        ? `no bird6 runs on ${target}, which has no IPv6 address`
        : "no node has an IPv6 address, so no bird6 runs";
      const [...having] = this.ipv6;
      const want = usesIpv6(spec) ? someOf(having) : "bird";
      const path = [usesIpv6(spec) ? "target" : "daemon"];
      yield { code: "VALUE_UNKNOWN", message, path, got: usesIpv6(spec) ? target : daemon, want };
    }
  }

  private runsBird6(target: string): boolean {
    const { nodes, unread = [] } = this.names;
    // One that is not there has its own finding.
    const there = nodes.isNode(nodes.id(target)) || this.joined.has(target);
    if (usesIpv6(this.names.spec) && (!there || unread.includes(target))) return true;
    return usesIpv6(this.names.spec) && this.ipv6.has(target);
  }

  private *typha(target: string): Generator<Fault> {
    const { typhas } = this.names.spec;
    const id = Number(target);
    if (target.trim() !== "" && Number.isInteger(id) && id >= 0 && id < typhas) return;
    yield {
      code: "VALUE_UNKNOWN",
      message: `there is no Typha "${target}"; Typhas are numbered from 0, and there are ${String(typhas)}`,
      path: ["target"],
      got: target,
      want: typhas === 0 ? "a cluster with Typhas" : `0 to ${String(typhas - 1)}`,
    };
  }

  private *link([a, b]: readonly [string, string]): Generator<Fault> {
    const ends = this.ends();
    const missing = [a, b].filter((end) => !ends.includes(end) && !this.joined.has(end));
    for (const end of missing) {
      const at = ["between", end === a ? 0 : 1];
      yield unknown("node, rack or router of the underlay", end, at, ends);
    }
    // Where a node that joins hangs from is known when it has.
    if (missing.length > 0 || this.joined.has(a) || this.joined.has(b)) return;
    const links = this.names.fabric.links().map(({ from, to }) => [from, to] as const);
    if (links.some((link) => link.includes(a) && link.includes(b) && a !== b)) return;
    const neighbours = links.flatMap((link) =>
      link.includes(a) ? link.filter((x) => x !== a) : [],
    );
    yield {
      code: "VALUE_UNKNOWN",
      message: `there is no link between ${a} and ${b}`,
      path: ["between"],
      got: [a, b],
      want: `a neighbour of ${a}: ${someOf(neighbours)}`,
    };
  }

  private *port(port: number | undefined): Generator<Fault> {
    if (port === undefined || this.ports.has(port)) return;
    const want = [...this.ports].join(" or ");
    yield {
      code: "VALUE_OUT_OF_RANGE",
      message: `only TCP port ${want} (BGP) can be dropped by itself, not ${String(port)}; without a port everything is dropped`,
      path: ["port"],
      got: port,
      want,
    };
  }

  private *resources(resources: readonly Resource[]): Generator<Fault> {
    for (const [i, resource] of resources.entries()) {
      const issues = resourceIssues(resource, ["resources", i], this.names.spec.calicoVersion);
      for (const { code, message, path, want } of issues) yield { code, message, path, want };
      if (issues.length > 0 || resource.kind !== "Node") continue;
      const { name } = resource.metadata;
      for (const { message, ...parts } of this.node(name, ["resources", i, "metadata", "name"]))
        yield { ...parts, message: `${message}; a node joins by node-join` };
    }
  }
}

function unknown(
  what: string,
  name: string,
  path: readonly PathSegment[],
  known: readonly string[],
): Fault {
  const message = `there is no ${what} ${JSON.stringify(name)}${didYouMean(name, known)}`;
  return { code: "VALUE_UNKNOWN", message, path, got: name, want: someOf(known) };
}

/** The first and the last address of a subnet are nobody's, but in a /31 or /32 (RFC 3021). */
function isNoHost(cidr: Cidr): boolean {
  if (cidr.family !== 4 || cidr.length > 30) return false;
  const offset = cidr.address - cidr.value;
  return offset === 0 || offset === 2 ** (32 - cidr.length) - 1;
}
