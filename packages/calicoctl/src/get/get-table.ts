import { didYouMean } from "@calico-sim/core";
import { formatTabTable } from "../table/tab-table.js";
import { type Column, KIND_COLUMNS } from "./columns.js";
import { defaultASNumber } from "./default-as-number.js";
import { type ApiResource, textAt } from "./resource.js";

/** Options of {@link formatGetTable}. */
export interface GetOptions {
  /** `-o wide`. @defaultValue false */
  readonly wide?: boolean;
  /** `--all-namespaces`: namespaced kinds begin with their namespace. @defaultValue false */
  readonly allNamespaces?: boolean;
  /** The BGPConfiguration `default`, for the AS of nodes. */
  readonly bgpConfiguration?: ApiResource;
}

/** Kinds that there is a table for. */
export const TABLE_KINDS: readonly string[] = Object.freeze(Object.keys(KIND_COLUMNS));

/** There is no table for a kind. */
export class UnknownKindError extends Error {
  override readonly name = "UnknownKindError";

  /** @param known The kinds that would do. */
  constructor(kind: string, known: readonly string[] = TABLE_KINDS) {
    super(
      `calicoctl get has no table for kind ${JSON.stringify(kind)}; there are ${known.join(", ")}${didYouMean(kind, known)}`,
    );
  }
}

const NAMESPACE: Column = {
  heading: "NAMESPACE",
  cell: (resource) => textAt(resource, "metadata.namespace"),
};

/**
 * The output of `calicoctl get` for resources of one kind; nothing for no resource.
 *
 * @throws UnknownKindError for a kind that calicoctl does not know.
 * @throws TypeError when the resources are of several kinds.
 */
export function formatGetTable(
  resources: readonly ApiResource[],
  options: GetOptions = {},
): string {
  const kind = resources[0]?.kind;
  if (kind === undefined) return "";
  const other = resources.find((resource) => resource.kind !== kind);
  if (other !== undefined)
    throw new TypeError(`a table holds resources of one kind, not ${kind} and ${other.kind}`);
  const known = Object.hasOwn(KIND_COLUMNS, kind) ? KIND_COLUMNS[kind] : undefined;
  if (known === undefined) throw new UnknownKindError(kind);
  const { wide = false, allNamespaces = false, bgpConfiguration } = options;
  const columns = [
    ...(allNamespaces && known.namespaced === true ? [NAMESPACE] : []),
    ...(wide ? known.wide : known.narrow),
  ];
  const context = { defaultASNumber: defaultASNumber(bgpConfiguration) };
  return formatTabTable(
    columns.map(({ heading }) => heading),
    resources.map((resource) => columns.map(({ cell }) => cell(resource, context))),
  );
}
