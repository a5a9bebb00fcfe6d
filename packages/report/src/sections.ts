import type {
  Blackhole,
  ChangeResult,
  Convergence,
  Result,
  Utilisation,
} from "@calico-sim/cluster";
import { byLength, groupsOf } from "./blackhole-groups.js";
import { describeCluster, typhasOf } from "./cluster-line.js";
import { datastoreSection } from "./datastore-section.js";
import { bytes, clock, count, counted, NONE, percent, seconds } from "./format/quantity.js";
import type { Column, Row } from "./format/table.js";
import type { Section } from "./section.js";

/** How many black holes are listed one by one. */
const WORST_SHOWN = 5;

/** The first lines of a report: what ran. */
export function heading(result: Result): readonly string[] {
  return [
    describeCluster(result),
    `seed ${result.seed} · ${clock(result.simulatedSeconds)} simulated · ${counted(result.events, "event")} · ${result.converged ? "converged at the end" : "NOT converged at the end"}`,
  ];
}

/** Everything that is told in figures, in reading order. */
export function sectionsOf(result: Result, compare?: Result): readonly Section[] {
  return [
    convergenceSection(result),
    podsSection(result),
    datastoreSection(result, compare),
    ...typhaSection(result),
    utilisationSection(result),
    blackholeSection(result),
  ];
}

function convergenceSection(result: Result): Section {
  const columns: Column[] = [
    { label: "change", align: "left", wrap: true },
    { label: "at" },
    { label: "p50", group: "control plane" },
    { label: "p99", group: "control plane" },
    { label: "max", group: "control plane" },
    { label: "p50", group: "data plane" },
    { label: "p99", group: "data plane" },
    { label: "max", group: "data plane" },
    { label: "late" },
    { label: "pairs", group: "black-holed" },
    { label: "pair-s", group: "black-holed" },
    { label: "msgs", group: "BGP" },
  ];
  return {
    id: "convergence",
    title: "Convergence after each change",
    lead: [
      "How long the nodes that a change touched were wrong: kernel routes other than the expected ones (control plane), packets that do not arrive (data plane). late: nodes still wrong when the next change came.",
    ],
    table: { columns, rows: result.changes.map(convergenceRow) },
  };
}

function convergenceRow(change: ChangeResult): Row {
  const { controlPlane, dataPlane } = change;
  const late = Math.max(controlPlane.unconverged, dataPlane.unconverged);
  return {
    cells: [
      change.label,
      clock(change.atSeconds),
      ...spans(controlPlane),
      ...spans(dataPlane),
      count(late),
      count(change.blackholedPairs),
      count(change.blackholePairSeconds),
      count(change.bgpMessages),
    ],
    notes: worstNotes(controlPlane, dataPlane),
    alarm: late > 0,
  };
}

function spans(convergence: Convergence): readonly string[] {
  if (convergence.nodes === 0) return [NONE, NONE, NONE];
  return [convergence.p50Seconds, convergence.p99Seconds, convergence.maxSeconds].map(seconds);
}

function worstNotes(controlPlane: Convergence, dataPlane: Convergence): readonly string[] {
  const { worst } = controlPlane;
  const other = dataPlane.worst;
  const notes: string[] = [];
  if (worst !== undefined) notes.push(`worst: ${worst.node} → ${worst.prefix}: ${worst.why}`);
  if (other !== undefined && (other.node !== worst?.node || other.prefix !== worst.prefix)) {
    notes.push(`worst for packets: ${other.node} → ${other.prefix}: ${other.why}`);
  }
  return notes;
}

function podsSection(result: Result): Section {
  const { running, failed, addressedSeconds, programmedSeconds } = result.pods;
  const waits = result.findings.some(({ code }) => code === "pods-unscheduled");
  const columns: Column[] = [
    { label: "from binding to", align: "left" },
    { label: "pods" },
    { label: "p50" },
    { label: "p95" },
    { label: "p99" },
    { label: "max" },
  ];
  const rows = [
    { label: "an address in the datastore", figures: addressedSeconds },
    { label: "routes and policy programmed", figures: programmedSeconds },
  ].flatMap(({ label, figures }): Row[] =>
    figures === undefined
      ? []
      : [
          {
            cells: [
              label,
              count(figures.n),
              ...[figures.median, figures.p95, figures.p99, figures.max].map(seconds),
            ],
          },
        ],
  );
  return {
    id: "pods",
    title: "Pods",
    lead: [
      `${count(running)} running${failed > 0 ? `, ${count(failed)} FAILED` : ", none failed"}${waits ? ", some wait for a node that takes them" : ""}.`,
    ],
    ...(rows.length === 0 ? {} : { table: { columns, rows } }),
  };
}

