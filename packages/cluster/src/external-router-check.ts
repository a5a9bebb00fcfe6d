import {
  type Address,
  addressEquals,
  didYouMean,
  type FabricSpec,
  type FieldSchema,
  formatCidr,
  hostAddress,
  type Issue,
  type IssueCode,
  isRecord,
  issueAt,
  nodeView,
  type ObjectSchema,
  ofKind,
  parseAddress,
  parseASNumber,
  parseCidr,
  type Resource,
} from "@calico-sim/core";
import { fieldIssues, withoutNulls } from "./check-fields.js";
import type { ExternalRouter } from "./external-router.js";

const text: FieldSchema = { type: "string" };
const asNumber: FieldSchema = { type: "integerOrText", format: "autonomousSystem" };

const FIELDS: Readonly<Record<keyof ExternalRouter, FieldSchema>> = {
  name: text,
  ip: { type: "string", format: "address" },
  ipv6: { type: "string", format: "ipv6Address" },
  asNumber,
  prefixes: { type: "list", of: { type: "string", format: "cidr" } },
  peersWith: { type: "list", of: text },
  passive: { type: "boolean" },
  password: text,
  ttlSecurity: { type: "integer", min: 1, max: 255 },
  multihop: { type: "boolean" },
  listenPort: { type: "integer", min: 1, max: 65_535 },
  neighborASNumber: asNumber,
  gracefulRestart: { type: "boolean" },
  // 16 bits of the OPEN (RFC 4271 §4.2); BIRD checks none of these.
  holdSeconds: { type: "integer", min: 0, max: 65_535 },
  keepaliveSeconds: { type: "integer", min: 1, max: 65_535 },
  connectRetrySeconds: { type: "integer", min: 1, max: 65_535 },
  connectDelaySeconds: { type: "integer", min: 1, max: 65_535 },
  // 12 bits of the capability (RFC 4724 §3).
  gracefulRestartSeconds: { type: "integer", min: 0, max: 4095 },
  ecmp: { type: "boolean" },
  routeReflectorClusterID: { type: "string", format: "ipv4Address" },
  rack: text,
};

const ROUTER: ObjectSchema = {
  type: "object",
  fields: FIELDS,
  required: ["name", "ip", "asNumber"],
};

/** The list in a description, and in the file that holds one. */
const LIST = "externalRouters";

/** What is wrong with the fields of routers, each for itself. */
export function routerFieldIssues(routers: unknown): readonly Issue[] {
  if (routers === undefined || routers === null) return [];
  if (!Array.isArray(routers)) {
    const want = 'a list such as [{ name: "tor-a", ip: "10.0.0.254", asNumber: 65001 }]';
    const message = `${LIST} is a list`;
    return [issueAt(undefined, { code: "TYPE_WRONG", message, path: [LIST], got: routers, want })];
  }
  return [...(routers as readonly unknown[])].flatMap((router, i) =>
    fieldIssues(router, ROUTER, [LIST, i], "an external router"),
  );
}

/** What routers may refer to, and must keep clear of. */
interface Surroundings {
  readonly nodes: readonly { readonly name: string; readonly addresses: readonly Address[] }[];
  readonly switches: readonly string[];
  readonly routers: readonly Partial<ExternalRouter>[];
}

/** Something wrong with a field of a router. */
interface Fault {
  readonly at: readonly [keyof ExternalRouter, number?];
  readonly code?: IssueCode;
  readonly message: string;
  readonly want: string;
}

/** Everything that is wrong with what is said of routers: their fields, and how they fit the cluster. */
export function routerIssues(
  routers: readonly ExternalRouter[],
  resources: readonly Resource[],
  fabric: FabricSpec,
): readonly Issue[] {
  const ofFields = routerFieldIssues(routers);
  if (!Array.isArray(routers)) return ofFields;
  const sound = (Array.from(routers) as readonly unknown[]).map((router, i) =>
    soundFields(router, i, ofFields),
  );
  const around: Surroundings = {
    nodes: ofKind(resources, "Node").map((node) => {
      const { name, ipv4Address, internalIP, ipv6Address, internalIPv6 } = nodeView(node);
      const own = [ipv4Address ?? internalIP, ipv6Address ?? internalIPv6].map(hostAddress);
      return { name, addresses: own.filter((address) => address !== undefined) };
    }),
    switches: [...fabric.racks, ...fabric.routers].map(({ name }) => name),
    routers: sound,
  };
  const found = sound.flatMap((router, i) => {
    const faults = [
      ...identityFaults(router, sound.slice(0, i), around),
      ...neighbourFaults(router, around),
      ...optionFaults(router),
    ];
    return faults.map(({ at: [field, index], code = "VALUE_UNKNOWN", message, want }) => {
      const value: unknown = router[field];
      const got: unknown = index === undefined || !Array.isArray(value) ? value : value[index];
      const path = [LIST, i, field, ...(index === undefined ? [] : [index])];
      return issueAt(undefined, { code, message, path, got, want });
    });
  });
  return [...ofFields, ...found];
}

/** Routers whose fields can be read; none where some cannot, which is an error before long. */
export function soundRouters(routers: readonly ExternalRouter[] = []): readonly ExternalRouter[] {
  return routerFieldIssues(routers).length > 0 ? [] : (routers ?? []).map(withoutNulls);
}

/** The fields of a router that can be looked at further: without nulls, and without those that are wrong by themselves. */
function soundFields(
  router: unknown,
  i: number,
  issues: readonly Issue[],
): Partial<ExternalRouter> {
  if (!isRecord(router)) return {};
  const wrong = new Set(issues.filter(({ path }) => path?.[1] === i).map(({ path }) => path?.[2]));
  const given = Object.entries(withoutNulls(router));
  return Object.fromEntries(given.filter(([field]) => !wrong.has(field)));
}

