import { parsePeerIP } from "@calico-sim/bgp";
import {
  type AddressFamily,
  type BGPPeer,
  type Cidr,
  cidrContains,
  type FabricSpec,
  formatAddress,
  formatCidr,
  hostCidr,
  nodeView,
  ofKind,
  parseAddress,
  parseCidr,
  type Resource,
  type Secret,
} from "@calico-sim/core";

/**
 * A BGP speaker outside the cluster: a top-of-rack switch, a border router, a route reflector. It is an ordinary BIRD
 * without Calico's filters and without add-path, which passes on what it learns as BGP has it.
 */
export interface ExternalRouter {
  /** Name in scenarios and reports; no node has it. */
  readonly name: string;
  /** Its address, the `peerIP` of BGPPeers: IPv4, or IPv6 where it has no other. */
  readonly ip: string;
  /**
   * Its IPv6 address beside an IPv4 one, for sessions that carry IPv6 routes. Nothing but the name and the power is common
   * to the two: each is a peer of the BIRDs of its family.
   */
  readonly ipv6?: string;
  readonly asNumber: number | string;
  /** What it originates, as CIDRs of a family that it has an address of, e.g. `0.0.0.0/0`. @defaultValue nothing */
  readonly prefixes?: readonly string[];
  /**
   * Names of the nodes and of the other external routers that are its neighbours; of two routers one is enough to name
   * the other. @defaultValue every node, also one that joins later
   */
  readonly peersWith?: readonly string[];
  /** It waits for its neighbours to connect, as with `bgp listen range`. @defaultValue true */
  readonly passive?: boolean;
  /** TCP MD5 key that it has for every node. @defaultValue none */
  readonly password?: string;
  /** Routers within which its neighbours must be, plus one (RFC 5082). @defaultValue no TTL security */
  readonly ttlSecurity?: number;
  /**
   * Whether its neighbours may be behind routers. `false`: one that is not on its link is never connected to.
   * @defaultValue only those that are not on its link
   */
  readonly multihop?: boolean;
  /** TCP port that it listens on. @defaultValue 179 */
  readonly listenPort?: number;
  /** AS that its neighbours must show. @defaultValue any */
  readonly neighborASNumber?: number | string;
  /**
   * It keeps forwarding while its BGP restarts, and says so, so that nodes keep its routes. Without, it only helps nodes
   * to restart. @defaultValue false, as BIRD, FRR and Arista EOS have it
   */
  readonly gracefulRestart?: boolean;
  /**
   * Hold time that it offers, in seconds: a session has the smaller one of both ends (RFC 4271 §4.2), and nodes offer 240.
   * From 3; 0 = no session with it ends for silence. @defaultValue 240, as BIRD
   */
  readonly holdSeconds?: number;
  /** Keepalive time, in seconds, whatever hold time is agreed. @defaultValue a third of that, as BIRD */
  readonly keepaliveSeconds?: number;
  /** After so many seconds an attempt to connect is made anew, where it opens. @defaultValue 5, as the nodes */
  readonly connectRetrySeconds?: number;
  /** So many seconds it waits before it connects, where it opens. @defaultValue 2, as the nodes */
  readonly connectDelaySeconds?: number;
  /** So long nodes keep its routes while its BGP restarts, in seconds (RFC 4724 §3). @defaultValue 120, as BIRD */
  readonly gracefulRestartSeconds?: number;
  /**
   * Its kernel has one route over the next hops of all equally good paths, at most 16, as with `maximum-paths`. What it
   * tells its neighbours is the best alone all the same. @defaultValue false, as BIRD
   */
  readonly ecmp?: boolean;
  /** It is a route reflector, with its neighbours of the same AS as clients. An address-like id, e.g. `1.0.0.1`. */
  readonly routeReflectorClusterID?: string;
  /** Rack or router of the underlay that it hangs from. @defaultValue the rack whose subnet has its address, else the core */
  readonly rack?: string;
}

/**
 * What is taken to stand at a `peerIP` that is no node's and that no {@link ExternalRouter} describes. `accept`: a router
 * that agrees to whatever the nodes ask for, waits, originates nothing and passes nothing on. `absent`: nobody, so that
 * every SYN goes unanswered.
 */
export type UndescribedPeers = "accept" | "absent";

/** The address that a router has in a family; undefined for none. */
export function addressIn(
  { ip, ipv6 }: Pick<ExternalRouter, "ip" | "ipv6">,
  family: AddressFamily,
): string | undefined {
  const addresses = [parseAddress(ip), ipv6 === undefined ? undefined : parseAddress(ipv6)];
  const own = addresses.find((address) => address?.family === family);
  return own && formatAddress(own);
}

/** What a router originates in a family. */
export function prefixesIn(
  { prefixes = [] }: Pick<ExternalRouter, "prefixes">,
  family: AddressFamily,
): readonly Cidr[] {
  return prefixes.flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr?.family === family ? [cidr] : [];
  });
}

const FAMILIES: readonly AddressFamily[] = [4, 6];

