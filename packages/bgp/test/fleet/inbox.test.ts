import { describe, expect, test } from "vitest";
import { Inbox, LISTENING } from "../../src/fleet/inbox.js";
import { Connections, SIDE } from "../../src/session/connections.js";
import { KEEPALIVE, OPEN } from "../../src/session/segments.js";

/** A daemon, 0, with the opener's side of some connections, oldest first. */
function opened(count: number): { conns: Connections; inbox: Inbox; sides: number[] } {
  const conns = new Connections();
  const inbox = new Inbox(conns);
  inbox.addDaemon();
  const sides = Array.from({ length: count }, (_, e) => 2 * conns.open(e, 0, e + 1));
  return { conns, inbox, sides };
}

/** Takes out all connections that are not up. */
function fresh(inbox: Inbox): number[] {
  return Array.from({ length: inbox.sortFresh(0) }, () => inbox.takeFresh(0));
}

describe("what poll(2) reports", () => {
  test("connections that are not up come in the order of their age, whatever came first", () => {
    const { conns, inbox, sides } = opened(3);
    const [a, b, c] = sides as [number, number, number];
    conns.setState(b, SIDE.openSent);
    inbox.addOutcome(0, c, true);
    inbox.addMessage(0, b, OPEN);
    inbox.addOutcome(0, a, false);
    expect(fresh(inbox)).toEqual([2 * a, 2 * b, 2 * c + 1]);
    expect(fresh(inbox)).toEqual([]);
  });

  test("data of a connection is not readable before the process knows that it is made", () => {
    const { conns, inbox, sides } = opened(1);
    const [side] = sides as [number];
    inbox.addMessage(0, side, OPEN);
    expect(inbox.pending(0)).toBe(false);
    conns.setState(side, SIDE.openSent);
    inbox.opened(0, side);
    expect(fresh(inbox)).toEqual([2 * side]);
  });

  test("a session is among the sockets that are read a few at a time, behind the listening one", () => {
    const { conns, inbox, sides } = opened(1);
    const [side] = sides as [number];
    conns.setState(side, SIDE.established);
    inbox.addMessage(0, side, KEEPALIVE);
    inbox.addConnection(0, 99);
    inbox.poll(0);
    expect([inbox.takeSocket(0), inbox.takeSocket(0)]).toEqual([LISTENING, side]);
    expect(fresh(inbox)).toEqual([]);
  });

  test("a connection that closes is read no more", () => {
    const { conns, inbox, sides } = opened(1);
    const [side] = sides as [number];
    conns.setState(side, SIDE.closing);
    inbox.addMessage(0, side, OPEN);
    expect(inbox.pending(0)).toBe(false);
  });
});
