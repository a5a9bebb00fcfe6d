/** What BIRD calls the errors of BGP: by code, the texts by subcode (bird: proto/bgp/packets.c; control-plane-behaviour §6.2). */
const TEXTS: Readonly<Record<number, readonly string[]>> = {
  1: [
    "Invalid message header",
    "Connection not synchronized",
    "Bad message length",
    "Bad message type",
  ],
  2: [
    "Invalid OPEN message",
    "Unsupported version number",
    "Bad peer AS",
    "Bad BGP identifier",
    "Unsupported optional parameter",
    "Authentication failure",
    "Unacceptable hold time",
    "Required capability missing",
    "No supported AFI/SAFI",
  ],
  3: [
    "Invalid UPDATE message",
    "Malformed attribute list",
    "Unrecognized well-known attribute",
    "Missing mandatory attribute",
    "Invalid attribute flags",
    "Invalid attribute length",
    "Invalid ORIGIN attribute",
    "AS routing loop",
    "Invalid NEXT_HOP attribute",
    "Optional attribute error",
    "Invalid network field",
    "Malformed AS_PATH",
  ],
  4: ["Hold timer expired"],
  5: [
    "Finite state machine error",
    "Unexpected message in OpenSent state",
    "Unexpected message in OpenConfirm state",
    "Unexpected message in Established state",
  ],
  6: [
    "Cease",
    "Maximum number of prefixes reached",
    "Administrative shutdown",
    "Peer de-configured",
    "Administrative reset",
    "Connection rejected",
    "Other configuration change",
    "Connection collision resolution",
    "Out of Resources",
  ],
  7: ["Invalid ROUTE-REFRESH message", "Invalid ROUTE-REFRESH message length"],
};

/** A NOTIFICATION in BIRD's words; the bare numbers where it has none. */
export function notificationText(code: number, subcode: number): string {
  return TEXTS[code]?.[subcode] ?? `${String(code)}.${String(subcode)}`;
}
