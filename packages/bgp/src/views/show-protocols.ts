import type { RouteChanges } from "../rib/route-counters.js";
import { formatSince } from "./clock-text.js";
import { type ControlReply, END_OF_REPLY, type ReplyLine } from "./control-reply.js";
import type { DaemonView, KernelProtocolView, SessionDetail, SessionView } from "./daemon-view.js";

/** How a daemon's configuration calls the protocol of a peer, and what it says of it. */
export interface Neighbour {
  /** E.g. `Mesh_10_0_0_5`. */
  readonly name: string;
  readonly address: string;
  readonly asNumber: number;
  /** The peer's router id. */
  readonly routerId: string;
  /** Peer and node are in one AS. */
  readonly internal: boolean;
  /** The node's end. */
  readonly sourceAddress: string;
}

/** Finds a {@link Neighbour} by the ids of a node and its peer; undefined for one that is in no configuration. */
export interface Neighbours {
  neighbour(node: number, peer: number): Neighbour | undefined;
}

/** Codes of lines (bird: doc/reply_codes). */
const CODE = { protocol: 1002, detail: 1006, heading: 2002, noProtocol: 9002 } as const;

/** How BIRD calls the only kernel protocol (bird: nest/proto.c, proto_config_new). */
const KERNEL_NAME = "kernel1";

/** Width of the state word before the error (control-plane-behaviour §6.2). */
const STATE_WIDTH = 14;

interface ProtocolRow {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly since: string;
  readonly info: string;
}

interface BgpRow extends ProtocolRow {
  readonly session: SessionView;
  readonly neighbour: Neighbour;
}

/** `show protocols`: one row for each, in the order of the configuration (bird: nest/proto.c; control-plane-behaviour §6.2). */
export function showProtocols(view: DaemonView, names: Neighbours): ControlReply {
  const rows = [...ownProtocols(view), ...bgpProtocols(view, names)];
  return [
    HEADING,
    ...rows.map((row) => ({ code: CODE.protocol, text: formatRow(row) })),
    END_OF_REPLY,
  ];
}

/**
 * `show protocols all NAME` of a BGP protocol, or of `kernel1`. The block "Route change stats" is there if the fleet counts
 * (`routeStats`).
 *
 * @param detail Gives the session in full: `BirdFleet.viewSession`.
 * @param kernel Gives the kernel protocol in full: `BirdFleet.viewKernel`.
 */
export function showProtocolAll(
  view: DaemonView,
  names: Neighbours,
  name: string,
  detail: (node: number, peer: number) => SessionDetail | undefined,
  kernel?: (node: number) => KernelProtocolView | undefined,
): ControlReply {
  const kernel1 = name === KERNEL_NAME ? kernel?.(view.node) : undefined;
  if (kernel1 !== undefined) return showKernel(view, kernel1);
  const row = bgpProtocols(view, names).find((one) => one.name === name);
  const session = row && detail(view.node, row.session.peer);
  if (row === undefined || session === undefined)
    return [{ code: CODE.noProtocol, text: `${name} is not a protocol` }];
  const lines = [...routeLines(session), ...bgpLines(session, row.neighbour), ""];
  return [
    HEADING,
    { code: CODE.protocol, text: formatRow(row) },
    ...lines.map((text) => ({ code: CODE.detail, text })),
    END_OF_REPLY,
  ];
}

/** The kernel protocol as Calico configures it (node-behaviour §1.5); its preference is bird: nest/route.h, DEF_PREF_INHERITED. */
function showKernel(view: DaemonView, kernel: KernelProtocolView): ControlReply {
  const { imported, exported, preferred, changes } = kernel;
  const lines = [
    field("Preference", "10"),
    field("Input filter", "ACCEPT"),
    field("Output filter", "calico_kernel_programming"),
    ...(view.recovery === undefined ? [] : ["  GR recovery:    waiting"]),
    routesLine(imported, exported, preferred),
    ...(changes === undefined ? [] : changeLines(changes)),
    "",
  ];
  const rows = ownProtocols(view).filter((row) => row.name === KERNEL_NAME);
  return [
    HEADING,
    ...rows.map((row) => ({ code: CODE.protocol, text: formatRow(row) })),
    ...lines.map((text) => ({ code: CODE.detail, text })),
    END_OF_REPLY,
  ];
}

/** What a session says in the last column. */
export function sessionInfo(session: SessionView): string {
  if (session.state === "down" || session.state === "flush") return session.lastError;
  return session.bgpState.padEnd(STATE_WIDTH) + session.lastError;
}

/** The protocols beside BGP, in the order in which Calico's files configure them (node-behaviour §1.5, §1.7). */
function ownProtocols(view: DaemonView): ProtocolRow[] {
  const since = formatSince(view.booted, view.now);
  const row = (name: string, type: string, state = "up"): ProtocolRow => ({
    name,
    type,
    state,
    since,
    info: "",
  });
  return [
    ...(view.ownRoutes === 0 ? [] : [row("static1", "Static")]),
    row(KERNEL_NAME, "Kernel", view.kernelExports ? "up" : "wait"),
    row("device1", "Device"),
    row("direct1", "Direct"),
  ];
}

