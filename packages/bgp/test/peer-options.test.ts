import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { BirdOptions, NodeDelay, SessionView } from "../src/index.js";
import { type End, Peered } from "./support.js";

const CALICO = 64_512;
const TOR = 65_001;

/** Everybody on one link, or behind one router. */
class Way implements NodeDelay {
  private readonly routers: number;

  constructor(routers: number) {
    this.routers = routers;
  }

  delay(): number {
    return 50;
  }

  routersBetween(): number {
    return this.routers;
  }
}

/** Node 0 as Calico configures it, and node 1 as a plain router that waits. */
function pair(node: End, router: End, routers = 0, options: Partial<BirdOptions> = {}): Peered {
  const lab = new Peered(2, { path: new Way(routers), ...options });
  lab.speaker(0, { asNumber: CALICO });
  lab.speaker(1, { asNumber: TOR, router: true });
  lab.peer(
    0,
    1,
    { remoteAS: TOR, ...node },
    { remoteAS: CALICO, passive: true, addPath: false, keepsForwarding: false, ...router },
  );
  return lab.start([1], { recover: false }).start([0]);
}

function end(lab: Peered, node: number): SessionView {
  return lab.bird.view(node)!.sessions[0]!;
}

/** BGP state and last error of both ends, as `show protocols` has them. */
function states(lab: Peered): readonly [node: string, router: string] {
  const text = ({ bgpState, lastError }: SessionView): string => `${bgpState} ${lastError}`.trim();
  return [text(end(lab, 0)), text(end(lab, 1))];
}

describe("passwords (BIRD 1.6.8 on Linux, measured)", () => {
  test.each([
    ["differ", { password: "a" }, { password: "b" }],
    ["are set at the opener alone", { password: "a" }, {}],
    ["are set at the other end alone", {}, { password: "b" }],
  ])("that %s: the SYN is dropped, nobody sees an error", (_, node, router) => {
    const lab = pair(node, router).run(30);
    expect(states(lab)).toEqual(["Connect", "Passive"]);
    // Repeated each second like a SYN without an answer (law 12).
    expect(lab.bird.wire().tcp.synSegments).toBeGreaterThan(20);
    expect(lab.bird.wire().tcp.accepted).toBe(0);
  });

  test("that differ, with both ends opening: neither gets through", () => {
    const lab = pair({ password: "a" }, { password: "b", passive: false }).run(30);
    expect(states(lab)).toEqual(["Connect", "Connect"]);
  });

  test("that agree change nothing", () => {
    const lab = pair({ password: "a" }, { password: "a" }).run(5);
    expect(states(lab)).toEqual(["Established", "Established"]);
  });

  test("hide that the peer is down: the reset of a host where nobody listens carries no key", () => {
    const plain = pair({}, {}).run(5);
    const keyed = pair({ password: "a" }, { password: "a" }).run(5);
    for (const lab of [plain, keyed]) lab.bird.kill(1);
    plain.run(10);
    keyed.run(10);
    expect([end(plain, 0).bgpState, end(plain, 0).lastError]).toEqual([
      "Active",
      "Socket: Connection refused",
    ]);
    expect([end(keyed, 0).bgpState, end(keyed, 0).lastError]).toEqual([
      "Connect",
      "Socket: Connection closed",
    ]);
  });

  property.prop([fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), fc.boolean()], {
    numRuns: 30,
  })("a session comes up if and only if both ends have the same key", (a, b, passive) => {
    const lab = pair({ password: a }, { password: b, passive }).run(40);
    expect(lab.bird.isEstablished(0, 1)).toBe(a === b);
    expect(lab.bird.isEstablished(1, 0)).toBe(a === b);
  });
});