function typhaSection(result: Result): readonly Section[] {
  const { typha } = result;
  if (typha === undefined) return [];
  const rows = Object.entries(typha.bySyncer).map(([syncer, load]): Row => {
    const dropped = Object.values(load.connectionsDropped).reduce((a, b) => a + b, 0);
    return {
      cells: [
        syncer,
        count(load.connectionsActive),
        count(load.connectionsAccepted),
        count(dropped),
        count(load.messages),
        count(load.kvs),
        bytes(load.bytes),
        count(load.fellBehind),
      ],
    };
  });
  const columns: Column[] = [
    { label: "syncer", align: "left" },
    { label: "connected" },
    { label: "accepted" },
    { label: "dropped" },
    { label: "messages" },
    { label: "key-values" },
    { label: "sent" },
    { label: "fell behind" },
  ];
  const connections = [...typha.connections];
  return [
    {
      id: "typha",
      title: typhasOf(result.cluster.typhas),
      lead: [`Connections per Typha at the end: ${summary(connections)}.`],
      table: { columns, rows },
    },
  ];
}

function summary(connections: readonly number[]): string {
  if (connections.length <= 8) return connections.map(count).join(", ");
  const sorted = connections.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${count(sorted[0] ?? 0)} to ${count(sorted.at(-1) ?? 0)}, median ${count(middle)}`;
}

function utilisationSection(result: Result): Section {
  const { bird, felix, typha, datastore } = result.utilisation;
  const row = (name: string, used: Utilisation): Row => ({
    cells: [name, percent(used.mean), percent(used.max), used.busiest],
    alarm: used.max >= 0.9,
  });
  return {
    id: "utilisation",
    title: "Utilisation over the run",
    lead: ["Share of one CPU; the datastore as a share of its capacity."],
    table: {
      columns: [
        { label: "daemon", align: "left" },
        { label: "mean" },
        { label: "max" },
        { label: "busiest", align: "left" },
      ],
      rows: [
        ...(result.cluster.backend === "bird" ? [row("BIRD", bird)] : []),
        row("Felix", felix),
        ...(typha === undefined ? [] : [row("Typha", typha)]),
        { cells: ["datastore", percent(datastore), NONE, ""], alarm: datastore >= 0.9 },
      ],
    },
  };
}

/** That only some flows were lost: those over one of several next hops. */
function partly({ share }: Blackhole): string {
  return share < 1 ? `, ${percent(share)} of the flows` : "";
}

function blackholeSection(result: Result): Section {
  const { total, pairSeconds, intervals, byReason } = result.blackholes;
  if (total === 0) {
    return {
      id: "blackholes",
      title: "Black holes",
      lead: ["None: every node that could reach a block went on reaching it."],
    };
  }
  const reasons = Object.entries(byReason)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, n]) => `${reason} ${count(n)}`);
  const worst = groupsOf(result)
    .sort((a, b) => byLength(a.longest, b.longest))
    .slice(0, WORST_SHOWN);
  return {
    id: "blackholes",
    title: "Worst black holes",
    lead: [
      `${counted(total, "interval")} in which a node lost a block it had reached, ${count(pairSeconds)} pair-seconds: ${reasons.join(", ")}. The longest for each change and reason; alike: intervals with the same two.`,
    ],
    table: {
      columns: [
        { label: "from", align: "left" },
        { label: "to", align: "left" },
        { label: "on", align: "left" },
        { label: "since" },
        { label: "for" },
        { label: "alike" },
        { label: "because", align: "left", wrap: true },
      ],
      rows: worst.map(({ longest: hole, alike }) => ({
        cells: [
          hole.from,
          hole.to,
          hole.owner,
          clock(hole.beginSeconds),
          `${seconds(hole.endSeconds - hole.beginSeconds)}${hole.open ? "+" : ""}`,
          `${total > intervals.length ? "≥ " : ""}${count(alike)}`,
          `${hole.reason}${partly(hole)}${hole.open ? " (still open at the end)" : ""}`,
        ],
        alarm: hole.open,
      })),
    },
  };
}