/** confd writes the peers in the order of their names (calico: confd/pkg/backends/calico/bgp_processor.go:106). */
function bgpProtocols(view: DaemonView, names: Neighbours): BgpRow[] {
  return view.sessions
    .flatMap((session) => {
      const neighbour = names.neighbour(view.node, session.peer);
      if (neighbour === undefined) return [];
      const { name } = neighbour;
      const since = formatSince(session.since, view.now);
      const info = sessionInfo(session);
      return [{ name, type: "BGP", state: session.state, since, info, session, neighbour }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function formatRow({ name, type, state, since, info }: ProtocolRow): string {
  const cells = [name.padEnd(8), type.padEnd(8), "master".padEnd(8), state.padEnd(5)];
  return `${cells.join(" ")}  ${since.padEnd(10)}  ${info}`;
}

const HEADING: ReplyLine = Object.freeze({
  code: CODE.heading,
  text: formatRow({
    name: "name",
    type: "proto",
    state: "state",
    since: "since",
    info: "info",
  }).replace("master", "table "),
});

function routeLines(session: SessionDetail): string[] {
  const { imported, exported, preferred, changes, recovery } = session;
  return [
    field("Description", "Connection to BGP peer"),
    field("Preference", "100"),
    field("Input filter", session.importsAll ? "ACCEPT" : "(unnamed)"),
    field("Output filter", "(unnamed)"),
    ...(recovery === undefined
      ? []
      : [
          `  GR recovery:   ${recovery.pending ? " pending" : ""}${recovery.waiting ? " waiting" : ""}`,
        ]),
    routesLine(imported, exported, preferred),
    ...(changes === undefined ? [] : changeLines(changes)),
  ];
}

function routesLine(imported: number, exported: number, preferred: number): string {
  return field(
    "Routes",
    `${String(imported)} imported, ${String(exported)} exported, ${String(preferred)} preferred`,
  );
}

/** Counters of routes (bird: nest/proto.c, proto_show_stats). */
function changeLines(changes: RouteChanges): string[] {
  const { importUpdates, importWithdraws, exportUpdates, exportWithdraws } = changes;
  const line = (label: string, counts: Partial<RouteChanges["importUpdates"]>): string => {
    const { received, rejected, filtered, ignored, accepted } = counts;
    const cells = [received, rejected, filtered, ignored, accepted].map((count) =>
      String(count ?? "---").padStart(10),
    );
    return `    ${`${label}:`.padEnd(19)} ${cells.join(" ")}`;
  };
  return [
    "  Route change stats:     received   rejected   filtered    ignored   accepted",
    line("Import updates", importUpdates),
    line("Import withdraws", importWithdraws),
    line("Export updates", exportUpdates),
    line("Export withdraws", exportWithdraws),
  ];
}

function bgpLines(session: SessionDetail, neighbour: Neighbour): string[] {
  const { restartLeft, errorWait, connectDelay, hold, keepalive, lastError } = session;
  const under = (label: string, value: string): string => bgpField("    ", label, value);
  const timer = (label: string, of: typeof hold): string[] =>
    of === undefined ? [] : [under(label, `${String(of.left)}/${String(of.of)}`)];
  return [
    bgpField("  ", "BGP state", session.bgpState),
    under("Neighbor address", neighbour.address),
    under("Neighbor AS", String(neighbour.asNumber)),
    ...(restartLeft === undefined
      ? []
      : [
          "    Neighbor graceful restart active",
          under("Restart timer", `${String(restartLeft)}/-`),
        ]),
    ...timer("Error wait", errorWait),
    ...timer("Connect delay", connectDelay),
    ...(hold === undefined
      ? []
      : [
          under("Neighbor ID", neighbour.routerId),
          under("Neighbor caps", capabilities(session)),
          under("Session", sessionWords(session, neighbour)),
          under("Source address", neighbour.sourceAddress),
        ]),
    ...timer("Hold timer", hold),
    ...timer("Keepalive timer", keepalive),
    ...(lastError === "" ? [] : [under("Last error", lastError)]),
  ];
}

/** Words of a session (bird: proto/bgp/bgp.c, bgp_show_proto_info). */
function sessionWords(
  { reflects, addsPaths, multihop }: SessionDetail,
  { internal }: Neighbour,
): string {
  const kind = `${internal ? "internal" : "external"}${multihop ? " multihop" : ""}`;
  return `${kind}${reflects ? " route-reflector" : ""} AS4${addsPaths ? ADD_PATH : ""}`;
}

const ADD_PATH = " add-path-rx add-path-tx";

/** What the peer announced in its OPEN: a Calico node everything (node-behaviour §1.5), a plain BIRD less (1.6.8, measured). */
function capabilities({ peerOffers }: SessionDetail): string {
  const restart = peerOffers.keepsForwarding ? "restart-able" : "restart-aware";
  return `refresh enhanced-refresh ${restart} llgr-aware AS4${peerOffers.addPath ? ADD_PATH : ""}`;
}

/** Columns in which values begin: of what every protocol has, and of what BGP adds (bird: nest/proto.c, proto/bgp/bgp.c). */
const VALUES_AT = { common: 18, bgp: 22 } as const;

function field(label: string, value: string): string {
  return `  ${label}:`.padEnd(VALUES_AT.common) + value;
}

function bgpField(indent: string, label: string, value: string): string {
  return `${indent}${label}:`.padEnd(VALUES_AT.bgp) + value;
}
