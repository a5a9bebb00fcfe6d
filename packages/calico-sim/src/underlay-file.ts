import type { UnderlayOptions } from "@calico-sim/cluster";
import type { FieldSchema, LinkAttributes } from "@calico-sim/core";
import type { ManifestSource } from "@calico-sim/manifests";
import { loadDescription, type Placed, readDescription } from "./description-file.js";

/** The fields of {@link LinkAttributes}; numbers that may have a fraction are checked where the links are made. */
const LINK_FIELDS: Readonly<Record<keyof LinkAttributes, FieldSchema>> = {
  latencyUs: { type: "integer", min: 0 },
  jitterUs: { type: "integer", min: 0 },
  bandwidthMbps: { type: "any" },
  loss: { type: "any" },
  up: { type: "boolean" },
};

const FILE: Extract<FieldSchema, { type: "object" }> = {
  type: "object",
  fields: {
    hostLink: { type: "object", fields: LINK_FIELDS },
    rackLink: { type: "object", fields: LINK_FIELDS },
    links: {
      type: "list",
      of: {
        type: "object",
        fields: { between: { type: "list", of: { type: "string" } }, ...LINK_FIELDS },
        required: ["between"],
      },
    },
  },
};

const SHAPE = "links: a list such as - { between: [10.0.1.0/24, spine-0], loss: 0.01 }";

/** A description of links with the places of its parts. */
export interface PlacedUnderlay extends Placed {
  readonly underlay: UnderlayOptions;
}

/**
 * Reads the description of a cluster's underlay: a YAML or JSON object with the fields of {@link UnderlayOptions}.
 *
 * @throws ManifestError with file, line and field of everything that is wrong, unknown fields included.
 */
export function readUnderlay(source: ManifestSource): PlacedUnderlay {
  const { value, issueAt } = readDescription(source, {
    file: FILE,
    shape: SHAPE,
    part: { name: "a link", fields: ["between", ...Object.keys(LINK_FIELDS)] },
  });
  return { underlay: value, issueAt };
}

/**
 * Reads a file as {@link readUnderlay} does.
 *
 * @throws ManifestFileError when the file cannot be read.
 */
export async function loadUnderlay(path: string): Promise<PlacedUnderlay> {
  return readUnderlay(await loadDescription(path));
}
