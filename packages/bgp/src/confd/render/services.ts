import {
  type Address,
  type AddressFamily,
  type Cidr,
  cidrContains,
  formatCidr,
  hostCidr,
  isHostCidr,
  parseAddress,
  parseCidr,
} from "@calico-sim/core";
import type { BgpNode, ConfdInputs } from "./inputs.js";
import type { EndpointSlice, Endpoints, Service } from "./kubernetes.js";
import { compareText } from "./text.js";

/** What service advertisement adds on one node, as sorted text. */
export interface ServiceRoutes {
  /** Advertised: ranges and single addresses. */
  readonly routes: readonly string[];
  /** Kept out of the kernel, here and where the node does not advertise. */
  readonly reject: readonly string[];
  /** External and load balancer ranges, which reflectors pass on. */
  readonly reflected: readonly string[];
}

/** A node with this label set to `true` advertises no services. */
const EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";

const ADVERTISED_TYPES: readonly string[] = ["ClusterIP", "NodePort", "LoadBalancer"];

interface Ranges {
  readonly cluster: readonly Cidr[];
  readonly external: readonly Cidr[];
  readonly loadBalancer: readonly Cidr[];
}

/**
 * Service advertisement (node-behaviour §1.10; calico: confd/pkg/backends/calico/client.go:1454-1617,
 * routes.go): every node advertises the ranges wider than one address; single addresses come from
 * nodes with an endpoint, or from all nodes for what no range covers.
 */
export function serviceRoutes(
  inputs: ConfdInputs,
  node: BgpNode | undefined,
  family: AddressFamily,
  environment: Readonly<Record<string, string>> = {},
): ServiceRoutes {
  const ranges = readRanges(inputs, family, environment);
  const aggregates = inputs.global.serviceLoadBalancerAggregation !== "Disabled";
  const { cluster, external, loadBalancer } = ranges;
  const wide = (cidrs: readonly Cidr[]): readonly Cidr[] => cidrs.filter((c) => !isHostCidr(c));
  const advertised = wide([...cluster, ...external, ...(aggregates ? loadBalancer : [])]);
  const excluded = node?.labels[EXCLUDE_LABEL] === "true";
  const single =
    node === undefined || excluded
      ? []
      : inputs.services.flatMap((s) => addresses(inputs, s, node.name, ranges, aggregates));
  return {
    routes: excluded ? [] : texts([...advertised, ...single.map(hostCidr)]),
    reject: texts(wide([...cluster, ...external, ...loadBalancer])),
    reflected: texts([...external, ...loadBalancer]),
  };
}

function readRanges(
  inputs: ConfdInputs,
  family: AddressFamily,
  environment: Readonly<Record<string, string>>,
): Ranges {
  const { serviceClusterIPs, serviceExternalIPs, serviceLoadBalancerIPs } = inputs.global;
  const read = (list: readonly (string | undefined)[]): readonly Cidr[] =>
    list.flatMap((text) => {
      const cidr = parseCidr(text?.trim() ?? "");
      return cidr?.family === family ? [cidr] : [];
    });
  // A range may be an empty entry of its list.
  const cidrs = (list: readonly ({ readonly cidr?: string } | null)[] = []) =>
    list.map((range) => range?.cidr);
  // The variable takes the place of the resource's cluster ranges.
  const override = environment["CALICO_ADVERTISE_CLUSTER_IPS"];
  return {
    cluster: read(override ? override.split(",") : cidrs(serviceClusterIPs)),
    external: read(cidrs(serviceExternalIPs)),
    loadBalancer: read(cidrs(serviceLoadBalancerIPs)),
  };
}

/** The addresses of a service that a node advertises one by one. */
function addresses(
  inputs: ConfdInputs,
  service: Service,
  node: string,
  ranges: Ranges,
  aggregates: boolean,
): readonly Address[] {
  const { spec = {}, status } = service;
  const { clusterIP = "" } = spec;
  if (!ADVERTISED_TYPES.includes(spec.type ?? "ClusterIP")) return [];
  if (clusterIP === "" || clusterIP === "None") return [];
  const ready = endpointsOf(inputs, service);
  const chosen = (
    list: readonly (string | undefined)[],
    within: readonly Cidr[],
    always: boolean,
  ): readonly Address[] =>
    list.flatMap((text) => {
      const address = parseAddress(text ?? "");
      if (address === undefined) return [];
      const range = within.find((cidr) => cidrContains(cidr, address));
      if (range === undefined) return [];
      const local = spec.externalTrafficPolicy === "Local";
      if (!local && !always && !isHostCidr(range)) return [];
      const place = placeOf(address.family, local ? node : "");
      return ready.some((places) => places.has(place)) ? [address] : [];
    });
  const ingress = spec.type === "LoadBalancer" ? (status?.loadBalancer?.ingress ?? []) : [];
  return [
    ...chosen(spec.clusterIPs ?? [clusterIP], ranges.cluster, false),
    ...chosen(spec.externalIPs ?? [], ranges.external, false),
    ...chosen(
      ingress.map(({ ip }) => ip),
      ranges.loadBalancer,
      !aggregates,
    ),
  ];
}

/** Where the ready endpoints of an object are: families, and families with a node. */
type Places = ReadonlySet<string>;

/** Every node's confd asks for the same objects, which are never changed. */
const read = new WeakMap<EndpointSlice | Endpoints, Places>();

/** Where the ready endpoints of a service are: by its slices, or by the older Endpoints where no slice has one. */
function endpointsOf(inputs: ConfdInputs, service: Service): readonly Places[] {
  const { name, namespace } = service.metadata;
  const slices: Places[] = [];
  const older: Places[] = [];
  for (const object of inputs.endpoints) {
    const { metadata, kind } = object;
    if (metadata.namespace !== namespace) continue;
    if (kind === "Endpoints") {
      if (metadata.name === name) older.push(placesOf(object));
    } else if (metadata.labels?.["kubernetes.io/service-name"] === name)
      slices.push(placesOf(object));
  }
  return slices.some((places) => places.size > 0) ? slices : older;
}

function placesOf(object: EndpointSlice | Endpoints): Places {
  let places = read.get(object);
  if (places === undefined) read.set(object, (places = readPlaces(object)));
  return places;
}

function readPlaces(object: EndpointSlice | Endpoints): Places {
  const places = new Set<string>();
  const add = (text: string, node: string | undefined): void => {
    const address = parseAddress(text);
    if (address === undefined) return;
    places.add(placeOf(address.family));
    if (node !== undefined) places.add(placeOf(address.family, node));
  };
  if (object.kind === "Endpoints") {
    for (const { ip, nodeName } of (object.subsets ?? []).flatMap((s) => s.addresses ?? []))
      add(ip, nodeName);
  } else {
    for (const { addresses: texts = [], nodeName, conditions } of object.endpoints ?? [])
      if (conditions?.ready !== false) for (const text of texts) add(text, nodeName);
  }
  return places;
}

function placeOf(family: AddressFamily, node = ""): string {
  return `${String(family)} ${node}`;
}

function texts(cidrs: readonly Cidr[]): readonly string[] {
  return [...new Set(cidrs.map(formatCidr))].sort(compareText);
}
