import { hash32 } from "../engine/random.js";
import { MILLISECOND, type Micros, SECOND } from "../engine/time.js";
import type { PathQuality } from "./path-quality.js";

/** Octets of data in a segment: an MTU of 1,500 without the headers of IPv4 and of TCP with time stamps (RFC 879, RFC 7323 §3.2). */
export const SEGMENT_DATA = 1448;

/** Octets around the data of a segment: Ethernet 14, IPv4 20, TCP 20 and 12 of time stamps (RFC 894, RFC 791, RFC 9293, RFC 7323). */
export const SEGMENT_HEADERS = 66;

/** Duplicate acknowledgements that tell of a loss at once (RFC 5681 §3.2). */
const DUPLICATES = 3;

/** What the time-out is longer than the round trip, at least (linux: include/net/tcp.h, TCP_RTO_MIN; net/ipv4/tcp_input.c, tcp_rtt_estimator). */
const TIMEOUT_MIN: Micros = 200 * MILLISECOND;

/** How late the kernel's timer fires: one to two ticks of 250 Hz (measured on Linux 6.18: 5.6 to 7.5 ms with a time-out of 200 ms). */
const TIMER_LATE: Micros = 6 * MILLISECOND;

/** What the probe for a lost tail waits beyond two round trips where several segments are unacknowledged (linux: TCP_TIMEOUT_MIN, two ticks; measured 5 to 12 ms). */
const PROBE_OF_SEVERAL: Micros = 8 * MILLISECOND;

/** The longest time-out (linux: include/net/tcp.h, TCP_RTO_MAX). */
const TIMEOUT_MAX: Micros = 120 * SECOND;

/** Retransmissions after which Linux gives a connection up; the last one is taken to arrive (linux: net.ipv4.tcp_retries2). */
const RETRIES = 15;

// Draws of a message: whether each of its last segments is lost, each time that it goes again, and the acknowledgement; its
// jitter; a loss amid it.
const TAIL = 0x7461696c;
const LOST = 0x6c6f7374;
const UNACKNOWLEDGED = 0x61636b;
const JITTER = 0x6a697474;
const AMID = 0x616d6964;

/** What is between the two ends of a connection, as a message of one end meets it. */
export interface TcpPath {
  /** One-way latency of the message, and of its acknowledgement, in microseconds. */
  readonly latency: Micros;
  readonly latencyBack: Micros;
  /** What the links do besides, each way; undefined where they do nothing. */
  readonly there: PathQuality | undefined;
  readonly back: PathQuality | undefined;
}

/** What became of a message. */
export interface TcpPassage {
  /** When its last octet left the narrowest link. */
  readonly sent: Micros;
  /** When all of it has arrived. */
  readonly arrival: Micros;
  /** When the sender has an acknowledgement of it that is not delayed. */
  readonly acknowledged: Micros;
  /** How often it went again because a timer fired. */
  readonly timeouts: number;
}

/** How long octets of data with their headers occupy a link, in whole microseconds. */
export function serialisation(bytes: number, bandwidthMbps: number): Micros {
  if (bandwidthMbps === Number.POSITIVE_INFINITY) return 0;
  const octets = bytes + segments(bytes) * SEGMENT_HEADERS;
  return Math.ceil((octets * 8) / bandwidthMbps);
}

/** The draw number `k` of a message, from [0, 1). */
function uniform(name: number, what: number, k: number): number {
  return hash32(name, what, k) / 2 ** 32;
}

function segments(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / SEGMENT_DATA));
}

/** What queues on the way add to the latency of a message, uniform from 0 to the sum of the jitters. */
export function jitterOf(quality: PathQuality | undefined, name: number): Micros {
  if (quality === undefined || quality.jitterUs === 0) return 0;
  return Math.floor(uniform(name, JITTER, 0) * (quality.jitterUs + 1));
}

/** Whether a segment that stands for itself is lost, as a SYN. */
export function isLost(quality: PathQuality | undefined, name: number): boolean {
  return quality !== undefined && uniform(name, LOST, 0) < quality.loss;
}

/** How long the sender waits before it sends the end of a message again for the first time (linux: net/ipv4/tcp_output.c, tcp_schedule_loss_probe). */
function probeTime(pieces: number, tail: Tail, roundTrip: Micros): Micros {
  // Segments are acknowledged by twos: of an odd number the last is alone when it is lost.
  const alone = pieces === 1 || (tail === "last" && pieces % 2 === 1);
  return 2 * roundTrip + (alone ? TIMEOUT_MIN + TIMER_LATE : PROBE_OF_SEVERAL);
}

/** Which of the last segments of a message are lost. */
type Tail = "none" | "last" | "others";

function tailOf(pieces: number, loss: number, name: number): Tail {
  let tail: Tail = "none";
  for (let i = 0; i < Math.min(pieces, DUPLICATES); i++)
    if (uniform(name, TAIL, i) < loss) tail = i === 0 ? "last" : "others";
  return tail;
}

/**
 * What becomes of a message that is handed to TCP in one piece.
 *
 * A lost segment with three others behind it is sent again after a round trip, once three acknowledgements have repeated
 * each other (RFC 5681 §3.2). That one of the last three is lost shows when the timer of the tail loss probe fires
 * (RFC 8985 §7.2): two round trips and 200 ms for a segment alone, and so for every message of one segment, two ticks of
 * the clock for several. From then on it is sent again at each time-out: the round trip and 200 ms, doubling
 * (RFC 6298 §5). Measured on Linux 6.18 (ground-truth/tcp-loss): 0.206, 0.414, 0.84 and 1.7 s for a segment lost one
 * to four times, 8 ms for one of two, 0.3 ms with three behind it. A lost acknowledgement costs the sender the same, and
 * the receiver nothing. Left out: congestion windows, and losses that the next message of the same connection would have shown.
 *
 * @param at - when it is sent, behind what the link has to send before it.
 * @param bytes - its data.
 * @param name - names its draws: a hash of everything that tells it from other messages.
 */
export function tcpPassage(path: TcpPath, at: Micros, bytes: number, name: number): TcpPassage {
  const { latency, latencyBack, there, back } = path;
  const sent = at + serialisation(bytes, there?.bandwidthMbps ?? Number.POSITIVE_INFINITY);
  const loss = there?.loss ?? 0;
  const lossBack = back?.loss ?? 0;
  const roundTrip = latency + latencyBack;
  const first = sent + latency + jitterOf(there, name);
  if (loss === 0 && lossBack === 0)
    return { sent, arrival: first, acknowledged: first + latencyBack, timeouts: 0 };
  const pieces = segments(bytes);
  const behind = Math.max(0, pieces - DUPLICATES);
  const amid = uniform(name, AMID, 0) < 1 - (1 - loss) ** behind ? roundTrip : 0;
  const tail = tailOf(pieces, loss, name);
  let timeout = roundTrip + TIMEOUT_MIN + TIMER_LATE;
  let wait = 0;
  let arrival = -1;
  for (let k = 0; ; k++) {
    const arrives = k === 0 ? tail === "none" : k === RETRIES || uniform(name, LOST, k) >= loss;
    if (arrives && arrival < 0) arrival = first + amid + wait;
    if (arrives && (k === RETRIES || uniform(name, UNACKNOWLEDGED, k) >= lossBack))
      return { sent, arrival, acknowledged: first + amid + wait + latencyBack, timeouts: k };
    wait += k === 0 ? probeTime(pieces, tail, roundTrip) : timeout;
    if (k > 0) timeout = Math.min(2 * timeout, TIMEOUT_MAX);
  }
}
