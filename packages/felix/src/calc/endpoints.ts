import {
  hostAddress,
  hostCidr,
  type Kernels,
  type NodeDirectory,
  type Pod,
  type PrefixTable,
} from "@calico-sim/core";
import { workloadInterfaceName } from "../naming/interface-name.js";

/** One workload endpoint: where it runs, its addresses, its route. Frozen. */
export interface Endpoint {
  readonly node: number;
  /** Host prefixes of its addresses. */
  readonly prefixes: readonly number[];
  /** Route id: `dev cali… proto boot metric 1024 scope link`. */
  readonly route: number;
}

/** Interned workload endpoints of pods; id 0 is "no endpoint". */
export class Endpoints {
  private readonly nodes: NodeDirectory;
  private readonly prefixes: PrefixTable;
  private readonly kernels: Kernels;
  private readonly protocol: number;
  private readonly endpoints: (Endpoint | undefined)[] = [undefined];
  private readonly latest: Map<
    string,
    { readonly pod: Pod; readonly text: string; readonly id: number }
  > = new Map();

  constructor(nodes: NodeDirectory, prefixes: PrefixTable, kernels: Kernels, protocol: number) {
    this.nodes = nodes;
    this.prefixes = prefixes;
    this.kernels = kernels;
    this.protocol = protocol;
  }

  /** Endpoint of a pod; 0 while it has no address, runs in the host's network, is finished or is gone. */
  intern(key: string, pod: Pod | undefined): number {
    if (pod === undefined) {
      this.latest.delete(key);
      return 0;
    }
    const known = this.latest.get(key);
    if (known?.pod === pod) return known.id;
    const addresses = podAddresses(pod);
    const node = this.nodes.id(pod.spec?.nodeName ?? "");
    const text = `${String(node)}|${addresses.join()}`;
    if (known?.text === text) {
      this.latest.set(key, { pod, text, id: known.id });
      return known.id;
    }
    const id = node < 0 || addresses.length === 0 ? 0 : this.add(pod, node, addresses);
    this.latest.set(key, { pod, text, id });
    return id;
  }

  /** The endpoint behind an id > 0. */
  get(id: number): Endpoint {
    return this.endpoints[id]!;
  }

  private add(pod: Pod, node: number, addresses: readonly string[]): number {
    const prefixes: number[] = [];
    for (const text of addresses) {
      const address = hostAddress(text);
      if (address !== undefined) prefixes.push(this.prefixes.intern(hostCidr(address)));
    }
    const route = this.kernels.intern({
      type: "unicast",
      device: workloadInterfaceName(pod.metadata.namespace ?? "default", pod.metadata.name),
      gateway: -1,
      onlink: false,
      metric: 1024,
      protocol: this.protocol,
    });
    this.endpoints.push(Object.freeze({ node, prefixes: Object.freeze(prefixes), route }));
    return this.endpoints.length - 1;
  }
}

/**
 * A pod's addresses: what the kubelet reports, else what the CNI plugin annotated
 * (calico: libcalico-go/lib/backend/k8s/conversion/workload_endpoint_default.go).
 */
function podAddresses(pod: Pod): readonly string[] {
  const { phase, podIPs, podIP } = pod.status ?? {};
  if (pod.spec?.hostNetwork === true || phase === "Succeeded" || phase === "Failed") return [];
  if (podIPs !== undefined && podIPs.length > 0) return podIPs.map((entry) => entry.ip);
  if (podIP !== undefined && podIP !== "") return [podIP];
  const annotations = pod.metadata.annotations;
  const written =
    annotations?.["cni.projectcalico.org/podIPs"] ?? annotations?.["cni.projectcalico.org/podIP"];
  return written === undefined || written === "" ? [] : written.split(",");
}
