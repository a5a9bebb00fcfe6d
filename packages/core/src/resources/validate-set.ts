import { type Cidr, cidrContains, compareCidrs, formatAddress, parseCidr } from "../net/index.js";
import { type IPPool, ofKind } from "./calico.js";
import { type Issue, issueAt, type PathSegment, referenceOf } from "./issue.js";
import type { Node } from "./kubernetes.js";
import { hostAddress, NODE_ANNOTATIONS, nodeView } from "./node-view.js";
import { isCalicoApi, keyOf, type Resource } from "./resource.js";

/** A finding about two resources: `index` is the one to look at, `other` the one it clashes with. */
export interface SetIssue extends Issue {
  /** Position in the list that was checked. */
  readonly index: number;
  readonly other: number;
}

/**
 * Finds what only shows when resources stand together: the same object twice, pools that overlap
 * (lint L19), two nodes with one address (lint L51).
 *
 * Of the two the later one carries the finding. Unreadable values are left to `validate`.
 */
export function validateSet(resources: readonly Resource[]): readonly SetIssue[] {
  const issues: SetIssue[] = [];
  findDuplicates(resources, issues);
  findOverlaps(resources, issues);
  findSharedAddresses(resources, issues);
  return issues;
}

function findDuplicates(resources: readonly Resource[], issues: SetIssue[]): void {
  const seen = new Map<string, number>();
  resources.forEach((resource, index) => {
    // The two spellings of Calico's API are one object; a Kubernetes Node and a Calico Node are two.
    const key = `${isCalicoApi(resource.apiVersion) ? "calico" : "kubernetes"}/${keyOf(resource)}`;
    const other = seen.get(key);
    if (other === undefined) {
      seen.set(key, index);
      return;
    }
    issues.push({
      ...issueAt(referenceOf(resource), {
        code: "RESOURCE_DUPLICATE",
        message: `${resource.kind} ${JSON.stringify(resource.metadata.name)} is defined more than once`,
        path: ["metadata", "name"],
        got: resource.metadata.name,
        want: "one definition",
      }),
      index,
      other,
    });
  });
}

function findOverlaps(resources: readonly Resource[], issues: SetIssue[]): void {
  const pools: { readonly cidr: Cidr; readonly index: number; readonly pool: IPPool }[] = [];
  resources.forEach((resource, index) => {
    const [pool] = ofKind([resource], "IPPool");
    const written: unknown = pool?.spec?.cidr;
    const cidr = typeof written === "string" ? parseCidr(written) : undefined;
    if (pool !== undefined && cidr !== undefined) pools.push({ cidr, index, pool });
  });
  // Prefixes nest or are disjoint, so in address order each can only lie in the last widest one.
  pools.sort((a, b) => compareCidrs(a.cidr, b.cidr) || a.index - b.index);
  let widest = pools[0];
  for (const next of pools.slice(1)) {
    if (widest === undefined || !cidrContains(widest.cidr, next.cidr)) {
      widest = next;
      continue;
    }
    if (keyOf(widest.pool) === keyOf(next.pool)) continue;
    const [late, early] = next.index > widest.index ? [next, widest] : [widest, next];
    issues.push({
      ...issueAt(referenceOf(late.pool), {
        code: "POOL_OVERLAP",
        rule: "L19",
        message: `${late.pool.spec.cidr} overlaps pool ${JSON.stringify(early.pool.metadata.name)} (${early.pool.spec.cidr})`,
        path: ["spec", "cidr"],
        got: late.pool.spec.cidr,
        want: `a range outside ${early.pool.spec.cidr}`,
      }),
      index: late.index,
      other: early.index,
    });
  }
}

/** The addresses that must be one node's alone, and where each API writes them. */
const NODE_ADDRESSES = [
  { field: "ipv4Address", calico: ["spec", "bgp", "ipv4Address"] },
  { field: "ipv6Address", calico: ["spec", "bgp", "ipv6Address"] },
  { field: "ipv4IPIPTunnelAddr", calico: ["spec", "bgp", "ipv4IPIPTunnelAddr"] },
  { field: "ipv4VXLANTunnelAddr", calico: ["spec", "ipv4VXLANTunnelAddr"] },
  { field: "ipv6VXLANTunnelAddr", calico: ["spec", "ipv6VXLANTunnelAddr"] },
] as const;

/** The first node seen with an address, and the last other one it was reported for. */
interface Holder {
  readonly name: string;
  readonly index: number;
  reportedFor?: number;
}

function findSharedAddresses(resources: readonly Resource[], issues: SetIssue[]): void {
  const holders = new Map<string, Holder>();
  resources.forEach((resource, index) => {
    if (resource.kind !== "Node") return;
    const node = resource as Node;
    const view = nodeView(node);
    for (const { field, calico } of NODE_ADDRESSES) {
      const value: unknown = view[field];
      const address = typeof value === "string" ? hostAddress(value) : undefined;
      if (address === undefined) continue;
      const kubernetesPath: PathSegment[] = ["metadata", "annotations", NODE_ANNOTATIONS[field]];
      claim(
        holders,
        formatAddress(address),
        node,
        index,
        node.apiVersion === "v1" ? kubernetesPath : calico,
        issues,
      );
    }
    const internal = hostAddress(view.internalIP);
    if (internal !== undefined) {
      claim(holders, formatAddress(internal), node, index, ["status", "addresses"], issues);
    }
  });
}

function claim(
  holders: Map<string, Holder>,
  address: string,
  node: Node,
  index: number,
  path: readonly PathSegment[],
  issues: SetIssue[],
): void {
  const { name } = node.metadata;
  const holder = holders.get(address);
  if (holder === undefined) {
    holders.set(address, { name, index });
    return;
  }
  // A node's own addresses may coincide (its BGP address is usually its internal one).
  if (holder.name === name) return;
  if (holder.reportedFor === index) return;
  holder.reportedFor = index;
  issues.push({
    ...issueAt(referenceOf(node), {
      code: "NODE_ADDRESS_DUPLICATE",
      rule: "L51",
      message: `address ${address} is node ${JSON.stringify(holder.name)}'s already`,
      path,
      got: address,
      want: "an address of its own",
    }),
    index,
    other: holder.index,
  });
}