function* identityFaults(
  { name, ip, ipv6, asNumber: as, neighborASNumber: neighborAS }: Partial<ExternalRouter>,
  earlier: readonly Partial<ExternalRouter>[],
  { nodes, switches }: Surroundings,
): Generator<Fault> {
  const names = [...nodes.map((one) => one.name), ...earlier.map((one) => one.name), ...switches];
  if (name !== undefined && names.includes(name)) {
    const message = `${JSON.stringify(name)} is taken; nodes, racks and routers share one set of names`;
    yield { at: ["name"], code: "NAME_INVALID", message, want: "a name of its own" };
  }
  for (const [field, value] of [
    ["asNumber", as],
    ["neighborASNumber", neighborAS],
  ] as const) {
    // 0 is reserved (RFC 7607).
    if (value === undefined || parseASNumber(value) !== 0) continue;
    const want = "an AS number from 1 to 4294967295";
    yield { at: [field], code: "VALUE_OUT_OF_RANGE", message: "no router has AS 0", want };
  }
  for (const [field, given] of [
    ["ip", ip],
    ["ipv6", ipv6],
  ] as const) {
    const address = given === undefined ? undefined : parseAddress(given);
    if (given === undefined) continue;
    const want = "an address of its own";
    if (address === undefined) {
      yield { at: [field], code: "ADDRESS_INVALID", message: `it is empty`, want };
      continue;
    }
    const owner = nodes.find((one) => one.addresses.some((own) => addressEquals(own, address)));
    if (owner !== undefined)
      yield { at: [field], message: `${given} is the address of node ${owner.name}`, want };
    const other = earlier.find((one) =>
      addressesOf(one).some((taken) => addressEquals(taken, address)),
    );
    if (other !== undefined)
      yield { at: [field], message: `${given} is the address of ${String(other.name)} too`, want };
  }
  if (ipv6 === undefined || ip === undefined || parseAddress(ip)?.family !== 6) return;
  const message = `${ip} is an IPv6 address already`;
  const want = "an IPv4 address in ip, or no ipv6";
  yield { at: ["ipv6"], code: "FIELDS_CONFLICT", message, want };
}

function addressesOf({ ip, ipv6 }: Partial<ExternalRouter>): readonly Address[] {
  return [ip, ipv6].flatMap((text) => (text === undefined ? [] : (parseAddress(text) ?? [])));
}

function* neighbourFaults(
  { name, ip, ipv6, peersWith = [], prefixes = [], rack }: Partial<ExternalRouter>,
  { nodes, switches, routers }: Surroundings,
): Generator<Fault> {
  for (const [i, prefix] of prefixes.entries()) {
    const cidr = parseCidr(prefix);
    if (cidr === undefined) continue;
    const own = addressesOf({ ...(ip && { ip }), ...(ipv6 && { ipv6 }) });
    if (own.length > 0 && own.every(({ family }) => family !== cidr.family)) {
      const message = `${prefix} is of IPv${String(cidr.family)}, of which the router has no address`;
      const want = cidr.family === 6 ? "a field ipv6 too" : "an IPv4 address in ip";
      yield { at: ["prefixes", i], code: "FIELDS_CONFLICT", message, want };
    }
    if (cidr.value === cidr.address) continue;
    const message = `${JSON.stringify(prefix)} has bits set behind its prefix length`;
    yield { at: ["prefixes", i], code: "CIDR_NOT_MASKED", message, want: formatCidr(cidr) };
  }
  const peers = [...nodes, ...routers].flatMap((one) =>
    one.name === undefined || one.name === name ? [] : [one.name],
  );
  for (const [i, peer] of peersWith.entries()) {
    if (peers.includes(peer)) continue;
    const message = `there is no node or other external router ${JSON.stringify(peer)}${didYouMean(peer, peers)}`;
    yield { at: ["peersWith", i], message, want: someOf(peers) };
  }
  if (rack !== undefined && !switches.includes(rack)) {
    const message = `the underlay has no rack or router ${JSON.stringify(rack)}${didYouMean(rack, switches)}`;
    yield { at: ["rack"], message, want: someOf(switches) };
  }
}

function* optionFaults({
  ttlSecurity: hops,
  multihop,
  holdSeconds: hold,
  gracefulRestart,
  gracefulRestartSeconds,
}: Partial<ExternalRouter>): Generator<Fault> {
  if (hold === 1 || hold === 2) {
    // RFC 4271 §4.2: such an OPEN is refused.
    const message = "a hold time of 1 or 2 seconds is refused by every peer";
    yield { at: ["holdSeconds"], code: "VALUE_OUT_OF_RANGE", message, want: "0, or 3 to 65535" };
  }
  if (gracefulRestartSeconds !== undefined && gracefulRestart !== true) {
    const message = "nobody keeps its routes: gracefulRestart is not true";
    const want = "gracefulRestart true, or no gracefulRestartSeconds";
    yield { at: ["gracefulRestartSeconds"], code: "FIELDS_CONFLICT", message, want };
  }
  if (hops === undefined || hops <= 1 || multihop !== false) return;
  yield {
    at: ["ttlSecurity"],
    code: "FIELDS_CONFLICT",
    message: "more than 1 needs neighbours that may be behind routers: multihop is false",
    want: "1, or multihop true",
  };
}

/** Names in words: all of a few, else the first and the last. */
export function someOf(names: readonly string[]): string {
  if (names.length === 0) return "none";
  return names.length <= 8
    ? names.join(", ")
    : `one of ${String(names.length)}, from ${names[0] ?? ""} to ${names.at(-1) ?? ""}`;
}
