import type { Resource } from "@calico-sim/core";
import { stringify } from "yaml";

/**
 * Writes resources as YAML, one document each, such that reading them gives the same resources.
 *
 * @example writeManifests(result.resources)
 */
export function writeManifests(resources: readonly Resource[]): string {
  return resources
    .map((resource) => `---\n${stringify(ordered(resource), { lineWidth: 0 })}`)
    .join("");
}

/** apiVersion, kind and metadata first, as people expect them. */
function ordered(resource: Resource): object {
  const { apiVersion, kind, metadata, ...rest } = resource;
  return { apiVersion, kind, metadata, ...rest };
}
