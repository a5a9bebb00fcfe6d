import type { Micros, PathQuality } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { OPEN } from "../src/session/segments.js";
import { Mesh } from "./support.js";

const size = fc.integer({ min: 2, max: 6 });
const seed = fc.nat(1_000_000);
const cable: fc.Arbitrary<Partial<PathQuality>> = fc.record({
  jitterUs: fc.nat(20_000),
  loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
  bandwidthMbps: fc.constantFrom(0.05, 1, 1_000, Number.POSITIVE_INFINITY),
});

/** The parts of a fleet between which messages pass. */
interface Insides {
  readonly transport: {
    deliver(side: number, what: number, at: Micros): void;
    reject(side: number, what: number, at: Micros): void;
    collect(node: number): void;
  };
  readonly x: { readonly inbox: { addMessage(node: number, side: number, what: number): void } };
}

/**
 * A mesh whose node 0 is told to stop amid its start, and is started again: every message as it was sent, and as it was
 * found in its socket, or came to where there was none any more.
 */
function observed(mesh: Mesh, stopAt: number) {
  const { transport, x } = mesh.bird as unknown as Insides;
  const sent: { side: number; what: number; at: Micros }[] = [];
  const found: { side: number; what: number }[] = [];
  const deliver = transport.deliver.bind(transport);
  transport.deliver = (side, what, at) => {
    if ((what & 15) >= OPEN) sent.push({ side, what, at });
    deliver(side, what, at);
  };
  const addMessage = x.inbox.addMessage.bind(x.inbox);
  x.inbox.addMessage = (node, side, what) => {
    if ((what & 15) >= OPEN) found.push({ side, what });
    addMessage(node, side, what);
  };
  let homeless = 0;
  const reject = transport.reject.bind(transport);
  transport.reject = (side, what, at) => {
    if ((what & 15) >= OPEN) homeless++;
    reject(side, what, at);
  };
  mesh.start().run(stopAt);
  // What lies in its sockets has arrived.
  transport.collect(0);
  mesh.bird.terminate(0);
  mesh.run(1).start([0]);
  // As long as eleven time-outs one behind the other take.
  mesh.run(500);
  return { sent, found, homeless };
}

/** When the last route of a mesh came. */
const converged = ({ diary }: Mesh): Micros => Math.max(...diary.routes.map(({ at }) => at));

/** The mean of that over some seeds. */
function meanConvergence(options: ConstructorParameters<typeof Mesh>[1]): number {
  const runs = Array.from({ length: 6 }, (_, i) => {
    const mesh = new Mesh(4, { ...options, seed: i }).start().run(200);
    expect(mesh.complete()).toBe(true);
    return converged(mesh);
  });
  return runs.reduce((sum, at) => sum + at, 0) / runs.length;
}

describe("TCP over links that jitter, lose and are narrow", () => {
  test.prop([size, seed, fc.nat(4), cable, fc.boolean(), fc.nat(5_000)])(
    "every message arrives, once, in the order of its connection, or finds its socket closed",
    (n, s, blocks, links, eventPerMessage, stopAt) => {
      const mesh = new Mesh(n, { seed: s, blocks, cable: links, eventPerMessage });
      const { sent, found, homeless } = observed(mesh, stopAt / 1_000);
      const bySide = <T extends { side: number }>(all: T[]): Map<number, T[]> => {
        const sides = new Map<number, T[]>();
        for (const one of all) sides.set(one.side, [...(sides.get(one.side) ?? []), one]);
        return sides;
      };
      const received = bySide(found);
      for (const [side, messages] of bySide(sent)) {
        const times = messages.map(({ at }) => at);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        const whats = received.get(side)?.map(({ what }) => what) ?? [];
        expect(whats).toEqual(messages.slice(0, whats.length).map(({ what }) => what));
      }
      expect(found.length + homeless).toBe(sent.length);
      expect(mesh.complete()).toBe(true);
    },
  );

  test.prop([size, seed, fc.nat(3), cable])(
    "what is lost and late changes no table in the end",
    (n, s, blocks, links) => {
      const [clean, rough] = [undefined, links].map((c) =>
        new Mesh(n, { seed: s, blocks, ...(c && { cable: c }) }).start().run(500),
      );
      const tables = (mesh: Mesh): number[][] =>
        mesh.all().map((node) => [...mesh.bird.routes(node)].sort((a, b) => a - b));
      expect(tables(rough!)).toEqual(tables(clean!));
      expect(rough!.complete()).toBe(true);
      expect(rough!.bird.establishedEnds).toBe(n * (n - 1));
    },
  );

  test("the more is lost, the longer it takes", () => {
    const means = [0, 0.05, 0.2, 0.35].map((loss) => meanConvergence({ cable: { loss } }));
    expect(means).toEqual([...means].sort((a, b) => a - b));
    expect(means[3]! - means[0]!).toBeGreaterThan(1_000_000);
  });

  test("the narrower the links, the longer it takes", () => {
    const means = [Number.POSITIVE_INFINITY, 10, 0.5, 0.01].map((bandwidthMbps) =>
      meanConvergence({ blocks: 20, cable: { bandwidthMbps } }),
    );
    expect(means).toEqual([...means].sort((a, b) => a - b));
    expect(new Set(means).size).toBe(4);
  });

  test.prop([size, seed])("an unrelated node moves nobody's draws", (n, s) => {
    const times = [0, 1].map((more) => {
      const mesh = new Mesh(n + more, { seed: s, cable: { loss: 0.1, jitterUs: 500 } });
      for (const node of mesh.all()) mesh.configure(node);
      if (more === 1) {
        for (let i = 0; i < n; i++) mesh.bird.configure(i, { remove: [n] });
      }
      mesh.start(mesh.all().slice(0, n)).run(60);
      return mesh.diary.routes.map(({ node, prefix, at }) => [
        node,
        mesh.prefixes.text(prefix),
        at,
      ]);
    });
    expect(times[1]).toEqual(times[0]);
  });
});
