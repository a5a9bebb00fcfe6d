import { type Kernels, type NodeDirectory, Rows } from "@calico-sim/core";
import { agrees } from "./agreement.js";
import type { ExpectedRoute } from "./oracle-terms.js";

/** What the oracle says of a node and a destination; see `expectedRoute`. */
export type Expectation = ExpectedRoute | "unknown" | undefined;

/** Who works it out. */
export interface Oracle {
  /** What the kernel of a node must hold for the destination of a row. */
  expect(node: number, row: number): Expectation;
}

/** Not worked out. */
const OPEN = 0;
/** A pair of an expectation and a kernel's route as one number: expectation × this + route. */
const PAIR = 0x4000000;

/**
 * What the oracle said last of each node and destination, so that it is asked when what it goes by has changed and not
 * with each write of a kernel, of which there are many more.
 */
export class Expectations {
  private readonly oracle: Oracle;
  private readonly nodes: NodeDirectory;
  private readonly kernels: Kernels;
  /** By row and node: an id of {@link said}, or OPEN. */
  private readonly ids: Rows;
  private readonly said: Expectation[] = [undefined];
  /** Id of what the oracle said last. */
  private last: number = OPEN;
  private readonly idOf: Map<string, number> = new Map();
  /** Whether a kernel's route is as expected, by both. */
  private readonly verdicts: Map<number, boolean> = new Map();

  constructor(oracle: Oracle, nodes: NodeDirectory, kernels: Kernels) {
    this.oracle = oracle;
    this.nodes = nodes;
    this.kernels = kernels;
    this.ids = new Rows(4, nodes.size);
  }

  /** What the oracle said of a node and a row; it is asked if it has to be. */
  of(node: number, row: number): Expectation {
    return this.said[this.id(node, row)];
  }

  /** The oracle goes by something that has changed. */
  forget(node: number, row: number): void {
    this.ids.set(row, node, OPEN);
  }

  /** Whether a route in a node's kernel (an id, 0 for none) is as expected. */
  agrees(node: number, row: number, route: number): boolean {
    const id = this.id(node, row);
    const pair = id * PAIR + route;
    let verdict = this.verdicts.get(pair);
    if (verdict === undefined) {
      verdict = this.judge(this.said[id], route);
      this.verdicts.set(pair, verdict);
    }
    return verdict;
  }

  private judge(want: Expectation, route: number): boolean {
    if (want === "unknown") return true;
    if (want === undefined || route === 0) return want === undefined && route === 0;
    return agrees(this.nodes, this.kernels.route(route), want);
  }

  private id(node: number, row: number): number {
    const known = this.ids.get(row, node);
    if (known !== OPEN) return known;
    const id = this.intern(this.oracle.expect(node, row));
    this.ids.set(row, node, id);
    return id;
  }

  private intern(want: Expectation): number {
    // Of one destination most nodes are to hold the same.
    if (isSame(want, this.said[this.last])) return this.last;
    const key = textOf(want);
    let id = this.idOf.get(key);
    if (id === undefined) {
      id = this.said.length;
      this.said.push(want);
      this.idOf.set(key, id);
    }
    this.last = id;
    return id;
  }
}

/** Whether two are the same for sure. */
function isSame(x: Expectation, y: Expectation): boolean {
  if (typeof x !== "object" || typeof y !== "object") return false;
  const single = x.further === undefined && y.further === undefined;
  const route = x.type === y.type && x.writer === y.writer && x.device === y.device;
  return single && route && x.gateway === y.gateway;
}

function textOf(want: Expectation): string {
  if (want === undefined || want === "unknown") return String(want);
  const { type, writer, device, gateway, further } = want;
  const more = further === undefined ? "" : JSON.stringify(further);
  return `${type} ${writer} ${String(device)} ${String(gateway)} ${more}`;
}
