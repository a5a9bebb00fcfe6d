import type { ExternalRouter, UndescribedPeers } from "@calico-sim/cluster";
import type { FieldSchema } from "@calico-sim/core";
import type { ManifestSource } from "@calico-sim/manifests";
import { loadDescription, type Placed, readDescription } from "./description-file.js";

/** What a file says of the world outside a cluster; see {@link readExternalRouters}. */
export interface ExternalRoutersFile {
  readonly externalRouters: readonly ExternalRouter[];
  readonly undescribedPeers?: UndescribedPeers;
}

const text: FieldSchema = { type: "string" };
const asNumber: FieldSchema = { type: "integerOrText", format: "autonomousSystem" };

/** The fields of {@link ExternalRouter}. */
const ROUTER_FIELDS: Readonly<Record<keyof ExternalRouter, FieldSchema>> = {
  name: text,
  ip: { type: "string", format: "address" },
  asNumber,
  prefixes: { type: "list", of: { type: "string", format: "cidr" } },
  peersWith: { type: "list", of: text },
  passive: { type: "boolean" },
  password: text,
  ttlSecurity: { type: "integer", min: 1, max: 255 },
  multihop: { type: "boolean" },
  listenPort: { type: "integer", min: 1, max: 65_535 },
  neighborASNumber: asNumber,
  gracefulRestart: { type: "boolean" },
  routeReflectorClusterID: { type: "string", format: "address" },
  rack: text,
};

const FILE: Extract<FieldSchema, { type: "object" }> = {
  type: "object",
  required: ["externalRouters"],
  fields: {
    externalRouters: {
      type: "list",
      of: { type: "object", fields: ROUTER_FIELDS, required: ["name", "ip", "asNumber"] },
    },
    undescribedPeers: { type: "enum", values: ["accept", "absent"] },
  },
};

const SHAPE = "externalRouters: a list such as - { name: tor-a, ip: 10.0.0.254, asNumber: 65001 }";

/** A description of external routers with the places of its parts. */
export interface PlacedRouters extends ExternalRoutersFile, Placed {}

/**
 * Reads the description of the BGP speakers outside a cluster: a YAML or JSON object with `externalRouters` (the fields
 * are those of {@link ExternalRouter}) and, if wanted, `undescribedPeers`.
 *
 * @throws ManifestError with file, line and field of everything that is wrong, unknown fields included.
 */
export function readExternalRouters(source: ManifestSource): PlacedRouters {
  const { value, issueAt } = readDescription(source, {
    file: FILE,
    shape: SHAPE,
    part: { name: "an external router", fields: Object.keys(ROUTER_FIELDS) },
  });
  const { externalRouters, undescribedPeers } = value as unknown as ExternalRoutersFile;
  return {
    externalRouters,
    ...(undescribedPeers === undefined ? {} : { undescribedPeers }),
    issueAt,
  };
}

/**
 * Reads a file as {@link readExternalRouters} does.
 *
 * @throws ManifestFileError when the file cannot be read.
 */
export async function loadExternalRouters(path: string): Promise<PlacedRouters> {
  return readExternalRouters(await loadDescription(path));
}
