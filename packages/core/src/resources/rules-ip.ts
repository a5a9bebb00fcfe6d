import { addressCount, type Cidr, cidrContains, formatCidr, parseCidr } from "../net/index.js";
import type { BlockAffinity, IPAMBlock, IPPool } from "./calico.js";
import type { Era } from "./era.js";
import type { Report } from "./issue.js";

/** Block sizes Calico accepts. @see calico: libcalico-go/lib/clientv3/ippool.go:396-470 */
const BLOCK_SIZES = { 4: { min: 20, max: 32 }, 6: { min: 116, max: 128 } } as const;

/** No pool may lie in these. @see calico: api/pkg/apis/projectcalico/v3/ippool.go */
const LINK_LOCAL: readonly Cidr[] = [parseCidr("169.254.0.0/16"), parseCidr("fe80::/10")].filter(
  (c) => c !== undefined,
);

/** The rules of one pool: lint L14, L16, L17, L18, L61. */
export function checkPool(pool: IPPool, era: Era, report: Report): void {
  const { spec } = pool;
  const cidr = parseCidr(spec.cidr);
  if (cidr === undefined) return;
  checkMasked(spec.cidr, cidr, ["spec", "cidr"], report);
  if (
    LINK_LOCAL.some(
      (range) =>
        range.family === cidr.family && (cidrContains(range, cidr) || cidrContains(cidr, range)),
    )
  ) {
    report({
      code: "POOL_LINK_LOCAL",
      rule: "L17",
      message: `${spec.cidr} overlaps the link-local range, which Calico refuses for pools`,
      path: ["spec", "cidr"],
      got: spec.cidr,
      want: "a range outside 169.254.0.0/16 and fe80::/10",
    });
  }
  checkBlockSize(spec.blockSize, cidr, era, report);
  const ipip = inUse(spec.ipipMode);
  const vxlan = inUse(spec.vxlanMode);
  if (ipip && vxlan) {
    report({
      code: "ENCAPSULATION_BOTH",
      rule: "L14",
      message: "a pool cannot use IP-in-IP and VXLAN at once",
      path: ["spec", "vxlanMode"],
      got: `ipipMode ${String(spec.ipipMode)}, vxlanMode ${String(spec.vxlanMode)}`,
      want: "one of them, and Never for the other",
    });
  }
  if (ipip && cidr.family === 6) {
    report({
      code: "IPIP_ON_IPV6",
      rule: "L16",
      message: "IP-in-IP carries IPv4 only",
      path: ["spec", "ipipMode"],
      got: spec.ipipMode,
      want: "Never (vxlanMode works with IPv6)",
    });
  }
  checkLoadBalancerPool(pool, ipip || vxlan, report);
}

function checkBlockSize(blockSize: number | undefined, pool: Cidr, era: Era, report: Report): void {
  const { min, max } = BLOCK_SIZES[pool.family];
  if (blockSize !== undefined && (blockSize < min || blockSize > max)) {
    report({
      code: "VALUE_OUT_OF_RANGE",
      rule: "L18",
      message: `blockSize ${String(blockSize)} is out of range for IPv${String(pool.family)}`,
      path: ["spec", "blockSize"],
      got: blockSize,
      want: `${String(min)} to ${String(max)}`,
    });
    return;
  }
  const size =
    blockSize ?? (pool.family === 4 ? era.ipPool.blockSizeIPv4 : era.ipPool.blockSizeIPv6);
  if (pool.length <= size) return;
  report({
    code: "POOL_SMALLER_THAN_BLOCK",
    rule: "L17",
    message: `the pool /${String(pool.length)} is smaller than one block /${String(size)}`,
    path: ["spec", "cidr"],
    got: formatCidr(pool),
    want: `/${String(size)} or shorter, or a longer blockSize`,
  });
}

/** Lint L61. @see calico: api/pkg/apis/projectcalico/v3/ippool.go */
function checkLoadBalancerPool(pool: IPPool, encapsulated: boolean, report: Report): void {
  const { allowedUses, nodeSelector, disableBGPExport } = pool.spec;
  if (allowedUses?.includes("LoadBalancer") !== true) return;
  const refuse = (field: string, want: string): void => {
    report({
      code: "LOAD_BALANCER_POOL",
      rule: "L61",
      message: `a LoadBalancer pool must have ${want}`,
      path: ["spec", field],
      want,
    });
  };
  if (encapsulated) refuse("ipipMode", "no encapsulation");
  if (allowedUses.length > 1) refuse("allowedUses", "no other use");
  if (nodeSelector !== undefined && nodeSelector !== "" && nodeSelector !== "all()") {
    refuse("nodeSelector", "nodeSelector all()");
  }
  if (disableBGPExport === true) refuse("disableBGPExport", "BGP export enabled");
}

/** A block affinity names a whole block. */
export function checkAffinity(affinity: BlockAffinity, report: Report): void {
  const cidr = parseCidr(affinity.spec.cidr);
  if (cidr !== undefined) checkMasked(affinity.spec.cidr, cidr, ["spec", "cidr"], report);
}

/** A block has one allocation an address, and each points to an attribute. @see calico: libcalico-go/lib/ipam/ipam_block.go */
export function checkBlock(block: IPAMBlock, report: Report): void {
  const { spec } = block;
  const cidr = parseCidr(spec.cidr);
  if (cidr === undefined) return;
  checkMasked(spec.cidr, cidr, ["spec", "cidr"], report);
  const size = addressCount(cidr);
  if (spec.allocations.length !== size) {
    report({
      code: "FIELDS_CONFLICT",
      message: `a block of ${spec.cidr} has ${String(size)} addresses, not ${String(spec.allocations.length)}`,
      path: ["spec", "allocations"],
      got: spec.allocations.length,
      want: `${String(size)} entries`,
    });
  }
  spec.allocations.forEach((attribute, ordinal) => {
    if (attribute === null || attribute < spec.attributes.length) return;
    report({
      code: "FIELDS_CONFLICT",
      message: `address ${String(ordinal)} points to attribute ${String(attribute)}, which does not exist`,
      path: ["spec", "allocations", ordinal],
      got: attribute,
      want: `less than ${String(spec.attributes.length)}`,
    });
  });
}

/** Reports host bits: Calico refuses `10.244.0.1/16` where it means a range. */
function checkMasked(
  written: string,
  cidr: Cidr,
  path: readonly (string | number)[],
  report: Report,
): void {
  if (cidr.value === cidr.address) return;
  report({
    code: "CIDR_NOT_MASKED",
    rule: "L17",
    message: `${written} has bits set behind its prefix length`,
    path,
    got: written,
    want: formatCidr(cidr),
  });
}

function inUse(mode: string | undefined): boolean {
  return mode !== undefined && mode !== "" && mode !== "Never";
}
