import type { FabricLink, LinkAttributes } from "./fabric-spec.js";

/** What the links of a path do to packets besides delaying them by their latency. */
export interface PathQuality {
  /** The most that queues add to the latency, in microseconds: the sum over the links. */
  readonly jitterUs: number;
  /** That of the narrowest link, in megabits a second; Infinity if none is limited. */
  readonly bandwidthMbps: number;
  /** The probability that a packet is lost on the way, below 1. */
  readonly loss: number;
  /** The narrowest link in the direction of the path: its id times 2, and 1 against the order of its ends; −1 if none is limited. */
  readonly narrowest: number;
}

/** What a scenario changes about a link; what is absent stays as specified. */
export type LinkChange = Partial<Omit<LinkAttributes, "up">>;

/** Whether a link does anything but delay by its latency. */
export function isImpaired({ jitterUs, bandwidthMbps, loss }: LinkAttributes): boolean {
  return jitterUs > 0 || loss > 0 || bandwidthMbps !== undefined;
}

/** What some links in a row do, each with whether it is passed against the order of its ends; see {@link PathQuality}. */
export function qualityOf(
  links: readonly { readonly link: FabricLink; readonly backwards: boolean }[],
): PathQuality | undefined {
  const sum = new QualitySum();
  for (const { link, backwards } of links) sum.addLink(link, 2 * link.id + Number(backwards));
  return sum.result();
}

/** Adds links up, in the order in which a packet passes them. */
export class QualitySum implements PathQuality {
  jitterUs = 0;
  bandwidthMbps: number = Number.POSITIVE_INFINITY;
  narrowest = -1;
  /** The probability that no link loses a packet. */
  delivery = 1;

  /** See {@link PathQuality.loss}. */
  get loss(): number {
    return 1 - this.delivery;
  }

  /** One more part of the path. */
  add(jitterUs: number, bandwidthMbps: number, delivery: number, narrowest: number): void {
    this.jitterUs += jitterUs;
    this.delivery *= delivery;
    if (bandwidthMbps >= this.bandwidthMbps) return;
    this.bandwidthMbps = bandwidthMbps;
    this.narrowest = narrowest;
  }

  /** One more link. */
  addLink({ jitterUs, bandwidthMbps, loss }: LinkAttributes, directed: number): void {
    this.add(jitterUs, bandwidthMbps ?? Number.POSITIVE_INFINITY, 1 - loss, directed);
  }

  /** As frozen data; undefined if the path does nothing but delay. */
  result(): PathQuality | undefined {
    const { jitterUs, bandwidthMbps, loss, narrowest } = this;
    if (jitterUs === 0 && loss === 0 && narrowest < 0) return undefined;
    return Object.freeze({ jitterUs, bandwidthMbps, loss, narrowest });
  }
}
