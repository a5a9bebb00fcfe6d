import type { FelixConfiguration, ProgramClusterRoutes } from "@calico-sim/core";

/** Interned contents of FelixConfiguration objects; id 0 is "no such object". */
export class Configurations {
  private readonly ids: Map<string, number> = new Map();
  private readonly specs: NonNullable<FelixConfiguration["spec"]>[] = [Object.freeze({})];

  /** Content id; equal fields, equal id. */
  intern(configuration: FelixConfiguration | undefined): number {
    if (configuration === undefined) return 0;
    const spec = configuration.spec ?? {};
    const fields = Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1));
    if (fields.length === 0) return 0;
    const key = JSON.stringify(fields);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.specs.length;
      this.specs.push(spec);
      this.ids.set(key, id);
    }
    return id;
  }

  /** Whether Felix has anything to do with IPv6 (`ipv6Support`), read in the same order. */
  ipv6Support(global: number, node: number): boolean {
    // calico: felix/config/config_params.go: true unless said otherwise.
    return this.specs[node]!.ipv6Support ?? this.specs[global]!.ipv6Support ?? true;
  }

  /** What is programmed under these two objects: the node's own wins, then the global one, then the default. */
  programClusterRoutes(
    global: number,
    node: number,
    otherwise: ProgramClusterRoutes,
  ): ProgramClusterRoutes {
    return (
      this.specs[node]!.programClusterRoutes ??
      this.specs[global]!.programClusterRoutes ??
      otherwise
    );
  }
}
