import { fork, type PathQuality, SECOND } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { Mesh } from "./support.js";

const size = fc.integer({ min: 2, max: 7 });
const seed = fc.nat(1_000_000);

/** Start times in milliseconds, one for each node of a mesh. */
const starts = size.chain((n) => fc.array(fc.nat(10_000), { minLength: n, maxLength: n }));

/** Starts every node at its time and lets the mesh settle. */
function startAll(mesh: Mesh, times: readonly number[]): void {
  const order = mesh.all().sort((x, y) => times[x]! - times[y]!);
  for (const node of order) {
    mesh.run(Math.max(0, times[node]! / 1_000 - mesh.engine.now / SECOND));
    mesh.start([node]);
  }
}

type Fault = { readonly node: number; readonly what: string; readonly rest: number };

const fault: fc.Arbitrary<Fault> = fc.record({
  node: fc.nat(4),
  what: fc.constantFrom("kill", "terminate", "start", "crash", "reboot", "cut", "heal"),
  rest: fc.nat(20_000),
});

function inject(mesh: Mesh, { node, what, rest }: Fault): void {
  if (what === "kill") mesh.bird.kill(node);
  else if (what === "terminate") mesh.bird.terminate(node);
  else if (what === "start") mesh.start([node]);
  else if (what === "crash") mesh.bird.crash(node);
  else if (what === "reboot") mesh.bird.reboot(node);
  else {
    if (what === "cut") mesh.switch.cut.add(node);
    else mesh.switch.cut.delete(node);
    mesh.bird.pathsChanged();
  }
  mesh.run(rest / 1_000);
}

const cable: fc.Arbitrary<Partial<PathQuality>> = fc.record({
  jitterUs: fc.nat(3_000),
  loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
  bandwidthMbps: fc.constantFrom(0.1, 1, 100, Number.POSITIVE_INFINITY),
});

/** What happened in a mesh, in an order that does not tell apart who acted first in one microsecond. */
function history({ diary }: Mesh): string[][] {
  return ([diary.sessions, diary.recovered, diary.routes] as const).map((entries) =>
    entries.map((entry) => JSON.stringify(entry)).sort(),
  );
}

/** Every route a running daemon holds leads to a peer that it is in session with, or to itself. */
function routesWithoutSession(mesh: Mesh): string[] {
  const wrong: string[] = [];
  for (const i of mesh.all()) {
    if (!mesh.bird.isRunning(i)) continue;
    for (const prefix of mesh.bird.routes(i)) {
      const via = mesh.bird.bestPath(i, prefix);
      if (via !== i && !mesh.bird.isEstablished(i, via)) wrong.push(`${i} via ${via}`);
    }
  }
  return wrong;
}

