import { Engine, type EventHandler } from "@calico-sim/core";
import { type Bench, grouped, type Sample, timed } from "./scenario.js";

const DELAY = 250;
/** Events of one measurement, whatever the number of nodes. */
const EVENTS = 999_000;

/** Every node sends one message to every other at one moment; all links take the same time. */
class Storm implements EventHandler {
  received = 0;
  private readonly engine: Engine;
  private readonly nodes: number;
  private readonly kindSend: number;
  private readonly kindReceive: number;

  constructor(nodes: number) {
    this.nodes = nodes;
    this.engine = new Engine();
    this.kindSend = this.engine.defineKind("send", this);
    this.kindReceive = this.engine.defineKind("receive", this);
  }

  flood(): void {
    const { engine, nodes } = this;
    for (let node = 0; node < nodes; node++) engine.after(1, this.kindSend, node);
    engine.run();
  }

  onEvent(kind: number, a: number, b: number): void {
    if (kind === this.kindReceive) {
      this.received += b >= 0 ? 1 : 0;
      return;
    }
    const { engine, nodes } = this;
    for (let peer = 0; peer < nodes; peer++) {
      if (peer !== a) engine.after(DELAY, this.kindReceive, peer, a);
    }
  }
}

/** Nanoseconds an event. */
function perEvent(nodes: number): number {
  const floods = Math.round(EVENTS / (nodes * (nodes - 1)));
  const storm = new Storm(nodes);
  const wallMs = timed(() => {
    for (let i = 0; i < floods; i++) storm.flood();
  });
  return (wallMs * 1e6) / storm.received;
}

/** Simultaneous events: a mesh that starts. A thousand of them must cost no more each than ten. */
export const engineTieStormBench: Bench = {
  name: "engine-tie-storm",
  sizes: ["1000"],
  small: ["1000"],
  fresh: false,
  run(size): Sample[] {
    const nodes = Number(size);
    const small = perEvent(100);
    const large = perEvent(nodes);
    const quotient = large / small;
    const yardstick = "cost of an event on a 100-node storm, same number of events: ours / it";
    const line = (count: number, nanos: number, ratio: number): Sample => ({
      size: `${grouped(count)} nodes`,
      wallMs: (nanos * EVENTS) / 1e6,
      yardstick,
      ratio,
      detail: `${nanos.toFixed(0)} ns an event`,
      ...(count === 100 ? {} : { target: { figure: "ratio", atMost: 1.5 } as const }),
    });
    return [line(100, small, 1), line(nodes, large, quotient)];
  },
};
