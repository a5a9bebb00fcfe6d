import {
  type Cidr,
  type Fabric,
  formatAddress,
  hostAddress,
  type Issue,
  type IssueParts,
  type Node,
  type NodeDirectory,
  nodeView,
  ofKind,
  parseCidr,
  writtenAddress,
} from "@calico-sim/core";
import { addressIn } from "./external-router.js";
import type { JoiningNode, Scenario } from "./scenario.js";
import type { ClusterSpec } from "./spec.js";

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
export type Fault = IssueParts<Issue["code"]>;

/** Who is there while a scenario goes on, and at which addresses. */
export class ScenarioHosts {
  /** Nodes that have joined. */
  readonly joined: Set<string> = new Set();
  /** Nodes on which a bird6 runs wherever any does: those with a router id. */
  readonly bird6: Set<string> = new Set();
  private readonly names: ScenarioNames;
  /** Address of each node and router → whose it is. */
  private readonly owners: Map<string, string> = new Map();

  constructor(names: ScenarioNames) {
    this.names = names;
    const { resources, externalRouters = [], detectIpv6 = false } = names.spec;
    for (const node of ofKind(resources, "Node")) this.note(node, detectIpv6);
    for (const router of externalRouters)
      for (const family of [4, 6] as const) {
        const address = addressIn(router, family);
        if (address !== undefined) this.owners.set(address, `external router ${router.name}`);
      }
  }

  /** What a Node object says. @param detects calico-node finds the IPv6 address that a kubelet reports. */
  note(node: Node, detects: boolean): void {
    const { name, ipv4Address, internalIP, ipv6Address, internalIPv6 } = nodeView(node);
    const v6 = ipv6Address ?? (detects ? internalIPv6 : undefined);
    for (const text of [ipv4Address ?? internalIP, v6]) this.own(text, name);
    this.noteBird6(name, ipv4Address ?? internalIP ?? "");
  }

  /** Without `CALICO_ROUTER_ID` a node's IPv4 address is its router id (node-behaviour §1.5). */
  private noteBird6(name: string, address: string): void {
    const { routerId = "" } = this.names.spec;
    if (routerId !== "" || hostAddress(address)?.family === 4) this.bird6.add(name);
  }

  private own(text: string | undefined, name: string): void {
    const address = hostAddress(text);
    if (address !== undefined) this.owners.set(formatAddress(address), `node ${name}`);
  }

  /** A node is there from now on. */
  join({ name, address, ipv6Address }: JoiningNode): void {
    this.joined.add(name);
    for (const text of [address, ipv6Address]) this.own(text, name);
    this.noteBird6(name, address);
  }

  /** A node's addresses are free again once its Node object is gone. */
  leave(name: string): void {
    for (const [address, owner] of this.owners)
      if (owner === `node ${name}`) this.owners.delete(address);
  }

  /** What is wrong with the name and the addresses that a node joins with. */
  *faults({ name, address, ipv6Address }: JoiningNode): Generator<Fault> {
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
    if (parseCidr(address)?.family !== 6) {
      yield* this.address(address, 4, "address");
      if (ipv6Address !== undefined) yield* this.address(ipv6Address, 6, "ipv6Address");
      return;
    }
    yield* this.address(address, 6, "address");
    if (ipv6Address === undefined) return;
    const message = `the node has the IPv6 address ${address} already`;
    const want = "an IPv4 address in address, or no ipv6Address";
    const path = ["node", "ipv6Address"];
    yield { code: "FIELDS_CONFLICT", message, path, got: ipv6Address, want };
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
}

/** The first and the last address of a subnet are nobody's, but in a /31 or /32 (RFC 3021). */
function isNoHost(cidr: Cidr): boolean {
  if (cidr.family !== 4 || cidr.length > 30) return false;
  const offset = cidr.address - cidr.value;
  return offset === 0 || offset === 2 ** (32 - cidr.length) - 1;
}
