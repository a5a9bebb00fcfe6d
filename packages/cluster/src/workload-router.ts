import {
  type AddressFamily,
  type FieldSchema,
  formatCidr,
  type Issue,
  issueAt,
  type ObjectSchema,
  parseAddress,
  parseASNumber,
  parseCidr,
} from "@calico-sim/core";
import { fieldIssues, withoutNulls } from "./check-fields.js";
import type { ExternalRouter } from "./external-router.js";

/**
 * A pod that speaks BGP with the node that it runs on: a virtual router, a load balancer, a virtual machine with networks of its
 * own. It is an ordinary BIRD, as an {@link ExternalRouter} is, and connects to `localWorkloadPeeringIPV4` (or `…IPV6`) of the
 * BGPConfiguration. Whether its node has it as peer is for a BGPPeer with a `localWorkloadSelector` to say.
 */
export interface WorkloadRouter {
  /** `namespace/name` of a pod: one of the resources, or one that the scenario creates. */
  readonly pod: string;
  /** Its AS: the `asNumber` of the BGPPeer that selects it. */
  readonly asNumber: number | string;
  /** What it originates, as CIDRs of a family that it has an address of. @defaultValue nothing */
  readonly prefixes?: readonly string[];
  /** As {@link ExternalRouter.holdSeconds}. @defaultValue 240 */
  readonly holdSeconds?: number;
  /** As {@link ExternalRouter.keepaliveSeconds}. @defaultValue a third of the agreed hold time */
  readonly keepaliveSeconds?: number;
}

/** A pod that speaks BGP, where it runs. */
export interface PlacedWorkload extends WorkloadRouter {
  /** Name of its node. */
  readonly node: string;
  /** What `localWorkloadSelector`s see. */
  readonly labels: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
}

const FIELDS: Readonly<Record<keyof WorkloadRouter, FieldSchema>> = {
  pod: { type: "string" },
  asNumber: { type: "integerOrText", format: "autonomousSystem" },
  prefixes: { type: "list", of: { type: "string", format: "cidr" } },
  holdSeconds: { type: "integer", min: 0, max: 65_535 },
  keepaliveSeconds: { type: "integer", min: 1, max: 65_535 },
};

const WORKLOAD: ObjectSchema = { type: "object", fields: FIELDS, required: ["pod", "asNumber"] };

const LIST = "workloadRouters";

/** What is wrong with what is said of pods that speak BGP. */
export function workloadIssues(workloads: unknown): readonly Issue[] {
  if (workloads === undefined || workloads === null) return [];
  if (!Array.isArray(workloads)) {
    const want = 'a list such as [{ pod: "default/bird", asNumber: 65010 }]';
    const message = `${LIST} is a list`;
    return [
      issueAt(undefined, { code: "TYPE_WRONG", message, path: [LIST], got: workloads, want }),
    ];
  }
  const fields = [...(workloads as readonly unknown[])].flatMap((one, i) =>
    fieldIssues(one, WORKLOAD, [LIST, i], "a pod that speaks BGP"),
  );
  if (fields.length > 0) return fields;
  const all = (workloads as readonly WorkloadRouter[]).map(withoutNulls);
  return all.flatMap((one, i) =>
    [...faultsOf(one, all.slice(0, i))].map((fault) => placed(i, fault)),
  );
}

interface Fault {
  readonly at: readonly [keyof WorkloadRouter, number?];
  readonly code: Issue["code"];
  readonly message: string;
  readonly want: string;
  readonly got: unknown;
}

function placed(i: number, { at: [field, index], ...fault }: Fault): Issue {
  const path = [LIST, i, field, ...(index === undefined ? [] : [index])];
  return issueAt(undefined, { ...fault, path });
}

function* faultsOf(
  { pod, asNumber, prefixes = [], holdSeconds }: WorkloadRouter,
  earlier: readonly WorkloadRouter[],
): Generator<Fault> {
  if (!/^[^/]+\/[^/]+$/.test(pod)) {
    const message = `${JSON.stringify(pod)} names no pod`;
    yield { at: ["pod"], code: "NAME_INVALID", message, want: "namespace/name", got: pod };
  }
  if (earlier.some((one) => one.pod === pod)) {
    const message = `the pod ${pod} is described twice`;
    yield { at: ["pod"], code: "NAME_INVALID", message, want: "each pod once", got: pod };
  }
  // 0 is reserved (RFC 7607).
  if (parseASNumber(asNumber) === 0) {
    const want = "an AS number from 1 to 4294967295";
    const message = "no router has AS 0";
    yield { at: ["asNumber"], code: "VALUE_OUT_OF_RANGE", message, want, got: asNumber };
  }
  // RFC 4271 §4.2: such an OPEN is refused.
  if (holdSeconds === 1 || holdSeconds === 2) {
    const message = "a hold time of 1 or 2 seconds is refused by every peer";
    const want = "0, or 3 to 65535";
    yield { at: ["holdSeconds"], code: "VALUE_OUT_OF_RANGE", message, want, got: holdSeconds };
  }
  for (const [i, prefix] of prefixes.entries()) {
    const cidr = parseCidr(prefix);
    if (cidr === undefined || cidr.value === cidr.address) continue;
    const message = `${JSON.stringify(prefix)} has bits set behind its prefix length`;
    const want = formatCidr(cidr);
    yield { at: ["prefixes", i], code: "CIDR_NOT_MASKED", message, want, got: prefix };
  }
}

/** A pod that speaks BGP as the router that it is to its node. */
export function asRouter({
  pod,
  node,
  addresses,
  labels: _,
  ...rest
}: PlacedWorkload): ExternalRouter {
  const [ip = "", ...more] = [4, 6].flatMap((family) =>
    addressOf(addresses, family as AddressFamily),
  );
  const [ipv6] = more;
  return {
    ...withoutNulls(rest),
    name: pod,
    ip,
    ...(ipv6 === undefined ? {} : { ipv6 }),
    peersWith: [node],
    passive: false,
  };
}

function addressOf(addresses: readonly string[], family: AddressFamily): readonly string[] {
  return addresses.filter((text) => parseAddress(text)?.family === family).slice(0, 1);
}
