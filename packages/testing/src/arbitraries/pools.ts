import type { PoolOptions } from "@calico-sim/cluster";
import fc from "fast-check";

/** How a pool's packets travel: the modes of an IPPool in one word. */
export type Encapsulation = "ipip" | "ipip-cross-subnet" | "vxlan" | "vxlan-cross-subnet" | "none";

/** Every {@link Encapsulation}, the operator's default first. */
export const ENCAPSULATIONS: readonly Encapsulation[] = Object.freeze([
  "ipip",
  "vxlan",
  "ipip-cross-subnet",
  "vxlan-cross-subnet",
  "none",
]);

/** Bounds of {@link arbitraryPools}. */
export interface PoolConstraints {
  /** @defaultValue 3 */
  readonly poolsMax?: number;
  /** @defaultValue {@link ENCAPSULATIONS} */
  readonly encapsulations?: readonly Encapsulation[];
  /** Prefix lengths of blocks. @defaultValue 26, 28, 29, 30 */
  readonly blockSizes?: readonly number[];
  /** Each pool has at least so many blocks, so that nobody needs to borrow an address. @defaultValue 64 */
  readonly blocksMin?: number;
}

/** The fields of an IPPool that say how packets travel. */
export function modesOf(
  encapsulation: Encapsulation,
): Required<Pick<PoolOptions, "ipipMode" | "vxlanMode">> {
  switch (encapsulation) {
    case "ipip":
      return { ipipMode: "Always", vxlanMode: "Never" };
    case "ipip-cross-subnet":
      return { ipipMode: "CrossSubnet", vxlanMode: "Never" };
    case "vxlan":
      return { ipipMode: "Never", vxlanMode: "Always" };
    case "vxlan-cross-subnet":
      return { ipipMode: "Never", vxlanMode: "CrossSubnet" };
    case "none":
      return { ipipMode: "Never", vxlanMode: "Never" };
  }
}

/**
 * IPv4 pools that do not overlap, of any encapsulation. Shrinks to one IP-in-IP pool of /26 blocks.
 */
export function arbitraryPools(constraints: PoolConstraints = {}): fc.Arbitrary<PoolOptions[]> {
  const {
    poolsMax = 3,
    encapsulations = ENCAPSULATIONS,
    blockSizes = [26, 28, 29, 30],
    blocksMin = 64,
  } = constraints;
  const bitsMin = Math.ceil(Math.log2(Math.max(1, blocksMin)));
  const pool = fc.record({
    encapsulation: fc.constantFrom(...encapsulations),
    blockSize: fc.constantFrom(...blockSizes),
    /** How many blocks, as a power of two; a /16 at most. */
    blockBits: fc.integer({ min: bitsMin, max: Math.max(bitsMin, 8) }),
    natOutgoing: fc.boolean(),
  });
  return fc.array(pool, { minLength: 1, maxLength: Math.max(1, poolsMax) }).map((pools) =>
    pools.map(({ encapsulation, blockSize, blockBits, natOutgoing }, i) => ({
      cidr: `10.${String(200 + i)}.0.0/${String(Math.max(16, blockSize - blockBits))}`,
      blockSize,
      natOutgoing,
      ...modesOf(encapsulation),
    })),
  );
}

/** An IPv6 pool, which IP-in-IP cannot carry. Shrinks to one of /122 blocks without encapsulation. */
export function arbitraryIpv6Pool({
  blocksMin = 64,
}: PoolConstraints = {}): fc.Arbitrary<PoolOptions> {
  const bitsMin = Math.ceil(Math.log2(Math.max(1, blocksMin)));
  return fc
    .record({
      encapsulation: fc.constantFrom<Encapsulation[]>("none", "vxlan", "vxlan-cross-subnet"),
      blockSize: fc.constantFrom(122, 124, 126),
      blockBits: fc.integer({ min: bitsMin, max: Math.max(bitsMin, 8) }),
    })
    .map(({ encapsulation, blockSize, blockBits }) => ({
      cidr: `fd00:10:244::/${String(blockSize - blockBits)}`,
      blockSize,
      ...modesOf(encapsulation),
    }));
}
