import {
  type Action,
  apply,
  at,
  blocks,
  fail,
  heal,
  nodes,
  pods,
  type Step,
} from "@calico-sim/cluster";
import {
  type Cidr,
  editResource,
  formatAddress,
  type IPPool,
  type Micros,
  nthAddress,
  parseCidr,
  SECOND,
} from "@calico-sim/core";
import type { Incident, IncidentKind } from "./incident.js";
import { type Encapsulation, modesOf } from "./pools.js";

/** What there is in a cluster for things to happen to. */
export interface Possibilities {
  readonly kinds: ReadonlySet<IncidentKind>;
  readonly nodes: readonly string[];
  /** Nodes that may leave for good. */
  readonly removable: readonly string[];
  readonly racks: readonly string[];
  readonly subnets: readonly string[];
  /** IPv6 subnets by IPv4 subnet; empty without IPv6. */
  readonly subnets6: ReadonlyMap<string, Cidr>;
  readonly links: readonly (readonly [string, string])[];
  readonly typhas: number;
  readonly routers: readonly string[];
  readonly pools: readonly IPPool[];
  readonly encapsulations: readonly Encapsulation[];
}

/** An incident with its target: what it takes hold of, and the steps. */
interface Plan {
  /** Two incidents of one name never overlap; the later one is left out. */
  readonly name: string;
  readonly begin: Action;
  /** Undefined: it is over by itself. */
  readonly end?: Action;
  /** Nothing happens to this name ever again. */
  readonly final?: boolean;
}

/** The steps of incidents, in the order of their times; what would fail twice at once is left out. */
export function carriedOut(
  incidents: readonly Incident[],
  possible: Possibilities,
  healed: boolean,
): Step[] {
  const steps: Step[] = [];
  const freeAt = new Map<string, Micros>();
  const ordered = [...incidents].sort((x, y) => x.at - y.at);
  ordered.forEach((incident, i) => {
    const plan = planOf(incident, possible, i);
    const end = incident.at + incident.lasts;
    if ((freeAt.get(plan.name) ?? 0) > incident.at) return;
    freeAt.set(plan.name, plan.final === true ? Number.POSITIVE_INFINITY : end + 1);
    steps.push(at(incident.at, plan.begin));
    if (plan.end !== undefined && (healed || plan.final === true)) steps.push(at(end, plan.end));
  });
  return steps;
}

function planOf(incident: Incident, possible: Possibilities, serial: number): Plan {
  const { kind, target, lasts, count } = incident;
  const pick = <T>(from: readonly T[]): T => from[target % from.length] as T;
  const node = pick(possible.nodes);
  switch (kind) {
    case "pods":
      return { name: `pods ${String(serial)}`, begin: pods.create(count, { over: lasts }) };
    case "churn": {
      const lifetime = Math.max(SECOND, Math.min(lasts, 30 * SECOND));
      return {
        name: "churn",
        begin: pods.churn({
          perSecond: 0.2 * count,
          lifetime,
          duration: Math.min(lasts, 30 * SECOND),
        }),
      };
    }
    case "block-add":
      return { name: `blocks ${node}`, begin: blocks.add(node, 1 + (count % 2)) };
    case "block-remove":
      return { name: `blocks ${node}`, begin: blocks.remove(node, 1 + (count % 2)) };
    case "kill": {
      const { daemon, signal } = incident;
      const options = { signal, restartAfter: lasts };
      return { name: `${daemon} of ${node}`, begin: fail.process(daemon, node, options) };
    }
    case "typha": {
      const typha = String(target % possible.typhas);
      const options = { signal: incident.signal, restartAfter: lasts };
      return { name: `typha ${typha}`, begin: fail.process("typha", typha, options) };
    }
    case "cut":
      return { name: `cable of ${node}`, begin: fail.cut(node), end: heal.cut(node) };
    case "crash":
      return { name: `power of ${node}`, begin: fail.node(node), end: heal.node(node) };
    case "link": {
      const [a, b] = pick(possible.links);
      return { name: `link ${a} ${b}`, begin: fail.link(a, b), end: heal.link(a, b) };
    }
    case "quality": {
      const [a, b] = pick(possible.links);
      // Every combination comes up: a link may be slow, jitter, be narrow and lose packets.
      const change = {
        latencyUs: (target % 7) * 100 * count,
        jitterUs: (target % 5) * 300,
        loss: (target % 4) * 0.05,
        ...(target % 3 === 0 ? { bandwidthMbps: count } : {}),
      };
      return { name: `link ${a} ${b}`, begin: fail.quality(a, b, change), end: heal.quality(a, b) };
    }
    case "rack": {
      const rack = pick(possible.racks);
      return { name: `rack ${rack}`, begin: fail.rack(rack), end: heal.rack(rack) };
    }
    case "router": {
      const router = pick(possible.routers);
      return { name: `power of ${router}`, begin: fail.router(router), end: heal.router(router) };
    }
    case "router-cut": {
      const router = pick(possible.routers);
      return { name: `cable of ${router}`, begin: fail.cut(router), end: heal.cut(router) };
    }
    case "router-process": {
      const router = pick(possible.routers);
      const options = { signal: incident.signal, restartAfter: lasts };
      return { name: `bird of ${router}`, begin: fail.process("bird", router, options) };
    }
    case "datastore":
      return { name: "datastore", begin: fail.datastore(), end: heal.datastore() };
    case "join": {
      const subnet = pick(possible.subnets);
      const name = `joiner-${String(serial)}`;
      const inV6 = (cidr: Cidr): string => `${formatAddress(nthAddress(cidr, 0xfff0 - serial))}/64`;
      const own = parseCidr(subnet);
      const address =
        own?.family === 6
          ? inV6(own)
          : subnet.replace(/\.\d+\/(\d+)$/, `.${String(250 - serial)}/$1`);
      const v6 = possible.subnets6.get(subnet);
      const ipv6Address = v6 && inV6(v6);
      return {
        name,
        begin: nodes.join({ name, address, ...(ipv6Address === undefined ? {} : { ipv6Address }) }),
      };
    }
    case "remove": {
      const gone = pick(possible.removable);
      return {
        name: `power of ${gone}`,
        begin: fail.node(gone),
        end: nodes.remove(gone),
        final: true,
      };
    }
    case "pool-mode": {
      const pool = pick(possible.pools);
      const changed = editResource<IPPool>(pool, (draft) => {
        Object.assign(draft.spec, modesOf(carriedBy(pool, incident.encapsulation)));
      });
      return { name: `pool ${pool.metadata.name}`, begin: apply(changed) };
    }
  }
}

/** IP-in-IP carries no IPv6: VXLAN in its place. */
function carriedBy({ spec }: IPPool, encapsulation: Encapsulation): Encapsulation {
  if (!spec.cidr.includes(":")) return encapsulation;
  if (encapsulation === "ipip") return "vxlan";
  return encapsulation === "ipip-cross-subnet" ? "vxlan-cross-subnet" : encapsulation;
}
