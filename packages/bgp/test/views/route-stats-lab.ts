import { PROTOCOL, parseCidr } from "@calico-sim/core";
import type {
  ExportRules,
  FilterFunction,
  KernelProtocolView,
  PeerConfig,
  PeerOptions,
  Reconfiguration,
  SessionDetail,
} from "../../src/index.js";
import { Peered } from "../support.js";

/** Who peers with whom: a mesh; node 0 as reflector; or node 2 as a router outside, without add-path. */
export type Kind = "mesh" | "rr" | "tor";

const NODES = { mesh: 3, rr: 4, tor: 3 } as const;
const CLUSTER = 0xf400_0001;
const ROUTER = 2;

/** The blocks of nodes 0 and 1 are in the router's lab's pool, what the router announces is not. */
const POOLS: Readonly<Record<Kind, ExportRules>> = {
  mesh: rules("10.0.0.0/8"),
  rr: rules("10.0.0.0/8"),
  tor: rules("10.0.0.0/14"),
};

function rules(cidr: string): ExportRules {
  return {
    steps: [{ kind: "own-blocks" }, { kind: "pool", cidr, action: "accept" }],
    communities: [],
  };
}

/** The daemons that were measured, simulated. */
export class StatsLab extends Peered {
  readonly kind: Kind;
  /** Node whose blocks change, and that restarts. */
  readonly changing: number;
  /** Node that gets filters, towards {@link towards}, and pods. */
  readonly filtering: number;
  readonly towards: number;
  private readonly own: number[][];
  private readonly filters: Map<string, PeerOptions> = new Map();

  constructor(kind: Kind) {
    super(NODES[kind], { routeStats: true });
    this.kind = kind;
    this.changing = kind === "rr" ? 1 : 0;
    this.filtering = kind === "tor" ? 1 : 2;
    this.towards = 0;
    this.own = this.all().map((node) => this.blocks(node));
    for (const node of this.all()) this.bird.configure(node, this.files(node));
  }

  /** All start, some milliseconds apart, with clocks that tick together. */
  begin(): void {
    for (const node of this.all()) {
      const recover = !this.isRouter(node);
      this.bird.start(node, { recover, clockPhase: 100_000 });
      this.run(0.004);
    }
  }

  /** A node gets these blocks beside its first, in its files and by SIGHUP. */
  setBlocks(node: number, more: readonly number[]): void {
    this.own[node] = [...this.blocks(node), ...more];
    this.bird.reconfigure(node, this.files(node));
  }

  /** A BGPFilter that refuses the first block of a node. */
  refuse(direction: "import" | "export", blockOf: number): void {
    const cidr = this.prefixes.text(this.block(blockOf, 0));
    const filter: FilterFunction = {
      filter: "f",
      direction,
      dependsOnPeerType: false,
      rules: [
        {
          peerType: undefined,
          match: { net: { operator: "Equal", cidr } },
          operations: [],
          action: "reject",
        },
      ],
    };
    const used = [{ filter, internal: true }];
    const options = direction === "import" ? { importFilters: used } : { exportFilters: used };
    this.filters.set(`${String(this.filtering)} ${String(this.towards)}`, options);
    this.bird.reconfigure(this.filtering, this.files(this.filtering));
  }

  /** Felix writes a pod's route, or removes it. */
  pod(cidr: string, there: boolean): void {
    const prefix = this.prefixes.intern(parseCidr(cidr)!);
    const { boot: protocol } = PROTOCOL;
    const metric = 1024;
    if (!there) {
      this.kernels.remove(this.filtering, prefix, metric, protocol);
      return;
    }
    const onTheLink = { type: "unicast", device: "cali0", gateway: -1, onlink: false } as const;
    this.kernels.replace(
      this.filtering,
      prefix,
      this.kernels.intern({ ...onTheLink, metric, protocol }),
    );
  }

  /** Every session end as a line of `MEASURED`. */
  lines(): string {
    const lines = this.all().flatMap((node) =>
      this.others(node).flatMap((peer) => {
        const session = this.bird.viewSession(node, peer);
        return session === undefined ? [] : [`${String(node)} ${String(peer)} ${line(session)}`];
      }),
    );
    return lines.join("\n");
  }

  /** Every node's kernel protocol as a line of `MEASURED_KERNELS`. */
  kernelLines(): string {
    const nodes = this.all().filter((node) => !this.isRouter(node));
    return nodes
      .flatMap((node) => {
        const kernel = this.bird.viewKernel(node);
        return kernel === undefined ? [] : [`${String(node)}: ${counts(kernel)}`];
      })
      .join("\n");
  }

  private isRouter(node: number): boolean {
    return this.kind === "tor" && node === ROUTER;
  }

  private files(node: number): Reconfiguration {
    const blocks = this.own[node]!;
    const add = this.others(node).flatMap((peer) => this.peerOf(node, peer));
    return this.isRouter(node)
      ? { add, blocks, speaker: { asNumber: 65_001, router: true } }
      : { add, blocks, rules: POOLS[this.kind] };
  }

  private peerOf(node: number, peer: number): PeerConfig[] {
    const passive = this.kind === "rr" ? node === 0 : node < peer || this.isRouter(node);
    const filters = this.filters.get(`${String(node)} ${String(peer)}`) ?? {};
    if (this.kind === "rr" && node !== 0 && peer !== 0) return [];
    const to = (options: PeerOptions): PeerConfig[] => [
      { peer, passive: passive && !this.isRouter(peer), options: { ...options, ...filters } },
    ];
    if (this.kind === "rr") return to(node === 0 ? { clusterId: CLUSTER } : {});
    if (this.isRouter(node))
      return to({ remoteAS: 64_512, addPath: false, keepsForwarding: false });
    return to(this.isRouter(peer) ? { remoteAS: 65_001 } : {});
  }
}

function line(session: SessionDetail): string {
  return `${session.state}: ${counts(session)}`;
}

function counts({
  imported,
  exported,
  preferred,
  changes,
}: SessionDetail | KernelProtocolView): string {
  const { importUpdates, importWithdraws, exportUpdates, exportWithdraws } = changes!;
  const rows = [importUpdates, importWithdraws, exportUpdates, exportWithdraws].map((counted) =>
    Object.values(counted).join(" "),
  );
  return [[imported, exported, preferred].join(" "), ...rows].join(", ");
}
