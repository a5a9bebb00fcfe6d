import {
  type ExternalRouter,
  routerFieldIssues,
  type UndescribedPeers,
  type WorkloadRouter,
  withoutNulls,
  workloadIssues,
} from "@calico-sim/cluster";
import type { Issue } from "@calico-sim/core";
import type { ManifestSource } from "@calico-sim/manifests";
import { type DescriptionForm, readDescription } from "./description-file.js";

/** What a file says of the world outside a cluster; see {@link readExternalRouters}. */
export interface ExternalRoutersFile {
  readonly externalRouters: readonly ExternalRouter[];
  readonly workloadRouters?: readonly WorkloadRouter[];
  readonly undescribedPeers?: UndescribedPeers;
}

/** What is wrong with the routers, each for itself, and with the pods that speak BGP. */
function issuesOfRouters({
  externalRouters,
  workloadRouters,
}: Partial<ExternalRoutersFile>): readonly Issue[] {
  return [...routerFieldIssues(externalRouters), ...workloadIssues(workloadRouters)];
}

/** A file that describes the BGP speakers outside a cluster. */
export const EXTERNAL_ROUTERS_FILE: DescriptionForm<Partial<ExternalRoutersFile>> = {
  file: {
    type: "object",
    fields: {
      externalRouters: { type: "any" },
      workloadRouters: { type: "any" },
      undescribedPeers: { type: "enum", values: ["accept", "absent"] },
    },
  },
  shape: "externalRouters: a list such as - { name: tor-a, ip: 10.0.0.254, asNumber: 65001 }",
  issuesOf: issuesOfRouters,
};

/**
 * Reads the description of the BGP speakers outside a cluster: a YAML or JSON object with `externalRouters` (the fields
 * are those of {@link ExternalRouter}), `workloadRouters` (those of {@link WorkloadRouter}) and `undescribedPeers`, or some
 * of them.
 *
 * @throws ManifestError with file, line and field of everything that is wrong, unknown fields included.
 */
export function readExternalRouters(source: ManifestSource): ExternalRoutersFile {
  const { externalRouters = [], ...rest } = readDescription(source, EXTERNAL_ROUTERS_FILE);
  return { externalRouters: externalRouters.map(withoutNulls), ...rest };
}
