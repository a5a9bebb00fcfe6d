import {
  type BirdFile,
  type BirdFleet,
  bgpConfiguration,
  birdFiles,
  type ControlReply,
  formatSocket,
  formatTerminal,
  showProtocolAll,
  showProtocols,
  showRoute,
  showStatus,
} from "@calico-sim/bgp";
import {
  type ApiResource,
  type BirdAnswer,
  formatGetTable,
  formatIpamShow,
  formatIpamShowIP,
  formatNodeStatus,
  type GetOptions,
  type IpamShowOptions,
  type NodeStatusOptions,
  type NodeStatusRoute,
  type ProtocolPeer,
  scanProtocols,
  scanRoutes,
  TABLE_KINDS,
  toNodeStatusRoute,
  UnknownKindError,
} from "@calico-sim/calicoctl";
import {
  type Address,
  type AddressFamily,
  type KnownResource,
  parseAddress,
  RESOURCE_KINDS,
  type Resource,
} from "@calico-sim/core";
import type { Lifecycle } from "../lifecycle.js";
import type { ClusterParts } from "../parts.js";
import { nodeId } from "../scenario-check.js";
import { calicoNode } from "./calico-node-resource.js";
import { assignmentOf, ipamUsages } from "./ipam-usage.js";
import { type RouteReason, routeReason } from "./route-reason.js";

/** Options of {@link ClusterViews.calicoctlGet}. */
export type CalicoctlGetOptions = Pick<GetOptions, "wide" | "allNamespaces">;

/** Options of {@link ClusterViews.calicoctlIpamShow}. */
export interface IpamShowView extends IpamShowOptions {
  /** `--show-blocks`. @defaultValue false */
  readonly showBlocks?: boolean;
}

/** Kinds that calicoctl has a table for and that the datastore holds. */
const SHOWN_KINDS: readonly string[] = TABLE_KINDS.filter((kind) =>
  (RESOURCE_KINDS as readonly string[]).includes(kind),
);

/** BIRD's control sockets in calico-node (calico: node/pkg/status, calicoctl/calicoctl/commands/node/status.go). */
const CONTROL_SOCKETS = { 4: "/var/run/calico/bird.ctl", 6: "/var/run/calico/bird6.ctl" } as const;

/** What confd reads of the datastore (calico: node/filesystem/etc/calico/confd/conf.d/). */
export const CONFD_KINDS = [
  "Node",
  "IPPool",
  "BGPConfiguration",
  "BGPPeer",
  "BGPFilter",
  "BlockAffinity",
  "Secret",
  "Service",
  "EndpointSlice",
] as const;

/**
 * A cluster seen through the commands that people use on it, at any moment of a run. Looking changes nothing.
 *
 * Each method throws a {@link import("../scenario-error.js").ScenarioError} for a node that the cluster does not have.
 */
export class ClusterViews {
  private readonly parts: ClusterParts;
  private readonly lifecycle: Lifecycle;

  constructor(parts: ClusterParts, lifecycle: Lifecycle) {
    this.parts = parts;
    this.lifecycle = lifecycle;
  }

  // BIRD ----------------------------------------------------------------------------------------

  /** `birdcl show protocols` on a node; of IPv6 `birdcl6`. */
  showProtocols(node: string, family: AddressFamily = 4): string {
    const view = this.bird(family)?.view(this.id(node));
    return terminal(view && showProtocols(view, this.parts.confd.names(family)), family);
  }

  /**
   * `birdcl show protocols all NAME` on a node, of a BGP protocol such as `Mesh_10_0_0_5` or of `kernel1`; of IPv6 `birdcl6`. The block
   * "Route change stats" is there with the parameter `bird.routeStats`.
   */
  showProtocol(node: string, name: string, family: AddressFamily = 4): string {
    const bird = this.bird(family);
    const view = bird?.view(this.id(node));
    const names = this.parts.confd.names(family);
    return terminal(
      view &&
        showProtocolAll(
          view,
          names,
          name,
          (own, peer) => bird?.viewSession(own, peer),
          (own) => bird?.viewKernel(own),
        ),
      family,
    );
  }

  /**
   * `birdcl show route` on a node, or with `all` `show route all`. When a route came is known with the parameter
   * `bird.routeLog`; without it, the time is that of its session.
   */
  showRoute(
    node: string,
    { all = false, family = 4 }: { readonly all?: boolean; readonly family?: AddressFamily } = {},
  ): string {
    return terminal(this.routeReply(this.id(node), family, all), family);
  }

  /** The routes of a node's BIRD as Calico's status reporter reads them; empty where BIRD does not answer. */
  routes(node: string, family: AddressFamily = 4): readonly NodeStatusRoute[] {
    const reply = this.routeReply(this.id(node), family);
    return reply === undefined ? [] : scanRoutes(formatSocket(reply)).map(toNodeStatusRoute);
  }

  /** `birdcl show status` on a node; of IPv6 `birdcl6`. */
  showStatus(node: string, family: AddressFamily = 4): string {
    const id = this.id(node);
    const view = this.bird(family)?.view(id);
    return terminal(view && showStatus(view, this.parts.confd.names(family).routerId(id)), family);
  }

