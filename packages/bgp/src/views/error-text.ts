import { ERROR_CLASS, errorClass, errorCode, NO_ERROR } from "../session/last-error.js";
import { notificationText } from "./notification-texts.js";

/** Errors that BIRD finds by itself, by number (bird: proto/bgp/bgp.c; control-plane-behaviour §6.2). */
const MISCELLANEOUS: readonly string[] = [
  "",
  "Neighbor lost",
  "Invalid next hop",
  "Kernel MD5 auth failed",
  "No listening socket",
  "Link down",
  "BFD session down",
  "Graceful restart",
];

/** Socket errors in the C library's words, by errno (linux: include/uapi/asm-generic/errno.h). */
const SOCKET: Readonly<Record<number, string>> = {
  0: "Connection closed",
  101: "Network is unreachable",
  104: "Connection reset by peer",
  110: "Connection timed out",
  111: "Connection refused",
  113: "No route to host",
};

/** The last error of a protocol as BIRD prints it, e.g. `Socket: Connection refused`; empty for none. */
export function errorText(error: number): string {
  if (error === NO_ERROR) return "";
  const code = errorCode(error);
  switch (errorClass(error)) {
    case ERROR_CLASS.miscellaneous:
      return `Error: ${MISCELLANEOUS[code] ?? String(code)}`;
    case ERROR_CLASS.socket:
      return `Socket: ${SOCKET[code] ?? `errno ${String(code)}`}`;
    case ERROR_CLASS.received:
      return `Received: ${notificationText(code >> 8, code & 255)}`;
    default:
      return `BGP Error: ${notificationText(code >> 8, code & 255)}`;
  }
}