describe("a fleet of BIRDs", () => {
  test.prop([starts, seed, fc.nat(3)])(
    "whenever its members start, sends each message exactly once and ends with every route",
    (times, s, blocks) => {
      const mesh = new Mesh(times.length, { seed: s, blocks });
      startAll(mesh, times);
      mesh.run(8);
      const n = times.length;
      const { messages, update, tcp } = mesh.bird.wire();
      expect(messages.total).toBe((blocks > 0 ? 4 : 3) * n * (n - 1));
      expect(update.nlri).toBe(blocks * n * (n - 1));
      expect(tcp.accepted).toBe((n * (n - 1)) / 2);
      expect(tcp.connects).toBe(tcp.accepted + tcp.refused);
      expect(mesh.complete()).toBe(true);
    },
  );

  test.prop([fc.array(fault, { maxLength: 12 }), seed])(
    "after any faults and a long rest holds no route without a session, and all of them once healed",
    (faults, s) => {
      const mesh = new Mesh(5, { seed: s }).converged();
      for (const f of faults) inject(mesh, f);
      mesh.run(800);
      expect(routesWithoutSession(mesh)).toEqual([]);
      for (const node of mesh.all()) {
        mesh.switch.cut.delete(node);
        mesh.bird.reboot(node);
        mesh.start([node]);
      }
      mesh.bird.pathsChanged();
      mesh.run(800);
      expect(mesh.bird.establishedEnds).toBe(20);
      expect(mesh.complete()).toBe(true);
      const own = mesh.all().map((i) => mesh.bird.routes(i).length);
      expect(own).toEqual([5, 5, 5, 5, 5]);
    },
  );

  test.prop([starts, seed])("has one history for one seed", (times, s) => {
    const digests = [0, 1].map(() => {
      const mesh = new Mesh(times.length, { seed: s });
      startAll(mesh, times);
      return mesh.run(10).engine.digest();
    });
    expect(digests[0]).toBe(digests[1]);
  });

  test.prop([starts, seed, fc.nat(6_000), fc.array(fault, { maxLength: 4 })])(
    "goes on in a fork as in the original",
    (times, s, at, faults) => {
      const original = new Mesh(5, { seed: s });
      startAll(original, times.slice(0, 5).concat(Array<number>(5).fill(0)).slice(0, 5));
      original.run(at / 1_000);
      const copy = fork(original);
      for (const mesh of [original, copy]) {
        for (const f of faults) inject(mesh, f);
        mesh.run(30);
      }
      expect(copy.engine.digest()).toBe(original.engine.digest());
      expect(copy.bird.wire()).toEqual(original.bird.wire());
      expect(copy.diary.routes).toEqual(original.diary.routes);
    },
  );

  test.prop([starts, seed, fc.array(fault, { maxLength: 6 })])(
    "has the same history whether a message is an event or waits for its daemon to look",
    (times, s, faults) => {
      const [plain, fine] = [false, true].map((eventPerMessage) => {
        const mesh = new Mesh(5, { seed: s, eventPerMessage });
        startAll(mesh, times.slice(0, 5).concat(Array<number>(5).fill(0)).slice(0, 5));
        for (const f of faults) inject(mesh, f);
        return mesh.run(20);
      });
      expect(history(plain!)).toEqual(history(fine!));
      expect(plain!.bird.wire()).toEqual(fine!.bird.wire());
      expect(plain!.engine.dispatched).toBeLessThan(fine!.engine.dispatched);
    },
  );

  // With 1,000 blocks a node has three UPDATEs to tell.
  test.prop([starts, seed, fc.array(fault, { maxLength: 6 }), cable, fc.constantFrom(3, 1_000)])(
    "has the same history either way over links that jitter, lose and are narrow",
    (times, s, faults, links, blocks) => {
      const [plain, fine] = [false, true].map((eventPerMessage) => {
        const mesh = new Mesh(5, { seed: s, eventPerMessage, blocks, cable: links });
        startAll(mesh, times.slice(0, 5).concat(Array<number>(5).fill(0)).slice(0, 5));
        for (const f of faults) inject(mesh, f);
        return mesh.run(20);
      });
      expect(history(plain!)).toEqual(history(fine!));
      expect(plain!.bird.wire()).toEqual(fine!.bird.wire());
    },
  );

  test.prop([size, seed])("draws nobody's clock anew when an unrelated node appears", (n, s) => {
    const phases = [n, n + 1].map((count) => {
      const mesh = new Mesh(count, { seed: s }).start();
      const { x } = mesh.bird as unknown as { x: { phase: Int32Array } };
      return [...x.phase.slice(0, n)];
    });
    expect(phases[1]).toEqual(phases[0]);
  });

  test.prop([seed, fc.integer({ min: 1, max: 80 }), fc.integer({ min: 0, max: 5_000 })])(
    "counts the keepalives of an idle session as if each were sent",
    (s, keepalive, seconds) => {
      const mesh = new Mesh(2, { seed: s, timers: { keepalive } }).converged();
      const { keepalives, x } = mesh.bird as unknown as {
        keepalives: {
          sent(side: number, until: number): number;
          next(side: number, from: number): number;
          last(side: number, before: number): number;
          interval(side: number, k: number): number;
        };
        x: { conns: { since: Float64Array } };
      };
      const until = mesh.engine.now + seconds * SECOND;
      let total = 0;
      for (const side of [0, 1]) {
        const times = [x.conns.since[side]!];
        for (let k = 0; times.at(-1)! <= until; k++)
          times.push(times.at(-1)! + keepalives.interval(side, k));
        expect(keepalives.sent(side, until)).toBe(times.length - 2);
        expect(keepalives.next(side, until + 1)).toBe(times.at(-1));
        expect(keepalives.last(side, until + 1)).toBe(times.at(-2));
        for (const [k, t] of times.slice(1).entries()) {
          expect(t - times[k]!).toBeLessThanOrEqual(keepalive * SECOND);
          expect(t - times[k]!).toBeGreaterThanOrEqual(0.75 * keepalive * SECOND);
        }
        total += times.length - 2;
      }
      mesh.run(seconds);
      expect(mesh.bird.wire().messages.keepalive).toBe(2 + total);
    },
  );

  test.prop([seed, fc.array(fault, { maxLength: 6 }), fc.integer({ min: 4, max: 20 })])(
    "counts the same keepalives whether it is asked once or again and again",
    (s, faults, keepalive) => {
      const [once, often] = [1, 2].map(() =>
        new Mesh(5, { seed: s, timers: { keepalive } }).start(),
      );
      for (const one of faults) {
        inject(once!, one);
        inject(often!, one);
        often!.bird.wire();
      }
      for (const mesh of [once!, often!]) mesh.run(120);
      expect(often!.bird.wire().messages).toEqual(once!.bird.wire().messages);
    },
  );
});
