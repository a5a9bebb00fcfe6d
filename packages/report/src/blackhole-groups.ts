import type { Blackhole, BlackholeReason, Result } from "@calico-sim/cluster";

/** Intervals that one change caused for one reason. */
export interface BlackholeGroup {
  readonly reason: BlackholeReason;
  readonly longest: Blackhole;
  /** How many were kept. */
  readonly alike: number;
  /** Distinct nodes whose blocks were lost. */
  readonly owners: number;
  readonly beginSeconds: number;
  readonly endSeconds: number;
  readonly open: boolean;
}

/** The kept intervals, grouped by the change in whose window they began and by reason. */
export function groupsOf(result: Result): BlackholeGroup[] {
  const groups = new Map<string, Blackhole[]>();
  for (const hole of result.blackholes.intervals) {
    const change = result.changes.findLastIndex((c) => c.atSeconds <= hole.beginSeconds);
    const key = `${String(change)} ${hole.reason}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [hole]);
    else group.push(hole);
  }
  return [...groups.values()].flatMap((group): BlackholeGroup[] => {
    const [longest] = group.sort(byLength);
    if (longest === undefined) return [];
    return [
      {
        reason: longest.reason,
        longest,
        alike: group.length,
        owners: new Set(group.map(({ owner }) => owner)).size,
        beginSeconds: Math.min(...group.map((hole) => hole.beginSeconds)),
        endSeconds: Math.max(...group.map((hole) => hole.endSeconds)),
        open: group.some((hole) => hole.open),
      },
    ];
  });
}

/** Longest first; equal ones by when they began, then by name. */
export function byLength(a: Blackhole, b: Blackhole): number {
  return (
    b.endSeconds - b.beginSeconds - (a.endSeconds - a.beginSeconds) ||
    a.beginSeconds - b.beginSeconds ||
    byText(a.from, b.from) ||
    byText(a.to, b.to)
  );
}

/** By code unit: the same everywhere, whatever the locale. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
