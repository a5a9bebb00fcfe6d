import type { ConfdFleet, LocalEndpoint, LocalEndpoints } from "@calico-sim/bgp";
import {
  type BGPPeer,
  type Datastore,
  endpointAddresses,
  formatAddress,
  hasEndpoint,
  hostCidr,
  type Kernels,
  type NodeDirectory,
  type Pod,
  type PrefixTable,
  parseAddress,
  type Resource,
  type RouteListener,
} from "@calico-sim/core";
import { workloadInterfaceName } from "@calico-sim/felix";
import type { ClusterSpec } from "./spec.js";
import type { WorkloadRouters } from "./workload-routers.js";

/** Whether anybody has to know of pods' endpoints from the beginning. */
export function needsEndpoints({ backend, resources, workloadRouters = [] }: ClusterSpec): boolean {
  return backend === "bird" && (workloadRouters.length > 0 || resources.some(selectsWorkloads));
}

/** Whether a resource makes peers of pods. */
export function selectsWorkloads(resource: Resource): boolean {
  return resource.kind === "BGPPeer" && Boolean((resource as BGPPeer).spec.localWorkloadSelector);
}

/** The parts that it looks at. */
interface Surroundings {
  readonly datastore: Datastore;
  readonly kernels: Kernels;
  readonly nodes: NodeDirectory;
  readonly prefixes: PrefixTable;
}

/**
 * Felix's endpoint-status files of all nodes: a local endpoint is up once its route is in the kernel (calico:
 * felix/statusrep/status_file_reporter.go). Whoever lives by them is told when one may have changed.
 */
export class WorkloadEndpoints implements LocalEndpoints, RouteListener {
  private readonly around: Surroundings;
  private readonly confd: ConfdFleet;
  private readonly routers: WorkloadRouters;
  private listening = false;

  constructor(around: Surroundings, confd: ConfdFleet, routers: WorkloadRouters) {
    this.around = around;
    this.confd = confd;
    this.routers = routers;
  }

  /** Somebody needs to know of endpoints from now on. */
  begin(): void {
    if (this.listening) return;
    this.listening = true;
    this.around.kernels.listen(this);
    for (let node = 0; node < this.around.nodes.size; node++) this.confd.endpointsChanged(node);
  }

  /** See {@link LocalEndpoints}. */
  of(node: number): readonly LocalEndpoint[] {
    const { datastore, nodes } = this.around;
    if (!this.listening) return [];
    const name = nodes.name(node);
    return datastore
      .list("Pod")
      .filter((pod) => pod.spec?.nodeName === name && hasEndpoint(pod))
      .map(endpointOf)
      .filter((endpoint) => this.isUp(node, endpoint))
      .sort((a, b) => (a.pod < b.pod ? -1 : 1));
  }

  /** See {@link RouteListener}. */
  onRouteChange(node: number, _prefix: number, before: number, after: number): void {
    const [was, is] = [this.deviceOf(before), this.deviceOf(after)];
    if (was === is) return;
    if (was !== undefined) this.routers.podDown(node, was);
    if (is !== undefined && this.routers.concerns(is))
      for (const endpoint of this.of(node))
        if (endpoint.device === is) this.routers.podUp(node, endpoint);
    this.confd.endpointsChanged(node);
  }

  private isUp(node: number, { addresses, device }: LocalEndpoint): boolean {
    const { kernels, prefixes } = this.around;
    return addresses.some((text) => {
      const address = parseAddress(text);
      if (address === undefined) return false;
      return this.deviceOf(kernels.best(node, prefixes.intern(hostCidr(address)))) === device;
    });
  }

  private deviceOf(route: number): string | undefined {
    if (route === 0) return undefined;
    const { device, gateway } = this.around.kernels.route(route);
    return gateway < 0 && device.startsWith("cali") ? device : undefined;
  }
}

function endpointOf(pod: Pod): LocalEndpoint {
  const { name, namespace = "", labels = {} } = pod.metadata;
  const addresses = endpointAddresses(pod).flatMap((text) => {
    const address = parseAddress(text);
    return address === undefined ? [] : [formatAddress(address)];
  });
  return {
    pod: `${namespace}/${name}`,
    device: workloadInterfaceName(namespace, name),
    labels: selectableLabels(namespace, labels),
    addresses,
  };
}

/**
 * Labels of a pod's endpoint as selectors see them (calico: libcalico-go/lib/backend/k8s/conversion/workload_endpoint_default.go);
 * what it inherits of its namespace and service account is left out.
 */
function selectableLabels(
  namespace: string,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    ...labels,
    "projectcalico.org/namespace": namespace,
    "projectcalico.org/orchestrator": "k8s",
  };
}
