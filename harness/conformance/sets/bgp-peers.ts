import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BirdConfiguration,
  bgpConfiguration,
  type ConfdResource,
  type LocalWorkload,
} from "@calico-sim/bgp";
import { type AddressFamily, DEFAULT_CALICO_VERSION, eraOf, isRecord } from "@calico-sim/core";
import { parseSource, readManifests } from "@calico-sim/manifests";
import type { ConformanceCase } from "../case.js";
import { compareExpected } from "../compare.js";
import type { CaseResult } from "../run.js";
import { asGolden, normalise } from "./bgp-peers-format.js";

/** What confd watches itself: read from older API versions too, and from what the simulated datastore has not. */
const KUBERNETES_KINDS: readonly unknown[] = ["Service", "EndpointSlice", "Endpoints"];

/** What an `expected.json` says beside the expectation. See `conformance/bgp-peers/README.md`. */
interface BgpPeersCase {
  readonly node?: string;
  readonly env?: Readonly<Record<string, string>> | null;
  readonly endpointStatus?: Readonly<Record<string, LocalWorkload>> | null;
  readonly expected?: Readonly<Record<string, unknown>> | null;
}

/** Runs one case: what confd renders for a node, against the parsed golden files of upstream. */
export function runBgpPeers(one: ConformanceCase): CaseResult {
  const { node, expected: wanted } = one.json as BgpPeersCase;
  const expected = stated(wanted ?? {});
  if (isRecord(expected["counts"])) expected["counts"] = stated(expected["counts"]);
  if (node === undefined || Object.keys(expected).length === 0)
    return { status: "unsupported", features: ["case without node or expectation"] };
  const { ipv4, ipv6 } = renderCase(one, node);
  const actual = {
    ipv4: asGolden(ipv4),
    ipv6: asGolden(ipv6),
    counts: { ipv4Peers: ipv4.peers.length, ipv6Peers: ipv6.peers.length },
  };
  // A case may expect one family alone, or nothing but a count.
  return compareExpected(normalise(actual), normalise(expected), 2);
}

/** A part that is null says nothing. */
function stated(expected: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(expected).filter(([, part]) => part !== null));
}

/** What confd tells the BIRDs of a case's node. */
export function renderCase(
  one: ConformanceCase,
  node: string,
): { readonly ipv4: BirdConfiguration; readonly ipv6: BirdConfiguration } {
  const { env, endpointStatus } = one.json as BgpPeersCase;
  const resources = readInput(join(one.directory, "input.yaml"));
  const render = (family: AddressFamily): BirdConfiguration =>
    bgpConfiguration(resources, {
      node,
      family,
      era: eraOf(DEFAULT_CALICO_VERSION),
      environment: env ?? {},
      localWorkloads: Object.values(endpointStatus ?? {}),
    });
  return { ipv4: render(4), ipv6: render(6) };
}

/** The resources of a case; of two with one name the later stands, as when they are applied one by one. */
function readInput(file: string): readonly ConfdResource[] {
  const source = { name: file, text: readFileSync(file, "utf8") };
  const kubernetes = parseSource(source).documents.flatMap(({ value }) =>
    isRecord(value) && KUBERNETES_KINDS.includes(value["kind"])
      ? [value as unknown as ConfdResource]
      : [],
  );
  const byName = new Map<string, ConfdResource>();
  for (const resource of [...kubernetes, ...readManifests([source]).resources]) {
    const { namespace = "", name } = resource.metadata;
    byName.set(`${resource.kind} ${namespace}/${name}`, resource);
  }
  return [...byName.values()];
}
