import { MILLISECOND, type Micros, SECOND } from "@calico-sim/core";

/** Timer values of a BGP session in whole seconds, as BIRD keeps them. */
export interface SessionTimers {
  /** `connect delay time` (calico: confd/etc/calico/confd/templates/bird.cfg.template). @defaultValue 2 */
  readonly connectDelay: number;
  /** `connect retry time` (same file). @defaultValue 5 */
  readonly connectRetry: number;
  /** First `error wait time`, doubling after each error (same file). @defaultValue 5 */
  readonly errorWaitMin: number;
  /** Last `error wait time` (same file). @defaultValue 30 */
  readonly errorWaitMax: number;
  /** Hold time; Calico sets none (bird: proto/bgp/config.Y). @defaultValue 240 */
  readonly hold: number;
  /** Keepalive time; a third of the hold time (bird: proto/bgp/bgp.c). @defaultValue 80 */
  readonly keepalive: number;
  /** `graceful restart time` advertised (bird: proto/bgp/config.Y). @defaultValue 120 */
  readonly gracefulRestart: number;
  /** `graceful restart wait` of the daemon (bird: nest/proto.c). @defaultValue 240 */
  readonly gracefulRestartWait: number;
}

/** Calico's rendered values, and BIRD's defaults where Calico sets none. */
export const SESSION_TIMERS: SessionTimers = Object.freeze({
  connectDelay: 2,
  connectRetry: 5,
  errorWaitMin: 5,
  errorWaitMax: 30,
  hold: 240,
  keepalive: 80,
  gracefulRestart: 120,
  gracefulRestartWait: 240,
});

/** TCP port of BGP (RFC 4271 §2). */
export const BGP_PORT = 179;

/** NOTIFICATION code Cease (RFC 4271 §4.5). */
export const CEASE = 6;

/** Connections that wait for accept(2) before the kernel drops further SYNs: backlog 8, so 9 (bird: sysdep/unix/io.c; linux: sk_acceptq_is_full). */
export const ACCEPT_QUEUE_MAX = 9;

/** A SYN without an answer is repeated after this (linux: TCP_TIMEOUT_INIT; each second since 6.5, tcp_syn_linear_timeouts). */
export const SYN_RETRY: Micros = SECOND;

/** The kernel's timers of a second fire this late at most (linux: kernel/time/timer.c; measured for law 12: 1.00 to 1.036 s). */
export const SYN_RETRY_LATE: Micros = 36 * MILLISECOND;

/** Address resolution asks three times, a second apart, and fails a second later (linux: net/core/neighbour.c, NEIGH_VAR_MCAST_PROBES, NEIGH_VAR_RETRANS_TIME). */
export const RESOLUTION_GIVES_UP: Micros = 3 * SECOND;

/** Delayed acknowledgement (linux: TCP_DELACK_MIN), which comes with a tick of the kernel's clock (250 Hz); measured 41 to 48 ms (law 7). */
export const DELAYED_ACK: Micros = 40 * MILLISECOND;
/** One tick. */
export const TICK: Micros = 4 * MILLISECOND;

/** First retransmission time-out; doubles up to {@link RETRANSMIT_MAX} (linux: TCP_RTO_MIN, TCP_RTO_MAX). */
export const RETRANSMIT_MIN: Micros = 200 * MILLISECOND;
/** Longest retransmission time-out. */
export const RETRANSMIT_MAX: Micros = 120 * SECOND;

/** Times that the FIN of a socket without a process is repeated (linux: net/ipv4/tcp_timer.c, tcp_orphan_retries). */
export const ORPHAN_RETRIES = 8;

/** Sockets read in one turn of BIRD's main loop (bird: sysdep/unix/io.c, MAX_RX_STEPS); the listening one gives one connection. */
export const READS_PER_LOOP = 4;

/** Turns in a row that leave sessions unread because queued work goes on (bird: sysdep/unix/io.c, SHORT_LOOP_MAX). */
export const SHORT_TURNS = 10;

/** Routes handed to a peer in one step of a feed (bird: nest/rt-table.c, rt_feed_baby). */
export const FEED_STEP = 256;

/**
 * One second of sleep in poll(2) as it comes out at least and at most: the kernel allows itself 0.1 % (linux:
 * fs/select.c, select_estimate_accuracy), the scan that ends the sleep and the wake-up take as much again.
 * Measured: the 2 s grid of an idle daemon moves by 2 to 3 ms a second, and a wait of 240 s takes 240.5 (law 4).
 * The width is that of half of 956 sleeps of BIRD 1.6.8, traced: 1.022 to 1.086 ms late.
 */
export const POLL_SECOND_MIN: Micros = SECOND + 1_950;
export const POLL_SECOND_MAX: Micros = SECOND + 2_050;
/** By how much the kernel may delay a sleep of one second to end it together with another (linux: fs/select.c, select_estimate_accuracy). */
export const POLL_SLACK: Micros = MILLISECOND;

/** Octets of data in a full TCP segment over Ethernet, with timestamps (RFC 6691; linux: net/ipv4/tcp_output.c, tcp_current_mss). */
export const SEGMENT_BYTES = 1448;
