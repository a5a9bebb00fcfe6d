import { PLAIN } from "./attributes.js";
import { IntTuples } from "./int-tuples.js";

/** Marks an own static route: as the peer that a path comes from, and as the source of what a node announces itself. */
export const OWN = -2;

/** Room for path identifiers beside a prefix in one integer: node ids, OWN, and those beyond. */
export const SOURCES: number = 2 ** 22;

/** Marks a route that BIRD learnt from its own kernel (`learn` of the kernel protocol): as the peer that a path comes from. */
export const KERNEL = -4;

/** What tells such a path from others of its prefix; there is one at most. */
export const KERNEL_SOURCE = 0;

/** The path of a route that a node originates. */
export const OWN_PATH = 0;

/** The path of an ordinary route of the own kernel. */
export const KERNEL_PATH = 1;

/** No path. */
export const NO_PATH = -1;

const INTERNAL = 1;
const AT_ROUTER = 2;
const ALONE = 4;
const POLICY_SHIFT = 3;

/** What a daemon is to the paths in its table. */
export interface Holder {
  /** An ordinary router. */
  readonly router: boolean;
  /** Its kernel gets equally good paths as one route (`merge paths`), not the best alone. */
  readonly mergesPaths: boolean;
}

/** How an end treats its peer, as one integer: its policy, whether it takes the peer for internal, and whose end it is. */
export function treatment(policy: number, internal: boolean, holder: Holder): number {
  const kind = (holder.router ? AT_ROUTER : 0) + (holder.mergesPaths ? 0 : ALONE);
  return (policy << POLICY_SHIFT) + (internal ? INTERNAL : 0) + kind;
}

/** As which the node's own routes are treated. */
const LOCAL: number = treatment(0, true, { router: false, mergesPaths: true });

/**
 * Distinct paths of a run by dense id. A path is the peer that told it, how that peer is treated, the attribute
 * set as taken in, and the peer's path identifier (RFC 7911 §3); so all that choose among paths need to know is
 * the same for every daemon that has it, and thousands of clients of a reflector share one.
 */
export class PathTable {
  private readonly tuples: IntTuples = new IntTuples();

  constructor() {
    this.tuples.intern(OWN, LOCAL, PLAIN, OWN);
    this.kernel(PLAIN);
  }

  /** The id of a path. */
  intern(peer: number, treated: number, attributes: number, source: number): number {
    return this.tuples.intern(peer, treated, attributes, source);
  }

  /** The path of a route of the own kernel, with an attribute set. */
  kernel(attributes: number): number {
    return this.intern(KERNEL, LOCAL, attributes, KERNEL_SOURCE);
  }

  /** Whether a path is the node's own: a static route, or one of its kernel. */
  isLocal(path: number): boolean {
    return this.peer(path) < 0;
  }

  /** Whether a path comes from a peer that is treated so, with an attribute set. */
  is(path: number, peer: number, treated: number, attributes: number): boolean {
    const { tuples } = this;
    return (
      tuples.field(path, 0) === peer &&
      tuples.field(path, 1) === treated &&
      tuples.field(path, 2) === attributes
    );
  }

  /** Whether a path was told by a peer with a path identifier. */
  isOf(path: number, peer: number, source: number): boolean {
    return this.tuples.field(path, 0) === peer && this.tuples.field(path, 3) === source;
  }

  /** Node that told the path, {@link OWN} or {@link KERNEL}. */
  peer(path: number): number {
    return this.tuples.field(path, 0);
  }

  /** See {@link treatment}. */
  treated(path: number): number {
    return this.tuples.field(path, 1);
  }

  /** Attribute set, as taken in. */
  attributes(path: number): number {
    return this.tuples.field(path, 2);
  }

  /** Path identifier of the peer: the node that it has the route from, {@link OWN}, or one beyond. */
  source(path: number): number {
    return this.tuples.field(path, 3);
  }

  /** Policy with which the peer is treated. */
  policy(path: number): number {
    return this.treated(path) >> POLICY_SHIFT;
  }

  /** Whether the peer is taken for one of the own AS. */
  isInternal(path: number): boolean {
    return (this.treated(path) & INTERNAL) !== 0;
  }

  /** Whether the path is in the table of an ordinary router. */
  atRouter(path: number): boolean {
    return (this.treated(path) & AT_ROUTER) !== 0;
  }

  /** Whether the path goes to the kernel alone, whatever is as good. */
  isAlone(path: number): boolean {
    return (this.treated(path) & ALONE) !== 0;
  }
}
