import {
  endpointAddresses,
  hasEndpoint,
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

/** What was made of a pod when it was seen last. */
interface Latest {
  pod: Pod;
  readonly node: number;
  readonly addresses: readonly string[];
  readonly id: number;
  /** 0 until the pod first has an address. */
  readonly route: number;
}

/** Interned workload endpoints of pods; id 0 is "no endpoint". */
export class Endpoints {
  private readonly nodes: NodeDirectory;
  private readonly prefixes: PrefixTable;
  private readonly kernels: Kernels;
  private readonly protocol: number;
  private readonly endpoints: (Endpoint | undefined)[] = [undefined];
  private readonly latest: Map<string, Latest> = new Map();

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
    const addresses = hasEndpoint(pod) ? endpointAddresses(pod) : [];
    const node = this.nodes.id(pod.spec?.nodeName ?? "");
    if (known !== undefined && known.node === node && sameTexts(known.addresses, addresses)) {
      known.pod = pod;
      return known.id;
    }
    if (node < 0 || addresses.length === 0) {
      this.latest.set(key, { pod, node, addresses, id: 0, route: known?.route ?? 0 });
      return 0;
    }
    // The interface is named after the pod: as long as its key lives, so does its route.
    const route = known === undefined || known.route === 0 ? this.routeOf(pod) : known.route;
    const id = this.add(node, addresses, route);
    this.latest.set(key, { pod, node, addresses, id, route });
    return id;
  }

  /** The endpoint behind an id > 0. */
  get(id: number): Endpoint {
    return this.endpoints[id]!;
  }

  private routeOf(pod: Pod): number {
    return this.kernels.intern({
      type: "unicast",
      device: workloadInterfaceName(pod.metadata.namespace ?? "default", pod.metadata.name),
      gateway: -1,
      onlink: false,
      metric: 1024,
      protocol: this.protocol,
    });
  }

  private add(node: number, addresses: readonly string[], route: number): number {
    const prefixes: number[] = [];
    for (const text of addresses) {
      const address = hostAddress(text);
      if (address !== undefined) prefixes.push(this.prefixes.intern(hostCidr(address)));
    }
    this.endpoints.push(Object.freeze({ node, prefixes: Object.freeze(prefixes), route }));
    return this.endpoints.length - 1;
  }
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
