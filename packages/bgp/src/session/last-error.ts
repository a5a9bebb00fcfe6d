/**
 * The last error of a protocol as one integer of 16 bits: its class in the upper four, its code in the
 * others (bird: proto/bgp/bgp.h, BE_* and BEM_*).
 */

/** No error since the session was last Established. */
export const NO_ERROR = 0;

/** Who found the error. */
export const ERROR_CLASS = {
  /** BIRD itself. */
  miscellaneous: 0x1000,
  /** The kernel, with an errno; 0 is an orderly end of the connection. */
  socket: 0x2000,
  /** The peer, which said so in a NOTIFICATION. */
  received: 0x3000,
  /** This end, which sent a NOTIFICATION. */
  sent: 0x4000,
} as const;

const CODE = 0xfff;

/** BFD found the path or the peer dead. */
export const BFD_DOWN: number = ERROR_CLASS.miscellaneous | 6;
/** A connection came while the session was up: taken for a restart of the neighbour. */
export const GRACEFUL_RESTART: number = ERROR_CLASS.miscellaneous | 7;
/** The other end closed its socket. */
export const CONNECTION_CLOSED: number = ERROR_CLASS.socket;
/** Nobody listens at the other end (linux: errno ECONNREFUSED). */
export const CONNECTION_REFUSED: number = ERROR_CLASS.socket | 111;
/** The next hop answered no address resolution (linux: errno EHOSTUNREACH). */
export const NO_ROUTE_TO_HOST: number = ERROR_CLASS.socket | 113;
/** The other end knows nothing of the connection (linux: errno ECONNRESET). */
export const CONNECTION_RESET: number = ERROR_CLASS.socket | 104;

/** The argument of a NOTIFICATION segment, and the code of an error about one: code · 256 + subcode (RFC 4271 §4.5). */
export function notificationCode(code: number, subcode: number): number {
  return code * 256 + subcode;
}

/** Class of an error: one of {@link ERROR_CLASS}, or {@link NO_ERROR}. */
export function errorClass(error: number): number {
  return error & ~CODE;
}

/** Code of an error within its class. */
export function errorCode(error: number): number {
  return error & CODE;
}
