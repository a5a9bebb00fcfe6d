import { soundUnderlay, type UnderlayOptions, underlayFieldIssues } from "@calico-sim/cluster";
import type { ManifestSource } from "@calico-sim/manifests";
import { type DescriptionForm, readDescription } from "./description-file.js";

/** A file that describes the links of an underlay. */
export const UNDERLAY_FILE: DescriptionForm<UnderlayOptions> = {
  file: {
    type: "object",
    fields: { hostLink: { type: "any" }, rackLink: { type: "any" }, links: { type: "any" } },
  },
  shape: "links: a list such as - { between: [10.0.1.0/24, spine-0], loss: 0.01 }",
  option: "underlay",
  issuesOf: underlayFieldIssues,
};

/**
 * Reads the description of a cluster's underlay: a YAML or JSON object with the fields of {@link UnderlayOptions}.
 *
 * @throws ManifestError with file, line and field of everything that is wrong, unknown fields included.
 */
export function readUnderlay(source: ManifestSource): UnderlayOptions {
  return soundUnderlay(readDescription(source, UNDERLAY_FILE));
}
