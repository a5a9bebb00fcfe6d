/** A list or a map, as a cell of `calicoctl get` shows it. */
export type Joinable = readonly unknown[] | Readonly<Record<string, unknown>> | null | undefined;

const ELLIPSIS = "...";

/**
 * Joins the members of a list, or of a map as `k=v` in the order of their keys, and cuts what is too long
 * (calico: calicoctl/calicoctl/commands/common/printer.go, joinAndTruncate).
 *
 * @param maxLength Length of the result at most, its `...` included; 0 = no limit.
 */
export function joinAndTruncate(items: Joinable, separator = ",", maxLength = 0): string {
  const members =
    items === null || items === undefined
      ? []
      : Array.isArray(items)
        ? items.map(String)
        : Object.entries(items)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, value]) => `${key}=${String(value)}`);
  const text = members.join(separator);
  if (maxLength <= 0 || text.length <= maxLength) return text;
  return text.slice(0, Math.max(0, maxLength - ELLIPSIS.length)) + ELLIPSIS;
}
