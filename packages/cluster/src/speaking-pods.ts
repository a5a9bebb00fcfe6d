import type { Pod } from "@calico-sim/core";
import type { ExternalRouter } from "./external-router.js";
import { endpointAddresses } from "./oracle-endpoints.js";
import type { PlacedWorkload, WorkloadRouter } from "./workload-router.js";

/** Pods that speak BGP, as the datastore has them now. */
export class SpeakingPods {
  private readonly said: ReadonlyMap<string, WorkloadRouter>;
  private readonly present: Map<string, PlacedWorkload> = new Map();

  constructor(said: readonly WorkloadRouter[]) {
    this.said = new Map(said.map((one) => [one.pod, one]));
  }

  /** What each of them originates where it runs. */
  get originators(): readonly Pick<ExternalRouter, "name" | "prefixes">[] {
    return [...this.said.values()].map(({ pod, prefixes = [] }) => ({ name: pod, prefixes }));
  }

  /** Whether a pod is one of them, by `namespace/name`. */
  has(name: string): boolean {
    return this.said.has(name);
  }

  /** Those with an endpoint, in the order of their description. */
  placed(): readonly PlacedWorkload[] {
    return [...this.said.keys()].flatMap((pod) => this.present.get(pod) ?? []);
  }

  /** A pod was written or deleted; whether that matters. */
  changed({ metadata, ...pod }: Pod, deleted: boolean): boolean {
    const { name, namespace = "", labels = {} } = metadata;
    const said = this.said.get(`${namespace}/${name}`);
    if (said === undefined) return false;
    const addresses = deleted ? [] : endpointAddresses({ metadata, ...pod });
    const before = this.present.get(said.pod);
    if (addresses.length === 0) return this.present.delete(said.pod);
    const seen = {
      ...labels,
      "projectcalico.org/namespace": namespace,
      "projectcalico.org/orchestrator": "k8s",
    };
    const now = { ...said, node: pod.spec?.nodeName ?? "", labels: seen, addresses };
    this.present.set(said.pod, now);
    return JSON.stringify(before) !== JSON.stringify(now);
  }
}
