// What reaches a daemon, in the low four bits of an arrival's operand; above them the argument.

/** A connection waits for accept(2). */
export const ACCEPT = 0;
/** An attempt to connect succeeded. */
export const CONNECTED = 1;
/** An attempt to connect was refused. */
export const CONNECT_FAILED = 2;
/** The other end's socket is gone; the argument is 0 for FIN, 1 for RST. */
export const CLOSED = 3;
/** OPEN; the argument is the restart flag (RFC 4724 §3). */
export const OPEN = 4;
export const KEEPALIVE = 5;
/** UPDATE; the argument is an update record. */
export const UPDATE = 6;
export const END_OF_RIB = 7;
/** The five messages of a re-feed (law 6); the argument is its number. */
export const REFRESH = 8;
/** NOTIFICATION; the argument is code · 256 + subcode. */
export const NOTIFICATION = 9;
/** ROUTE-REFRESH that asks for everything again (RFC 2918). */
export const REQUEST = 10;
/** Several UPDATEs that arrive together; the argument is a run of a batch. */
export const UPDATES = 11;
