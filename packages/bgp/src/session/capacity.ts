/**
 * Session ends that a fleet can hold: queued work keeps one, or a side of a connection, above the four bits of its kind in
 * 31 bits (`WORK_BITS`). That is a mesh of 11,585 nodes.
 */
export const SESSION_ENDS_MAX: number = 2 ** 27;

/** Connections that a fleet can hold: two sides each. */
export const CONNECTIONS_MAX: number = SESSION_ENDS_MAX / 2;

/** Kinds of peer, see `PolicyTable`, that a fleet can hold: session ends keep them as 16 bits. */
export const POLICIES_MAX: number = 2 ** 16;

/** More BGP sessions are configured than a fleet can hold; the message says how many it can. */
export class SessionLimitError extends RangeError {
  override readonly name = "SessionLimitError";

  constructor(most: number, what: string, instead: string) {
    super(`more than ${most.toLocaleString("en-US")} ${what} cannot be simulated; ${instead}`);
  }
}
