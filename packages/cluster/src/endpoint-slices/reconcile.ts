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
 * The writes that make slices of one family hold what is wanted, in the controller's order: new slices, changed ones, those
 * that go (kubernetes: staging/src/k8s.io/endpointslice/reconciler.go, reconcileByPortMapping, finalize). New endpoints go to
 * slices that are written anyway, the fullest first; the rest, once it is less than a slice, to the unchanged one that it
 * fills best; else to new slices. One that was emptied takes the endpoints of a new one instead of going. One empty slice is
 * left where the service has no endpoint.
 */
export function sliceWrites(
  rows: readonly SliceRow[],
  family: AddressFamily,
  wanted: ReadonlyMap<string, Endpoint>,
  room: number,
): SliceWrite[] {
  const left = new Map(wanted);
  const kept = rows.map((row) => keep(row, left));
  const written = kept.filter(({ endpoints, changed }) => changed && endpoints.size > 0);
  for (const { endpoints } of fullestFirst(written)) fill(endpoints, left, room);
  const made = place(kept, left, room);
  const emptied = kept.filter(({ endpoints }) => endpoints.size === 0);
  if (rows.length > 0 && emptied.length === rows.length && made.length === 0) {
    if (rows.length === 1 && !emptied[0]!.changed) return [];
    made.push(new Map());
  }
  const write = (row?: SliceRow, endpoints?: ReadonlyMap<string, Endpoint>): SliceWrite => ({
    row,
    family,
    endpoints,
  });
  const changed = kept.filter((one) => one.changed && one.endpoints.size > 0);
  const reused = emptied.splice(0, made.length).map(({ row }) => write(row, made.pop()));
  return [
    ...made.map((endpoints) => write(undefined, endpoints)),
    ...changed.map(({ row, endpoints }) => write(row, endpoints)),
    ...reused,
    ...emptied.map(({ row }) => write(row)),
  ];
}

/** Places what is left, in unchanged slices and in new ones, which are returned. */
function place(kept: readonly Kept[], left: EndpointMap, room: number): EndpointMap[] {
  const made: EndpointMap[] = [];
  while (left.size > 0) {
    // An empty slice is one of no ports, which takes no endpoints (kubernetes: …/reconciler.go, newEndpointSlice).
    const fitting = fullestFirst(left.size < room ? kept : []).find(
      ({ endpoints: { size }, changed }) => !changed && size > 0 && size + left.size <= room,
    );
    const endpoints = fitting?.endpoints ?? new Map<string, Endpoint>();
    fill(endpoints, left, room);
    if (fitting === undefined) made.push(endpoints);
    else fitting.changed = true;
  }
  return made;
}

function fullestFirst(kept: readonly Kept[]): Kept[] {
  return [...kept].sort((a, b) => b.endpoints.size - a.endpoints.size);
}

type EndpointMap = Map<string, Endpoint>;

/** A slice with what it holds still. */
interface Kept {
  readonly row: SliceRow;
  readonly endpoints: EndpointMap;
  changed: boolean;
}

/** What a slice holds and is wanted still, as it is now; takes it from what is left to place. */
function keep(row: SliceRow, left: EndpointMap): Kept {
  const kept: Kept = { row, endpoints: new Map(), changed: false };
  for (const [pod, held] of row.endpoints) {
    const now = left.get(pod);
    left.delete(pod);
    if (now === undefined || !sameEndpoint(now, held)) kept.changed = true;
    if (now !== undefined) kept.endpoints.set(pod, now);
  }
  return kept;
}

function fill(to: EndpointMap, left: EndpointMap, room: number): void {
  for (const [pod, endpoint] of left) {
    if (to.size >= room) return;
    to.set(pod, endpoint);
    left.delete(pod);
  }
}