/** Namespace of calico-node in manifest installations. */
const SECRET_NAMESPACE = "kube-system";
const SECRET_KEY = "password";

/**
 * The BGPPeer of every external router that the resources have none for, and the Secret of its password: what an
 * operator would apply.
 */
export function peeringsWith(
  routers: readonly ExternalRouter[],
  given: readonly Resource[],
): readonly Resource[] {
  const asked = new Set(
    ofKind(given, "BGPPeer").flatMap(({ spec: { peerIP = "" } }) => {
      const address = parsePeerIP(peerIP)?.address;
      return address === undefined ? [] : [formatAddress(address)];
    }),
  );
  return routers.flatMap((router) => {
    const addresses = FAMILIES.flatMap((family) => addressIn(router, family) ?? []);
    const missing = addresses.filter((address) => !asked.has(address));
    const neighbours = nodeNeighbours(router, routers);
    if (missing.length === 0 || neighbours?.length === 0) return [];
    return peeringWith(router, missing, neighbours);
  });
}

/** The nodes that a router names as neighbours; undefined: all. */
export function nodeNeighbours(
  { peersWith }: Pick<ExternalRouter, "peersWith">,
  routers: readonly Pick<ExternalRouter, "name">[],
): readonly string[] | undefined {
  return peersWith?.filter((name) => !routers.some((router) => router.name === name));
}

/** Whether two routers are neighbours: one of them names the other. */
export function areNeighbours(
  a: Pick<ExternalRouter, "name" | "peersWith">,
  b: Pick<ExternalRouter, "name" | "peersWith">,
): boolean {
  return (a.peersWith?.includes(b.name) ?? false) || (b.peersWith?.includes(a.name) ?? false);
}

function peeringWith(
  router: ExternalRouter,
  addresses: readonly string[],
  neighbours: readonly string[] | undefined,
): readonly Resource[] {
  const { name, asNumber, password, ttlSecurity, listenPort } = router;
  const secretName = `bgp-${name}`;
  const names = neighbours?.map((node) => `'${node}'`).join(", ");
  const peers = addresses.map(
    (address, i): BGPPeer => ({
      apiVersion: "projectcalico.org/v3",
      kind: "BGPPeer",
      metadata: { name: i === 0 ? name : `${name}-ipv6` },
      spec: {
        peerIP: withPort(address, listenPort),
        asNumber,
        ...(names === undefined ? {} : { nodeSelector: `kubernetes.io/hostname in { ${names} }` }),
        ...(ttlSecurity === undefined ? {} : { ttlSecurity }),
        ...(password === undefined
          ? {}
          : { password: { secretKeyRef: { name: secretName, key: SECRET_KEY } } }),
      },
    }),
  );
  if (password === undefined) return peers;
  const secret: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: secretName, namespace: SECRET_NAMESPACE },
    stringData: { [SECRET_KEY]: password },
  };
  return [secret, ...peers];
}

function withPort(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return `${address.includes(":") ? `[${address}]` : address}:${String(port)}`;
}

/** What a router hangs in: the underlay, and the Nodes, of which alone IPv6 subnets are known. */
interface Ground {
  readonly fabric: FabricSpec;
  readonly resources: readonly Resource[];
}

/** Where a router hangs, and in which subnet: with the nodes that its address is among, else at the core. */
export function placeOf(
  { ip, ipv6 = ip, rack }: Pick<ExternalRouter, "ip" | "ipv6" | "rack">,
  { fabric, resources }: Ground,
): { readonly rack: string; readonly subnet: string } {
  // Among hosts without IPv4 its other address says where it is.
  const bare =
    fabric.racks.length > 0 && fabric.racks.every(({ subnet }) => subnet?.includes(":") === true);
  const address = parseAddress(bare ? ipv6 : ip);
  const holds = (text: string | undefined): boolean => {
    const cidr = text === undefined ? undefined : parseCidr(text);
    return cidr !== undefined && address !== undefined && cidrContains(cidr, address);
  };
  const own = fabric.racks.find(({ subnet }) => holds(subnet));
  const beside = fabric.nodes.find(({ subnet }) => holds(subnet)) ?? besideIn6();
  const subnet = own?.subnet ?? beside?.subnet ?? subnetOf(beside?.rack);
  const core = fabric.routers[0]?.name ?? fabric.racks[0]?.name ?? "";
  return {
    rack: rack ?? own?.name ?? beside?.rack ?? core,
    subnet: subnet ?? (address === undefined ? "" : formatCidr(hostCidr(address))),
  };

  /** The underlay names the IPv4 subnet of a link alone. */
  function besideIn6(): FabricSpec["nodes"][number] | undefined {
    if (address?.family !== 6) return undefined;
    const near = ofKind(resources, "Node").find((node) => holds(nodeView(node).ipv6Address));
    return fabric.nodes.find(({ name }) => name === near?.metadata.name);
  }

  function subnetOf(name: string | undefined): string | undefined {
    return fabric.racks.find((one) => one.name === name)?.subnet;
  }
}
