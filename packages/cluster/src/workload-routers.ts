import type { BirdPeer, LocalEndpoint, LocalEndpoints, PeerConfig } from "@calico-sim/bgp";
import type { AddressFamily, Datastore } from "@calico-sim/core";
import { workloadInterfaceName } from "@calico-sim/felix";
import { ExternalRouters, type Running, type Surroundings } from "./external-routers.js";
import { asRouter, type WorkloadRouter } from "./workload-router.js";

/**
 * Routers outside, and pods that speak BGP with their node. Such a pod runs as long as its node has a route to it; its
 * container ends before its interface does, so that the node sees the connection closed. It knows the node by the address
 * that BGPConfiguration names for the purpose, and has nobody to connect to without.
 */
export class WorkloadRouters extends ExternalRouters {
  private readonly datastore: Datastore;
  /** What is said of pods, by the interface of each. */
  private readonly said: Map<string, WorkloadRouter> = new Map();
  private readonly byDevice: Map<string, Running> = new Map();
  /** Pods that lost power with their node. */
  private readonly crashed: Set<number> = new Set();
  private endpoints: LocalEndpoints | undefined;

  constructor(around: Surroundings, datastore: Datastore) {
    super(around);
    this.datastore = datastore;
    for (const one of around.spec.workloadRouters ?? []) {
      const [namespace = "", name = ""] = one.pod.split("/");
      this.said.set(workloadInterfaceName(namespace, name), one);
    }
  }

  /** Where pods are found that nothing describes. */
  setLocalEndpoints(endpoints: LocalEndpoints): void {
    this.endpoints = endpoints;
  }

  /** Whether anybody needs to hear of the pod behind an interface. */
  concerns(device: string): boolean {
    return this.said.has(device) || this.byDevice.has(device);
  }

  /** See {@link ExternalRouters.idOf}. */
  override idOf(node: number, peer: BirdPeer): number {
    if (peer.type !== "local-workload") return super.idOf(node, peer);
    const endpoint = this.endpoints?.of(node).find((one) => one.addresses.includes(peer.address));
    const known =
      endpoint === undefined
        ? this.byAddress.get(peer.address)
        : (this.byName.get(endpoint.pod) ??
          this.run(node, endpoint, { pod: endpoint.pod, asNumber: peer.asNumber }, false));
    if (known?.pod?.node !== node) return -1;
    if (this.knowsNode(known.router.ip.includes(":") ? 6 : 4)) this.agree(known, node, peer);
    return known.id;
  }

  /** A pod that speaks BGP is up on a node. */
  podUp(node: number, endpoint: LocalEndpoint): void {
    const { pod, device } = endpoint;
    const before = this.byDevice.get(device);
    const said = this.said.get(device);
    const asNumber = before?.router.asNumber;
    if (said !== undefined) this.run(node, endpoint, said, true);
    else if (asNumber !== undefined) this.run(node, endpoint, { pod, asNumber }, false);
  }

  /** A pod's interface goes, and before it its processes. */
  podDown(node: number, device: string): void {
    const one = this.byDevice.get(device);
    if (one === undefined || one.down || one.pod?.node !== node) return;
    for (const bird of this.birdsOf(one)) bird.kill(one.id);
    this.ended(one);
  }

  /** A node loses power, and its pods with it. */
  nodeDown(node: number): void {
    for (const one of this.byDevice.values()) {
      if (one.down || one.pod?.node !== node) continue;
      for (const bird of this.birdsOf(one)) bird.crash(one.id);
      this.crashed.add(one.id);
      this.ended(one);
    }
  }

  /** The address by which pods know their node may have come, or gone. */
  peeringChanged(): void {
    for (const one of this.byDevice.values()) {
      if (one.down || one.pod === undefined) continue;
      const { node } = one.pod;
      for (const bird of this.birdsOf(one)) {
        const add = this.neighbours(one, bird.family);
        const has = bird.isConfigured(one.id, node);
        if (has === add.length > 0) continue;
        bird.reconfigure(one.id, has ? { remove: [node] } : { add });
      }
    }
  }

  protected override neighbours(one: Running, family: AddressFamily): PeerConfig[] {
    if (one.pod === undefined) return super.neighbours(one, family);
    return this.knowsNode(family) ? [this.neighbour(one, one.pod.node)] : [];
  }

  private run(
    node: number,
    { pod, device, addresses, labels }: LocalEndpoint,
    said: WorkloadRouter,
    described: boolean,
  ): Running {
    const { fabric, nodes } = this.around;
    const router = asRouter({ ...said, node: nodes.name(node), addresses, labels });
    const place = { node, device };
    const before = this.byName.get(pod);
    const one = before ?? this.place(router, described, place);
    this.byDevice.set(device, one);
    if (before !== undefined) {
      if (!before.down) this.podDown(before.pod?.node ?? node, device);
      for (const [address, owner] of this.byAddress)
        if (owner === before) this.byAddress.delete(address);
      const { node: left = node } = before.pod ?? {};
      for (const bird of this.birdsOf(before)) bird.configure(before.id, { remove: [left] });
      before.router = router;
      before.pod = place;
      before.down = false;
      before.agreed.clear();
      fabric.placeGuest(pod, node);
      this.address(before);
    }
    if (this.crashed.delete(one.id)) for (const bird of this.birdsOf(one)) bird.reboot(one.id);
    return this.turnOn(one);
  }

  private ended(one: Running): void {
    one.down = true;
    this.around.kernels.clear(one.id);
    this.listener?.onRouterPower(one.id, false);
  }

  /** Whether pods have an address of their node to connect to (BGPConfiguration `localWorkloadPeeringIPV4`, `…IPV6`). */
  private knowsNode(family: AddressFamily): boolean {
    const { spec } = this.datastore.get("BGPConfiguration", "default") ?? {};
    const field = family === 4 ? spec?.localWorkloadPeeringIPV4 : spec?.localWorkloadPeeringIPV6;
    return Boolean(field);
  }
}
