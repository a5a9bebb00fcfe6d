/**
 * What BIRD's work costs, in microseconds of CPU.
 *
 * Fitted to the CPU seconds of the cold starts in ground-truth/bird (law 14 and
 * `cpu_seconds_all_daemons` for 5 to 80 nodes): about 2.6 ms a daemon, 0.09 ms a session end, and a
 * part that grows with sessions × routes because every route learnt is offered to every other
 * protocol (`export_updates.received` of the same files counts exactly that).
 */
export interface BirdCosts {
  /** Loading a process, until it reads the clock for the first time. */
  readonly load: number;
  /** From there to its main loop: configuration read, sockets opened, first scan. */
  readonly start: number;
  /** Added to `start` for each configured peer. */
  readonly startPerPeer: number;
  /** Added to `start` for each static route of `bird_aggr.cfg`. */
  readonly startPerBlock: number;
  /** One turn of the main loop. */
  readonly loop: number;
  /** Added to `loop` for each socket that poll(2) looks at. */
  readonly loopPerSocket: number;
  /** Opening one outgoing connection. */
  readonly connect: number;
  /** Accepting one. */
  readonly accept: number;
  /** Reading or writing one small message. */
  readonly message: number;
  /** Entering Established: buckets, feed, log line. */
  readonly establish: number;
  /** Taking one received prefix into the table. */
  readonly route: number;
  /** Offering one route to one peer: when the route changes, or when the peer is fed. */
  readonly announce: number;
  /**
   * One block's two conditions in `calico_aggr`, which a route of the table passes on its way to a peer until
   * its own block is met. Fitted to the 180 ms that two daemons with 1 200 blocks compute in s1-pack-n2-b1200.
   */
  readonly aggregateRule: number;
  /** Writing one route to the kernel by netlink. */
  readonly kernelRoute: number;
}

/** The profile fitted to Calico's BIRD v0.3.3+birdv1.6.8 on the measuring machine. */
export const BIRD_COSTS: BirdCosts = Object.freeze({
  load: 1_300,
  start: 900,
  startPerPeer: 28,
  startPerBlock: 9,
  loop: 3,
  loopPerSocket: 0.4,
  connect: 48,
  accept: 12,
  message: 3,
  establish: 6,
  route: 3,
  announce: 0.2,
  aggregateRule: 0.12,
  kernelRoute: 10,
});
