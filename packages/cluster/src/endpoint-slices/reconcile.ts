import type { AddressFamily } from "@calico-sim/core";
import { type Endpoint, sameEndpoint } from "./slice-objects.js";

/** A slice that the controller wrote. */
export interface SliceRow {
  readonly name: string;
  readonly family: AddressFamily;
  /** By pod key. */
  endpoints: ReadonlyMap<string, Endpoint>;
}

/** What is to become of one slice; without a `row` it is new, without endpoints it goes. */
export interface SliceWrite {
  readonly row: SliceRow | undefined;
  readonly family: AddressFamily;
  readonly endpoints: ReadonlyMap<string, Endpoint> | undefined;
}

/**
 * The writes that make slices of one family hold what is wanted, in the controller's order: new slices, changed ones, empty
 * ones (kubernetes: staging/src/k8s.io/endpointslice/reconciler.go, reconcileByPortMapping, finalize). New endpoints go to
 * slices that are written anyway; if there is none, to the fullest that has room for all; the rest to new slices. One empty
 * slice is left where the service has no endpoint.
 */
export function sliceWrites(
  rows: readonly SliceRow[],
  family: AddressFamily,
  wanted: ReadonlyMap<string, Endpoint>,
  room: number,
): SliceWrite[] {
  const left = new Map(wanted);
  const kept = rows.map((row) => keep(row, left));
  const touched = (i: number): boolean => kept[i]!.changed;
  rows.forEach((_, i) => {
    if (touched(i)) fill(kept[i]!.endpoints, left, room);
  });
  if (left.size > 0 && !rows.some((_, i) => touched(i))) {
    const fitting = kept
      .filter(({ endpoints }) => endpoints.size + left.size <= room)
      .sort((a, b) => b.endpoints.size - a.endpoints.size)[0];
    if (fitting !== undefined) {
      fill(fitting.endpoints, left, room);
      fitting.changed = true;
    }
  }
  const made: SliceWrite[] = [];
  while (left.size > 0) {
    const endpoints = new Map<string, Endpoint>();
    fill(endpoints, left, room);
    made.push({ row: undefined, family, endpoints });
  }
  let empty = kept.filter(({ endpoints }) => endpoints.size === 0).length;
  const others = rows.length + made.length - empty;
  const changed: SliceWrite[] = [];
  const gone: SliceWrite[] = [];
  kept.forEach(({ endpoints, changed: isChanged }, i) => {
    const row = rows[i];
    if (endpoints.size > 0) {
      if (isChanged) changed.push({ row, family, endpoints });
    } else if (others === 0 && empty === 1) {
      if (isChanged) changed.push({ row, family, endpoints });
    } else {
      empty--;
      gone.push({ row, family, endpoints: undefined });
    }
  });
  return [...made, ...changed, ...gone];
}

interface Kept {
  readonly endpoints: Map<string, Endpoint>;
  changed: boolean;
}

/** What a slice holds and is wanted still, as it is now; takes it from what is left to place. */
function keep(row: SliceRow, left: Map<string, Endpoint>): Kept {
  const kept: Kept = { endpoints: new Map(), changed: false };
  for (const [pod, held] of row.endpoints) {
    const now = left.get(pod);
    left.delete(pod);
    if (now === undefined || !sameEndpoint(now, held)) kept.changed = true;
    if (now !== undefined) kept.endpoints.set(pod, now);
  }
  return kept;
}

function fill(to: Map<string, Endpoint>, left: Map<string, Endpoint>, room: number): void {
  for (const [pod, endpoint] of left) {
    if (to.size >= room) return;
    to.set(pod, endpoint);
    left.delete(pod);
  }
}