describe("TTL security (RFC 5082; BIRD 1.6.8, measured)", () => {
  test("at the node alone: the router has the node's OPEN, the node nothing of the router's", () => {
    expect(states(pair({ ttlSecurity: 1 }, {}).run(40))).toEqual(["OpenSent", "OpenConfirm"]);
    expect(states(pair({ ttlSecurity: 1 }, { onLink: true }).run(40))).toEqual([
      "OpenSent",
      "OpenConfirm",
    ]);
  });

  test("at the router alone: the other way round", () => {
    expect(states(pair({}, { ttlSecurity: 1 }).run(40))).toEqual(["OpenConfirm", "OpenSent"]);
  });

  test("at both ends, near enough: the session is up", () => {
    expect(states(pair({ ttlSecurity: 1 }, { ttlSecurity: 1 }).run(10))[0]).toBe("Established");
    const far = pair({ ttlSecurity: 2 }, { ttlSecurity: 2 }, 1).run(10);
    expect(states(far)[0]).toBe("Established");
  });

  test("with a router too many on the way it never is", () => {
    const lab = pair({ ttlSecurity: 1 }, { ttlSecurity: 2 }, 1).run(40);
    expect(lab.bird.isEstablished(0, 1)).toBe(false);
  });

  test("where the OPEN slips through, one end believes in a session that the other never has (measured)", () => {
    const lab = pair({ ttlSecurity: 1 }, {}, 0, { ttlLimitAfterOpen: true }).run(40);
    expect(states(lab)).toEqual(["OpenConfirm", "Established"]);
    // The node gives up, and the router does not hear of it: it is Established until the node connects anew.
    let second = 40;
    while (end(lab, 0).lastError === "" && second++ < 260) lab.run(1);
    expect(end(lab, 0).lastError).toBe("BGP Error: Hold timer expired");
    expect(second).toBeGreaterThan(180);
    expect(end(lab, 1)).toMatchObject({ bgpState: "Established", lastError: "" });
  });

  test("the hold time ends such an opening, and it is tried again after an error wait", () => {
    const lab = pair({ ttlSecurity: 1 }, {}).run(260);
    expect(end(lab, 0).lastError).toBe("BGP Error: Hold timer expired");
    const { connects } = lab.bird.wire().tcp;
    expect(connects).toBe(2);
  });
});

describe("ports", () => {
  test("where nobody listens: refused, each two seconds", () => {
    const lab = pair({ port: 1790 }, {}).run(30);
    expect(states(lab)).toEqual(["Active Socket: Connection refused", "Passive"]);
  });

  test("that agree: the session is up", () => {
    const lab = new Peered(2);
    lab.speaker(1, { listenPort: 1790 });
    lab.peer(0, 1, { port: 1790 }, { passive: true });
    lab.start().run(5);
    expect(lab.bird.isEstablished(0, 1)).toBe(true);
  });

  test("a daemon that is told another port goes on with its own while one of its peers stays (measured)", () => {
    const lab = new Peered(2);
    lab.peer(0, 1, {}, { passive: true });
    lab.start().run(5);
    lab.bird.reconfigure(1, { speaker: { listenPort: 1790 } });
    lab.bird.kill(0);
    lab.bird.start(0);
    lab.run(5);
    expect(lab.bird.isEstablished(0, 1)).toBe(true);
    lab.bird.kill(1);
    lab.bird.start(1);
    lab.run(5);
    expect(lab.bird.isEstablished(0, 1)).toBe(false);
    expect(end(lab, 0).lastError).toBe("Socket: Connection refused");
  });

  test("and moves at once when all of them start anew (measured)", () => {
    const lab = new Peered(2);
    lab.peer(0, 1, {}, { passive: true });
    lab.start().run(5);
    const options = { gracefulRestart: 60 };
    lab.bird.reconfigure(1, {
      speaker: { listenPort: 1790 },
      add: [{ peer: 0, passive: true, options }],
    });
    lab.run(5);
    expect(lab.bird.isEstablished(0, 1)).toBe(false);
    lab.bird.reconfigure(0, { add: [{ peer: 1, passive: false, options: { port: 1790 } }] });
    lab.run(5);
    expect(lab.bird.isEstablished(0, 1)).toBe(true);
  });
});