  /**
   * The files that confd of a node renders from the datastore as it is now (`/etc/calico/confd/config`), for IPv4 or
   * IPv6. They hold all that confd would write, BGPPeers and BGPFilters included, whether or not the simulated BIRD
   * acts on it; what BIRD runs with may be older by a render.
   */
  birdFiles(node: string, family: 4 | 6 = 4): readonly BirdFile[] {
    this.id(node);
    const { datastore, era, spec } = this.parts;
    const { secretNamespace = "kube-system" } = spec;
    const resources = CONFD_KINDS.flatMap((kind) => datastore.list(kind) as readonly Resource[]);
    const environment = spec.routerId === undefined ? {} : { CALICO_ROUTER_ID: spec.routerId };
    const localWorkloads = this.parts.confd.localWorkloads(this.id(node));
    const options = { node, family, era, secretNamespace, environment, localWorkloads };
    return birdFiles(bgpConfiguration(resources, options));
  }

  /** The peers of a node as Calico's tools read them from its BIRD of a family; empty where it does not answer. */
  peers(node: string, family: AddressFamily = 4): readonly ProtocolPeer[] {
    const answer = this.answer(this.id(node), family);
    return answer.state === "answers"
      ? scanProtocols(answer.protocols, family === 4 ? "." : ":")
      : [];
  }

  // Kernel --------------------------------------------------------------------------------------

  /**
   * Why a node sends packets for an address the way it does: the route in its kernel, who wrote it, what BIRD has for
   * the same prefix, since when, and what that replaced. `undefined` when it has no route.
   *
   * @throws RangeError for a text that is no address.
   */
  whyRoute(node: string, ip: string): RouteReason | undefined {
    return routeReason(this.parts, this.id(node), addressOf(ip));
  }

  // calicoctl -----------------------------------------------------------------------------------

  /**
   * `calicoctl node status` on a node. In a cluster without IPv6 the BIRD of IPv6 is not simulated: it is taken to run,
   * without a peer, where the one of IPv4 is kept running.
   */
  calicoctlNodeStatus(node: string, options: NodeStatusOptions = {}): string {
    const id = this.id(node);
    return formatNodeStatus(
      {
        felixRuns: this.parts.felix.isRunning(id),
        birdV4: this.answer(id, 4),
        birdV6:
          this.parts.bird6 === undefined && this.lifecycle.keepsBird(id)
            ? { state: "answers", protocols: formatSocket([]) }
            : this.answer(id, 6),
      },
      options,
    );
  }

  /**
   * `calicoctl get KIND`, in the order of the datastore.
   *
   * @throws UnknownKindError for a kind that calicoctl has no table for, or that is not simulated.
   */
  calicoctlGet(kind: KnownResource["kind"], options: CalicoctlGetOptions = {}): string {
    const { datastore } = this.parts;
    if (!SHOWN_KINDS.includes(kind)) throw new UnknownKindError(kind, SHOWN_KINDS);
    const resources =
      kind === "Node"
        ? datastore.list("Node").map(calicoNode)
        : (datastore.list(kind) as readonly ApiResource[]);
    const bgpConfiguration = datastore.get("BGPConfiguration", "default");
    return formatGetTable(resources, {
      ...options,
      ...(bgpConfiguration === undefined ? {} : { bgpConfiguration }),
    });
  }

  /** `calicoctl ipam show`, with `--show-blocks` if asked. */
  calicoctlIpamShow(options: IpamShowView = {}): string {
    const { datastore } = this.parts;
    const { showBlocks = false, ...look } = options;
    const content = {
      pools: datastore.list("IPPool"),
      blocks: datastore.list("IPAMBlock"),
      reservations: datastore.list("IPReservation"),
    };
    return `${formatIpamShow(ipamUsages(content, showBlocks), look)}\n`;
  }

  /**
   * `calicoctl ipam show --ip=A`.
   *
   * @throws RangeError for a text that is no address.
   */
  calicoctlIpamShowIP(ip: string): string {
    const address = addressOf(ip);
    const blocks = this.parts.datastore.list("IPAMBlock");
    return formatIpamShowIP(ip, assignmentOf(blocks, address));
  }

  private bird(family: AddressFamily): BirdFleet | undefined {
    return family === 4 ? this.parts.bird : this.parts.bird6;
  }

  private routeReply(id: number, family: AddressFamily, all = false): ControlReply | undefined {
    const { confd, prefixes } = this.parts;
    const bird = this.bird(family);
    const view = bird?.view(id);
    return view && showRoute(view, bird?.viewRoutes(id) ?? [], confd.names(family), prefixes, all);
  }

  private answer(id: number, family: AddressFamily): BirdAnswer {
    const bird = this.bird(family);
    if (bird?.hasProcess(id) !== true) return { state: "absent" };
    const view = bird.view(id);
    if (view === undefined) {
      const error = `dial unix ${CONTROL_SOCKETS[family]}: connect: connection refused`;
      return { state: "unreachable", error };
    }
    const names = this.parts.confd.names(family);
    return { state: "answers", protocols: formatSocket(showProtocols(view, names)) };
  }

  private id(node: string): number {
    return nodeId(this.parts.nodes, node);
  }
}

/** What birdcl prints, a daemon that does not run included (bird: client/client.c). */
function terminal(reply: ControlReply | undefined, family: AddressFamily): string {
  return reply === undefined
    ? `Unable to connect to server control socket (${CONTROL_SOCKETS[family]}): Connection refused\n`
    : formatTerminal(reply);
}

function addressOf(ip: string): Address {
  const address = parseAddress(ip);
  if (address === undefined) throw new RangeError(`"${ip}" is no IP address`);
  return address;
}
