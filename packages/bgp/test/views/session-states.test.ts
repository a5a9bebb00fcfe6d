import { describe, expect, test } from "vitest";
import { sessionInfo } from "../../src/index.js";
import { Mesh } from "../support.js";

/** `state | info` of one end, blanks joined as the ground truth writes them. */
function row(mesh: Mesh, node: number, peer: number): string {
  const session = mesh.bird.viewSession(node, peer);
  if (session === undefined) return "absent";
  return `${session.state} | ${sessionInfo(session).replace(/\s+/g, " ").trim()}`;
}

/** Seconds of the simulated clock at which the row says that the state began. */
function since(mesh: Mesh, node: number, peer: number): number {
  return mesh.bird.viewSession(node, peer)!.since / 1e6;
}

/** The rows seen at a rate of ten a second, each once, in order. */
function rowsSeen(mesh: Mesh, node: number, peer: number, seconds: number): string[] {
  const seen: string[] = [];
  for (let i = 0; i < seconds * 10; i++) {
    mesh.run(0.1);
    const now = row(mesh, node, peer);
    if (seen[seen.length - 1] !== now) seen.push(now);
  }
  return seen;
}

describe("state and info of a session, as the daemon went through it", () => {
  test("the opener waits as Active and the other as Passive until both are Established", () => {
    const mesh = new Mesh(2).start().run(0.5);
    expect(row(mesh, 1, 0)).toBe("start | Active");
    expect(row(mesh, 0, 1)).toBe("start | Passive");
    mesh.run(4);
    expect(row(mesh, 1, 0)).toBe("up | Established");
    expect(row(mesh, 0, 1)).toBe("up | Established");
  });

  test("a daemon that does not run shows nothing", () => {
    const mesh = new Mesh(2).start([1]).run(1);
    expect(mesh.bird.view(0)).toBeUndefined();
    expect(mesh.bird.viewSession(0, 1)).toBeUndefined();
  });

  test("without a daemon at the peer the opener is refused every 2 s, and since never changes (law 12)", () => {
    const mesh = new Mesh(2).start([1]).run(3);
    const first = since(mesh, 1, 0);
    expect(rowsSeen(mesh, 1, 0, 8)).toEqual(["start | Active Socket: Connection refused"]);
    expect(Math.abs(since(mesh, 1, 0) - first)).toBeLessThanOrEqual(1);
  });

  test("without a daemon at the peer the passive end gives no hint (law 12)", () => {
    const mesh = new Mesh(2).start([0]).run(30);
    expect(row(mesh, 0, 1)).toBe("start | Passive");
  });

  test("a SIGKILL shows as start, with the end of the connection and then the refusals (law 8 a)", () => {
    const mesh = new Mesh(2).converged();
    const at = mesh.engine.now / 1e6;
    mesh.bird.kill(1);
    expect(rowsSeen(mesh, 0, 1, 5)).toEqual(["start | Passive Socket: Connection closed"]);
    expect(Math.abs(since(mesh, 0, 1) - at)).toBeLessThanOrEqual(1);
    mesh.start([1]).run(10);
    mesh.bird.kill(0);
    expect(rowsSeen(mesh, 1, 0, 5)).toEqual([
      "start | Active Socket: Connection closed",
      "start | Active Socket: Connection refused",
    ]);
  });

  test("the restart time counts down while a restarting peer's routes are kept (RFC 4724 §4.2)", () => {
    const mesh = new Mesh(2).converged();
    mesh.bird.kill(1);
    mesh.run(20);
    const { restartLeft, imported } = mesh.bird.viewSession(0, 1)!;
    expect(imported).toBe(1);
    expect(restartLeft).toBeGreaterThanOrEqual(99);
    expect(restartLeft).toBeLessThanOrEqual(101);
    mesh.run(105);
    expect(mesh.bird.viewSession(0, 1)).toMatchObject({ restartLeft: undefined, imported: 0 });
    expect(row(mesh, 0, 1)).toBe("start | Passive Socket: Connection closed");
  });

  test("a SIGTERM shows as what the peer said (law 8 b)", () => {
    const mesh = new Mesh(2).converged();
    mesh.bird.terminate(0);
    mesh.run(0.5);
    expect(row(mesh, 1, 0)).toBe("start | Active Received: Administrative shutdown");
    mesh.run(3);
    expect(row(mesh, 1, 0)).toBe("start | Active Socket: Connection refused");
  });

  test("a cut is found by the hold timer: Idle for the error wait, then Active, or Passive", () => {
    const mesh = new Mesh(2, { timers: { hold: 9, keepalive: 3 } }).converged();
    mesh.switch.cut.add(0);
    mesh.bird.pathsChanged();
    const opener = rowsSeen(mesh, 1, 0, 30);
    expect(opener[0]).toBe("up | Established");
    expect(opener.filter((text) => text.endsWith("BGP Error: Hold timer expired"))).toEqual(
      expect.arrayContaining([
        "start | Idle BGP Error: Hold timer expired",
        "start | Active BGP Error: Hold timer expired",
      ]),
    );
    expect(row(mesh, 0, 1)).toBe("start | Passive BGP Error: Hold timer expired");
  });

  test("an end in its error wait takes no connection: the opener is reset (bird: BSS_DELAY)", () => {
    const mesh = new Mesh(2, { timers: { hold: 9, keepalive: 3 } }).converged();
    mesh.switch.cut.add(0);
    mesh.bird.pathsChanged();
    let waits = false;
    for (let i = 0; i < 200 && !waits; i++) {
      mesh.run(0.1);
      waits = row(mesh, 0, 1) === "start | Idle BGP Error: Hold timer expired";
    }
    mesh.switch.cut.clear();
    mesh.bird.pathsChanged();
    // A neighbour that starts now opens while the other still waits.
    mesh.bird.kill(1);
    mesh.start([1]);
    expect(rowsSeen(mesh, 1, 0, 6)).toContain("start | Active Socket: Connection reset by peer");
    mesh.run(10);
    expect(row(mesh, 1, 0)).toBe("up | Established");
  });

  test("the hold timer of an idle session stays within its jitter, the keepalive timer within its own", () => {
    const mesh = new Mesh(2).converged();
    for (let i = 0; i < 50; i++) {
      mesh.run(7.3);
      const { hold, keepalive } = mesh.bird.viewSession(0, 1)!;
      expect(hold!.left).toBeGreaterThanOrEqual(100 - 1);
      expect(hold!.left).toBeLessThanOrEqual(240);
      expect(keepalive!.left).toBeLessThanOrEqual(80);
    }
  });

  test("where keepalives are events the timers shown are those that come up", () => {
    const mesh = new Mesh(2, { eventPerKeepalive: true }).converged().run(500);
    mesh.switch.cut.add(0);
    mesh.bird.pathsChanged();
    mesh.run(1);
    const { hold } = mesh.bird.viewSession(0, 1)!;
    mesh.run(hold!.left - 5);
    expect(row(mesh, 0, 1)).toBe("up | Established");
    const { left } = mesh.bird.viewSession(0, 1)!.hold!;
    expect(left).toBeGreaterThanOrEqual(3);
    expect(left).toBeLessThanOrEqual(6);
    mesh.run(10);
    expect(row(mesh, 0, 1)).toContain("Hold timer expired");
  });

  test("during its own recovery a daemon says for how many peers it waits", () => {
    const mesh = new Mesh(3).start([0, 1]).run(5);
    expect(mesh.bird.view(1)!.recovery).toMatchObject({ waiting: 1, timer: { of: 240 } });
    expect(mesh.bird.view(1)!.kernelExports).toBe(false);
    mesh.start([2]).run(5);
    expect(mesh.bird.view(1)!.recovery).toBeUndefined();
    expect(mesh.bird.view(1)!.kernelExports).toBe(true);
  });

  test("looking changes nothing", () => {
    const looked = new Mesh(3).start();
    const left = new Mesh(3).start();
    for (let i = 0; i < 50; i++) {
      looked.run(0.3);
      for (const node of looked.all()) looked.bird.view(node);
      looked.bird.viewSession(0, 1);
      left.run(0.3);
    }
    expect(looked.engine.digest()).toBe(left.engine.digest());
  });
});
