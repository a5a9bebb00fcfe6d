import { ofKind, type PathSegment, type Resource } from "@calico-sim/core";
import { someOf } from "./external-router-check.js";
import { bringsIpv6 } from "./late-ipv6.js";
import { endFaults, linkKey, neighbourFault, unknown } from "./link-faults.js";
import type { Action, Scenario, Step } from "./scenario.js";
import { type Fault, ScenarioHosts, type ScenarioNames } from "./scenario-hosts.js";
import { usesIpv6 } from "./spec.js";

/** What a host sends to itself crosses no network. */
function noOther(host: string): Fault {
  const message = `${host} sends nothing to itself over the network`;
  return { code: "VALUE_UNKNOWN", message, path: ["to"], got: host, want: "another host" };
}

/** What steps of a scenario act on, in the order of their times: who is there, at which addresses. */
export class ScenarioSubjects {
  private readonly names: ScenarioNames;
  private readonly ports: ReadonlySet<number>;
  /** Nodes that join in some step. */
  private readonly joining: ReadonlySet<string>;
  private readonly hosts: ScenarioHosts;
  /** The cluster has BIRDs of IPv6. */
  private readonly ipv6: boolean;

  constructor(names: ScenarioNames, ports: ReadonlySet<number>, steps: Scenario) {
    this.names = names;
    this.ports = ports;
    this.hosts = new ScenarioHosts(names);
    this.ipv6 = usesIpv6(names.spec) || steps.some(({ action }) => bringsIpv6(action));
    this.joining = new Set(
      steps.flatMap(({ action }) => (action.type === "node-join" ? [action.node.name] : [])),
    );
  }

  /** What is wrong with a step; it then counts as done. */
  take({ action }: Step): readonly Fault[] {
    const faults = [...this.faults(action)];
    if (action.type === "node-join") this.hosts.join(action.node);
    if (action.type === "node-delete") this.hosts.leave(action.node);
    if (action.type === "apply" && faults.length === 0)
      for (const node of ofKind(action.resources, "Node")) this.hosts.note(node, false);
    return faults;
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
        yield* this.hosts.faults(action.node);
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
      case "link-degrade":
      case "link-mend":
        yield* this.link(action.between);
        return;
      case "packets-drop":
      case "packets-allow":
        yield* this.host(action.from, ["from"]);
        yield* this.host(action.to, ["to"]);
        if (action.from === action.to) yield noOther(action.to);
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
    return [
      ...all.filter((id) => nodes.isNode(id)).map((id) => nodes.name(id)),
      ...this.hosts.joined,
    ];
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
    if (nodes.isNode(id) || this.hosts.joined.has(name) || unread.includes(name)) return;
    const code = "VALUE_UNKNOWN";
    const want = someOf(this.nodeNames());
    if (id >= 0)
      yield { code, message: `"${name}" is an external router, no node`, path, got: name, want };
    else if (this.joining.has(name)) {
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
      const message = this.ipv6
        ? `no bird6 runs on ${target}, which has no IPv4 address to be its router id, nor another by routerId`
        : "nothing in the cluster is of IPv6, so no bird6 is simulated";
      const [...having] = this.hosts.bird6;
      const want = this.ipv6 ? someOf(having) : "bird";
      const path = [this.ipv6 ? "target" : "daemon"];
      yield { code: "VALUE_UNKNOWN", message, path, got: this.ipv6 ? target : daemon, want };
    }
  }

  private runsBird6(target: string): boolean {
    const { nodes, unread = [] } = this.names;
    // One that is not there has its own finding.
    const there = nodes.isNode(nodes.id(target)) || this.hosts.joined.has(target);
    if (!there || unread.includes(target)) return this.ipv6;
    return this.ipv6 && this.hosts.bird6.has(target);
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

  private *link(between: readonly [string, string]): Generator<Fault> {
    const { joined } = this.hosts;
    const missing = endFaults(between, [...this.ends(), ...joined]);
    yield* missing;
    // Where a node that joins hangs from is known when it has.
    if (missing.length > 0 || between.some((end) => joined.has(end))) return;
    const links = this.names.fabric.links().map(({ from, to }) => [from, to] as const);
    const key = linkKey(between);
    if (!links.some((link) => linkKey(link) === key)) yield neighbourFault(between, links);
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
      if (resource.kind !== "Node") continue;
      const { name } = resource.metadata;
      for (const { message, ...parts } of this.node(name, ["resources", i, "metadata", "name"]))
        yield { ...parts, message: `${message}; a node joins by node-join` };
    }
  }
}
