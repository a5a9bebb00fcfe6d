import type { FleetContext } from "../fleet/context.js";
import {
  endOfRibBytes,
  KEEPALIVE_BYTES,
  NOTIFICATION_BYTES,
  openBytes,
  prefixBytes,
  ROUTE_REFRESH_BYTES,
  reachBytes,
  withdrawBytes,
} from "../messages/sizes.js";
import { WITHDRAWN } from "../rib/updates.js";
import { END_OF_RIB, KEEPALIVE, NOTIFICATION, OPEN, REFRESH, REQUEST, UPDATE } from "./segments.js";

/** Octets of a message that a side sends, as the narrowest link on its way has to carry them; 0 for the end of a connection. */
export function messageBytes(x: FleetContext, side: number, what: number): number {
  switch (what & 15) {
    case OPEN: {
      const { addPath, keepsForwarding } = x.policy(x.conns.end(side));
      return openBytes(x.addPath && addPath, keepsForwarding);
    }
    case KEEPALIVE:
      return KEEPALIVE_BYTES;
    case UPDATE:
      return updateBytes(x, x.addsPaths(x.conns.end(side)), what >> 4);
    case END_OF_RIB:
      return endOfRibBytes(x.family);
    case REFRESH:
      return refeedBytes(x, x.addsPaths(x.conns.end(side)), what >> 4);
    case REQUEST:
      return ROUTE_REFRESH_BYTES;
    case NOTIFICATION:
      return NOTIFICATION_BYTES;
    default:
      return 0;
  }
}

function updateBytes(x: FleetContext, addPath: boolean, record: number): number {
  const { updates } = x;
  const prefixes: number[] = [];
  for (let item = updates.begin(record); item < updates.end(record); item++)
    prefixes.push(updates.prefix(item));
  return routesBytes(x, addPath, updates.attributes(record), prefixes);
}

function routesBytes(
  x: FleetContext,
  addPath: boolean,
  attributes: number,
  prefixes: readonly number[],
): number {
  let bytes = 0;
  for (const prefix of prefixes) bytes += prefixBytes(x.prefixes.cidr(prefix).length, addPath);
  if (attributes === WITHDRAWN) return withdrawBytes(bytes, x.family);
  const { linkLocal } = x.attributes.get(attributes);
  return reachBytes(x.attributes.bytes(attributes), bytes, x.family, linkLocal);
}

/** The messages of a part of a re-feed (law 6); routes in it that change nothing are taken for nine octets each. */
function refeedBytes(x: FleetContext, addPath: boolean, number: number): number {
  const { reach, withdraw, spurious, refreshes } = x.updates.refeed(number);
  let bytes = refreshes * ROUTE_REFRESH_BYTES + 9 * spurious;
  for (const { attributes, prefixes } of reach)
    bytes += routesBytes(x, addPath, attributes, prefixes);
  if (withdraw.length > 0) bytes += routesBytes(x, addPath, WITHDRAWN, withdraw);
  return bytes;
}