describe("peers that must be on the link (`direct`)", () => {
  test("are waited for in Idle where they are not, with no socket to answer them (measured)", () => {
    const lab = pair({}, { onLink: true }, 1).run(30);
    expect(states(lab)).toEqual(["Active Socket: Connection refused", "Idle"]);
    expect(states(pair({}, { onLink: true, passive: false }, 1).run(30))[1]).toBe("Idle");
  });

  test("turn strangers away where another peer keeps the socket open", () => {
    const lab = new Peered(3, { path: new NearAndFar() });
    lab.peer(0, 2, {}, { onLink: true, passive: true });
    lab.peer(1, 2, {}, { onLink: true, passive: true });
    lab.start().run(20);
    expect(lab.bird.isEstablished(1, 2)).toBe(true);
    expect(end(lab, 0).lastError).toBe("Socket: Connection reset by peer");
  });
});

/** Node 0 is behind a router. */
class NearAndFar extends Way {
  constructor() {
    super(0);
  }

  override routersBetween(from = 0, to = 0): number {
    return from === 0 || to === 0 ? 1 : 0;
  }
}

describe("source addresses", () => {
  test("that the peer does not know: accepted by TCP and turned away (law 5; BIRD 1.6.8, measured)", () => {
    const lab = pair({ sourceAddress: 0x0a63_0001 }, {}).run(30);
    expect(states(lab)).toEqual(["Active Socket: Connection reset by peer", "Passive"]);
    expect(lab.bird.wire().tcp.accepted).toBeGreaterThan(5);
  });

  test("with a password: the SYN is dropped, for the key belongs to another address", () => {
    const key = { password: "a" };
    const lab = pair({ sourceAddress: 0x0a63_0001, ...key }, key).run(30);
    expect(states(lab)).toEqual(["Connect", "Passive"]);
  });
});

describe("keepalive times", () => {
  test("of one peer: that end alone sends more often", () => {
    const sent = (keepalive: number): number => {
      const lab = pair({ keepalive }, {}).run(10);
      const before = lab.bird.wire().messages.keepalive;
      return lab.run(600).bird.wire().messages.keepalive - before;
    };
    // 60 to 80 s at either end, and 8 to 10 s at one (bird: proto/bgp/bgp.c, bgp_start_timer).
    expect(sent(0)).toBeGreaterThanOrEqual(14);
    expect(sent(0)).toBeLessThanOrEqual(20);
    expect(sent(10)).toBeGreaterThan(60 + 6);
    expect(sent(10)).toBeLessThan(76 + 11);
  });
});

describe("a router that only helps others to restart (`graceful restart aware`, BIRD's default)", () => {
  test("loses its routes with its session, while its neighbours' stay there (measured)", () => {
    const lab = pair({}, {}).run(6);
    expect(lab.routesTo(0, 1)).toBe(1);
    lab.bird.kill(1);
    lab.run(1);
    expect(lab.routesTo(0, 1)).toBe(0);
    const other = pair({}, {}).run(6);
    other.bird.kill(0);
    other.run(10);
    expect(other.bird.routes(1)).toContain(other.block(0, 0));
  });

  test("says less in its OPEN: 53 bytes instead of 57", () => {
    const bytes = (router: End): number => pair({}, router).run(6).bird.wire().bytes.open;
    expect(bytes({ keepsForwarding: true }) - bytes({})).toBe(4);
  });
});

describe("an ordinary router in the nodes' own AS", () => {
  test("tells its routes with BIRD's local preference, not Calico's", () => {
    const lab = new Peered(2);
    lab.speaker(1, { router: true });
    lab.peer(0, 1, {}, { passive: true, addPath: false });
    lab.start().run(6);
    expect(lab.bird.paths(0, lab.block(1, 0))[0]?.attributes.localPref).toBe(100);
  });
});
