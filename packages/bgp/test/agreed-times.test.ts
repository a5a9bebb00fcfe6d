import { describe, expect, test } from "vitest";
import type { End } from "./support.js";
import { Peered } from "./support.js";

const NODE = 64_512;
const ROUTER = 65_001;

/** A node, and a router that waits for it. */
function pair(node: End, router: End, eventPerKeepalive = false): Peered {
  const lab = new Peered(2, { eventPerKeepalive });
  lab.peer(0, 1, { remoteAS: ROUTER, ...node }, { remoteAS: NODE, passive: true, ...router });
  lab.speaker(1, { asNumber: ROUTER, router: true });
  return lab.start([1], { recover: false }).start([0]);
}

/** What `show protocols all` shows of both ends: total hold and keepalive time. */
function shown(lab: Peered): readonly unknown[] {
  return [
    [0, 1],
    [1, 0],
  ].map(([end, other]) => {
    const view = lab.bird.viewSession(end!, other!);
    return [view?.hold?.of, view?.keepalive?.of];
  });
}

/** Seconds from when the path is cut until each end gives the other up. */
function givenUp(lab: Peered, within: number): readonly number[] {
  lab.run(10);
  const cut = lab.engine.now;
  lab.switch.cut.add(1);
  lab.bird.pathsChanged();
  lab.diary.forget();
  lab.run(within);
  return lab.diary.sessions.map(({ at }) => lab.since(cut, at));
}

describe.each([false, true])("times of single sessions, each keepalive an event: %s", (events) => {
  // BIRD 1.6.8, `show protocols all` of both ends, the second with the options in its configuration.
  test.each([
    ["hold time 30 at one end", {}, { hold: 30 }, [30, 10], [30, 10]],
    [
      "a keepalive time is kept, whatever is agreed",
      { keepalive: 80 },
      { hold: 30 },
      [30, 80],
      [30, 10],
    ],
    ["no hold time, and so no keepalive", {}, { hold: 0 }, [0, 0], [0, 0]],
    ["no hold time, but a keepalive time", { keepalive: 7 }, { hold: 0 }, [0, 7], [0, 0]],
    ["a longer one than the peer's", {}, { hold: 600 }, [240, 80], [240, 80]],
  ] as const)("%s", (_, node, router, ofNode, ofRouter) => {
    expect(shown(pair(node, router, events).run(10))).toEqual([ofNode, ofRouter]);
  });

  test("over a cut path a session ends with the smaller hold time, less up to a quarter, from the last keepalive", () => {
    const ends = givenUp(pair({}, { hold: 9 }, events), 20);
    expect(ends).toHaveLength(2);
    for (const after of ends) {
      expect(after).toBeGreaterThan(7 - 3 - 1.1);
      expect(after).toBeLessThan(9 + 1.1);
    }
  });

  test("without a hold time nobody misses anybody", () => {
    const lab = pair({}, { hold: 0 }, events);
    expect(givenUp(lab, 2_000)).toEqual([]);
    expect(lab.bird.isEstablished(0, 1)).toBe(true);
  });

  test("keepalives that come more seldom than the agreed hold time end the session again and again (measured)", () => {
    const lab = pair({ keepalive: 80 }, { hold: 9 }, events).run(60);
    const lost = lab.diary.sessions.filter(({ node, up }) => node === 1 && !up);
    expect(lost.length).toBeGreaterThan(2);
    while (lab.bird.isEstablished(1, 0)) lab.run(1);
    expect(lab.bird.viewSession(1, 0)?.lastError).toBe("BGP Error: Hold timer expired");
    // The router hears nothing behind the UPDATEs of the beginning: it lasts 7 to 9 s from there.
    const [first] = lab.diary.sessions.filter(({ node }) => node === 1);
    const lasted = lab.since(first!.at, lost[0]!.at);
    expect(lasted).toBeGreaterThan(6.9);
    expect(lasted).toBeLessThan(11);
  });

  test("keepalives that are only sometimes too late end it some time, and not at once", () => {
    // Every 75 to 100 s, against 75 to 100 s of hold time.
    const lab = pair({ keepalive: 100 }, { hold: 100 }, events).run(90);
    const seconds = 4_000;
    lab.run(seconds);
    const lost = lab.diary.sessions.filter(({ node, up }) => node === 1 && !up).length;
    expect(lost).toBeGreaterThan(3);
    expect(lost).toBeLessThan(seconds / 100);
  });

  test("connect delay and connect retry are those of the end that opens", () => {
    const lab = new Peered(2, { eventPerKeepalive: events });
    lab.peer(0, 1, { connectDelay: 12, connectRetry: 40 }, { passive: true });
    const tried: number[] = [];
    lab.start([0]);
    lab.switch.cut.add(1);
    for (let s = 0, before = 0; s < 100; s++) {
      lab.run(1);
      const { connects } = lab.bird.wire().tcp;
      if (connects > before) tried.push(s);
      before = connects;
    }
    const [first = 0, second = 0] = tried;
    expect(first).toBeGreaterThanOrEqual(8);
    expect(first).toBeLessThanOrEqual(13);
    expect(second - first).toBeGreaterThanOrEqual(30);
    expect(second - first).toBeLessThanOrEqual(42);
  });
});
