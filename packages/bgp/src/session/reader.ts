import type { FleetContext } from "../fleet/context.js";
import { LISTENING } from "../fleet/inbox.js";
import type { Learner } from "../rib/learner.js";
import { SIDE } from "./connections.js";
import type { Recovery } from "./recovery.js";
import { CLOSED, END_OF_RIB, KEEPALIVE, NOTIFICATION, OPEN, REFRESH, UPDATES } from "./segments.js";
import type { Sessions } from "./sessions.js";
import type { Silence } from "./silence.js";

/** Reading a socket: the listening one gives one connection, a BGP session all the messages that wait in it. */
export class Reader {
  private readonly x: FleetContext;
  private readonly sessions: Sessions;
  private readonly recovery: Recovery;
  private readonly learner: Learner;
  private readonly silence: Silence;

  constructor(
    context: FleetContext,
    sessions: Sessions,
    recovery: Recovery,
    learner: Learner,
    silence: Silence,
  ) {
    this.x = context;
    this.sessions = sessions;
    this.recovery = recovery;
    this.learner = learner;
    this.silence = silence;
  }

  /** Reads a side's socket, or {@link LISTENING}. */
  read(node: number, socket: number): void {
    const { inbox } = this.x;
    if (socket === LISTENING) {
      this.sessions.onAccept(node, inbox.takeConnection(node));
      return;
    }
    const e = this.x.conns.end(socket);
    this.message(node, e, socket, inbox.takeMessage(socket));
    while (inbox.hasData(socket)) this.message(node, e, socket, inbox.takeMessage(socket));
    // The end of a connection behind data is what the next read(2) brings (bird: sysdep/unix/io.c, sk_read).
    inbox.opened(node, socket);
  }

  private message(node: number, e: number, side: number, what: number): void {
    const state = this.x.conns.state[side]!;
    if (state === SIDE.closed || state === SIDE.none) return;
    this.x.spend(node, this.x.costs.message);
    switch (what & 15) {
      case CLOSED:
        this.sessions.onClosed(node, e, side, what >> 4 === 1);
        return;
      case OPEN:
        this.sessions.onOpen(node, e, side, what >> 4);
        return;
      case KEEPALIVE:
        if (state !== SIDE.openConfirm && state !== SIDE.established) return;
        this.x.idle?.heard(node, e);
        if (state === SIDE.established) return;
        this.sessions.onConfirmed(node, e, side);
        this.silence.check(side);
        return;
      case END_OF_RIB:
        this.x.idle?.heard(node, e);
        this.recovery.unlock(node, e);
        this.learner.restartDone(node, e);
        return;
      case NOTIFICATION:
        this.sessions.onNotification(node, e, side, what >> 4);
        return;
      case REFRESH:
        this.x.idle?.heard(node, e);
        this.learner.onRefeed(node, e, what >> 4);
        return;
      case UPDATES:
        this.x.idle?.heard(node, e);
        this.learner.onRun(node, e, what >> 4);
        return;
      default:
        this.x.idle?.heard(node, e);
        this.learner.onUpdate(node, e, what >> 4);
    }
  }
}
