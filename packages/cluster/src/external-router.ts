import {
  type BGPPeer,
  cidrContains,
  type FabricSpec,
  formatCidr,
  hostCidr,
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
  /** IPv4 address: the `peerIP` of BGPPeers. */
  readonly ip: string;
  readonly asNumber: number | string;
  /** What it originates, as IPv4 CIDRs, e.g. `0.0.0.0/0`. @defaultValue nothing */
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
  const asked = new Set(ofKind(given, "BGPPeer").map(({ spec }) => spec.peerIP?.split(":")[0]));
  return routers
    .filter(({ ip }) => !asked.has(ip))
    .flatMap((router) => peeringWith(router, nodeNeighbours(router, routers)));
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
  neighbours: readonly string[] | undefined,
): readonly Resource[] {
  if (neighbours?.length === 0) return [];
  const { name, ip, asNumber, password, ttlSecurity, listenPort } = router;
  const secretName = `bgp-${name}`;
  const names = neighbours?.map((node) => `'${node}'`).join(", ");
  const peer: BGPPeer = {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPPeer",
    metadata: { name },
    spec: {
      peerIP: listenPort === undefined ? ip : `${ip}:${String(listenPort)}`,
      asNumber,
      ...(names === undefined ? {} : { nodeSelector: `kubernetes.io/hostname in { ${names} }` }),
      ...(ttlSecurity === undefined ? {} : { ttlSecurity }),
      ...(password === undefined
        ? {}
        : { password: { secretKeyRef: { name: secretName, key: SECRET_KEY } } }),
    },
  };
  if (password === undefined) return [peer];
  const secret: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: secretName, namespace: SECRET_NAMESPACE },
    stringData: { [SECRET_KEY]: password },
  };
  return [secret, peer];
}

/** Where a router hangs, and in which subnet: with the nodes that its address is among, else at the core. */
export function placeOf(
  { ip, rack }: Pick<ExternalRouter, "ip" | "rack">,
  fabric: FabricSpec,
): { readonly rack: string; readonly subnet: string } {
  const address = parseAddress(ip);
  const holds = (subnet: string | undefined): boolean => {
    const cidr = subnet === undefined ? undefined : parseCidr(subnet);
    return cidr !== undefined && address !== undefined && cidrContains(cidr, address);
  };
  const own = fabric.racks.find(({ subnet }) => holds(subnet));
  const beside = fabric.nodes.find(({ subnet }) => holds(subnet));
  const subnet = own?.subnet ?? beside?.subnet;
  const core = fabric.routers[0]?.name ?? fabric.racks[0]?.name ?? "";
  return {
    rack: rack ?? own?.name ?? beside?.rack ?? core,
    subnet: subnet ?? (address === undefined ? "" : formatCidr(hostCidr(address))),
  };
}
