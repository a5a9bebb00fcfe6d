import { describe, expect, test } from "vitest";
import { WORK_BITS } from "../../src/fleet/daemon.js";
import { SESSION_ENDS_MAX, SessionLimitError } from "../../src/index.js";
import { CONNECTIONS_MAX } from "../../src/session/capacity.js";
import { Connections } from "../../src/session/connections.js";
import { Peerings } from "../../src/session/peerings.js";

describe("what a fleet can hold", () => {
  test("is what the queue of work and the timers can name", () => {
    const last = SESSION_ENDS_MAX - 1;
    expect((((last << WORK_BITS) | 9) >> WORK_BITS) - last).toBe(0);
    expect(((last + 1) << WORK_BITS) >> WORK_BITS).not.toBe(last + 1);
    expect((last * 4 + 3) >> 2).toBe(last);
    expect(2 * CONNECTIONS_MAX).toBe(SESSION_ENDS_MAX);
  });

  test("ends with an error where one peer more is configured", () => {
    const ends = new Peerings(512);
    ends.addNode();
    for (let peer = 1; peer <= 512; peer++) ends.add(0, peer, false, 0);
    expect(() => ends.add(0, 513, false, 0)).toThrow(SessionLimitError);
    expect(() => ends.add(0, 513, false, 0)).toThrow(
      "more than 512 ends of BGP sessions cannot be simulated; route reflectors instead of the node-to-node mesh need fewer",
    );
  });

  test("ends with an error where one connection more is opened", () => {
    const conns = new Connections(512);
    for (let c = 0; c < 512; c++) conns.open(0, 0, 1);
    expect(() => conns.open(0, 0, 1)).toThrow(/more than 512 BGP connections in one run/);
  });
});
