import type {
  Blackhole,
  ChangeResult,
  Convergence,
  Result,
  SecondSample,
} from "@calico-sim/cluster";
import { distribution, type LoadRow, type LoadSnapshot } from "@calico-sim/core";

const converged = (
  nodes: number,
  p50: number,
  p99: number,
  max: number,
  worst?: Convergence["worst"],
): Convergence => ({
  nodes,
  unconverged: 0,
  p50Seconds: p50,
  p99Seconds: p99,
  maxSeconds: max,
  worst,
});

const nobody: Convergence = {
  nodes: 0,
  unconverged: 0,
  p50Seconds: Number.NaN,
  p99Seconds: Number.NaN,
  maxSeconds: Number.NaN,
  worst: undefined,
};

const change = (
  label: string,
  atSeconds: number,
  untilSeconds: number,
  rest: Partial<ChangeResult> = {},
): ChangeResult => ({
  label,
  atSeconds,
  untilSeconds,
  controlPlane: nobody,
  dataPlane: nobody,
  blackholedPairs: 0,
  blackholePairSeconds: 0,
  datastore: { requests: 1200, watchEvents: 8000, bytes: 9e6, peakWatchEventsPerSecond: 900 },
  bgpMessages: 400,
  podProgrammedSeconds: undefined,
  ...rest,
});

/** A wave that a real run could have drawn; arithmetic only, so that it is the same everywhere. */
function wave(second: number, at: number, height: number, decay: number): number {
  return second < at ? 0 : Math.round(height * Math.exp(-(second - at) / decay));
}

const END = 1200;

function series(typhas: number): SecondSample[] {
  const factor = typhas === 0 ? 33 : 1;
  return Array.from({ length: END }, (_, second) => {
    const up = Math.min(1, second / 14);
    const pods = second < 60 ? 0 : Math.min(3000, (second - 60) * 50);
    const lost = second >= 540 && second < 900 ? 198 : 0;
    return {
      second,
      sessionEnds: Math.round(9900 * up) - lost - (second >= 840 && second < 1020 ? 3200 : 0),
      routes: Math.round(10_000 * up) + pods - (second >= 840 && second < 1020 ? 1600 : 0),
      pods,
      blackholedPairs:
        (second >= 300 && second < 520 ? 99 : 0) + (second >= 840 && second < 1021 ? 3160 : 0),
      datastoreRequests: wave(second, 0, 900, 6) + (second >= 60 && second < 120 ? 250 : 8),
      datastoreEvents:
        wave(second, 0, 300 * factor, 5) +
        (second >= 60 && second < 120 ? 300 * factor : 2 * factor),
      datastoreBytes: wave(second, 0, 3e6 * factor, 5) + (second >= 60 && second < 120 ? 4e6 : 2e4),
    };
  });
}

function load(typhas: number): LoadSnapshot {
  const factor = typhas === 0 ? 33 : 1;
  const samples = series(typhas);
  const second = { second: 74, requests: 251, watchEvents: 300 * factor, bytes: 4e6 };
  const row = (client: string, kind: string, events: number, watches: number): LoadRow => ({
    client,
    kind,
    requests: {
      get: 100,
      list: watches,
      watch: watches,
      create: 20,
      update: 40,
      patch: 0,
      delete: 0,
    },
    requestsTotal: 160 + 2 * watches,
    listBytes: 100_000 * watches,
    replyBytes: 40_000,
    watchEvents: events,
    watchEventBytes: events * 900,
    bookmarks: 12,
    bookmarkBytes: 2400,
    watchesNow: watches,
    watchesPeak: watches,
  });
  return {
    requestsTotal: 26_412 + 40 * factor,
    watchEventsTotal: 21_000 * factor,
    watchEventBytesTotal: 19e6 * factor,
    bookmarksTotal: 400 * factor,
    listBytesTotal: 8e6 * factor,
    bytesSentTotal: 31e6 * factor,
    watchesNow: 24 * factor,
    watchesPeak: 27 * factor,
    byClientAndKind: [
      row(typhas === 0 ? "felix" : "typha", "Pod", 12_000 * factor, 3 * factor),
      row(typhas === 0 ? "confd" : "typha", "Node", 9000 * factor, 3 * factor),
      row("kubelet", "Pod", 6000, 100),
    ],
    series: samples.map((s) => ({
      second: s.second,
      requests: s.datastoreRequests,
      watchEvents: s.datastoreEvents,
      bytes: s.datastoreBytes,
    })),
    peakSecond: { requests: second, watchEvents: second, bytes: second },
  };
}

const hole = (
  from: string,
  owner: string,
  begin: number,
  end: number,
  reason: Blackhole["reason"],
): Blackhole => ({
  from,
  to: `10.244.${String(owner.length)}.64/26`,
  owner,
  beginSeconds: begin,
  endSeconds: end,
  open: false,
  reason,
  share: 1,
});

/** A run that nobody ran: every part of a report has something to show. */
export function resultFixture(typhas = 3, change_: Partial<Result> = {}): Result {
  const intervals = [
    ...Array.from({ length: 60 }, (_, i) =>
      hole(
        `worker-0${String(i % 90)}`,
        "worker-091",
        840,
        1020.4 + (i % 7) / 10,
        "underlay path cut",
      ),
    ),
    ...Array.from({ length: 40 }, (_, i) =>
      hole(`worker-1${String(i % 80)}`, "worker-097", 300, 520.2, "stale route"),
    ),
  ];
  return {
    cluster: {
      nodes: 100,
      externalRouters: 0,
      subnets: 5,
      typhas,
      pools: ["10.244.0.0/16 IPIP CrossSubnet"],
      calicoVersion: "3.33",
      datastore: "kubernetes",
      backend: "bird",
    },
    seed: "42",
    simulatedSeconds: END,
    events: 1_234_567,
    changes: [
      change("start all nodes", 0, 60, {
        controlPlane: converged(100, 5.21, 11.9, 13.4, {
          node: "worker-017",
          prefix: "10.244.31.0/26",
          why: "waited 5s to try the session with worker-044 again",
        }),
        dataPlane: converged(100, 5.3, 12.1, 13.4, {
          node: "worker-017",
          prefix: "10.244.31.0/26",
          why: "no route until the session came up",
        }),
        bgpMessages: 29_800,
      }),
      change("schedule 3,000 pods", 60, 300, {
        podProgrammedSeconds: distribution([0.4, 0.5, 0.6, 0.9, 1.4]),
      }),
      change("crash worker-097", 300, 720, {
        controlPlane: {
          ...converged(96, 218.1, 239.6, 239.9, {
            node: "worker-003",
            prefix: "10.244.97.0/26",
            why: "hold timer of worker-097 ran out",
          }),
          unconverged: 3,
        },
        blackholedPairs: 99,
        blackholePairSeconds: 21_780,
      }),
      change("worker-001 gains 1 block", 720, 840, {
        controlPlane: converged(99, 0.052, 0.121, 0.144, {
          node: "worker-088",
          prefix: "10.244.120.64/26",
          why: "BIRD scanned its kernel 20ms later",
        }),
        dataPlane: converged(99, 0.052, 0.121, 0.144),
        bgpMessages: 99,
      }),
      change("cut rack 10.20.4.0/24", 840, 1020, {
        blackholedPairs: 3160,
        blackholePairSeconds: 571_960,
      }),
      change("reconnect rack 10.20.4.0/24", 1020, END, {
        controlPlane: converged(99, 4.2, 9.1, 9.9, {
          node: "worker-081",
          prefix: "10.244.12.0/26",
          why: "connect retry",
        }),
        dataPlane: converged(99, 0.3, 1.1, 1.4, {
          node: "worker-081",
          prefix: "10.244.12.0/26",
          why: "connect retry",
        }),
      }),
    ],
    converged: false,
    blackholes: {
      total: 3259,
      pairSeconds: 593_740,
      worst: intervals[99],
      intervals,
      byReason: { "underlay path cut": 3160, "stale route": 99 },
    },
    pods: {
      running: 2970,
      failed: 0,
      families: [4],
      addressedSeconds: distribution([0.1, 0.2, 0.25, 0.4, 0.8]),
      programmedSeconds: distribution([0.4, 0.5, 0.6, 0.9, 1.4]),
    },
    datastore: load(typhas),
    typha:
      typhas === 0
        ? undefined
        : {
            bySyncer: {
              felix: {
                connectionsAccepted: 104,
                connectionsActive: 99,
                connectionsDropped: {},
                messages: 80_100,
                kvs: 612_000,
                bytes: 61e6,
                crumbs: 4100,
                updatesTotal: 7000,
                updatesSkipped: 900,
                snapshotsGenerated: 9,
                snapshotsReused: 95,
                fellBehind: 2,
              },
            },
            sent: [{ second: 3, messages: 900, kvs: 12_000, bytes: 4e6 }],
            connections: [67, 66, 66].slice(0, typhas),
          },
    bgp: {
      messages: {
        open: 9900,
        update: 31_000,
        keepalive: 62_000,
        notification: 99,
        routeRefresh: 0,
        total: 102_999,
      },
      bytes: {
        open: 9e5,
        update: 2.4e6,
        keepalive: 1.2e6,
        notification: 2079,
        routeRefresh: 0,
        total: 4.5e6,
      },
      update: { reach: 20_000, nlri: 21_000, withdraw: 200, withdrawn: 210, endOfRib: 9900 },
      tcp: { connects: 4950, synSegments: 5100, refused: 120, accepted: 4950 },
      sessionEndsEstablished: 9702,
      sessionEndsExpected: 9900,
      sessionEndsLost: 3400,
    },
    utilisation: {
      bird: { mean: 0.004, max: 0.021, busiest: "worker-003" },
      felix: { mean: 0.011, max: 0.034, busiest: "worker-055" },
      typha: typhas === 0 ? undefined : { mean: 0.02, max: 0.09, busiest: "typha-0" },
      datastore: 0.12,
    },
    series: series(typhas),
    findings: [
      {
        code: "not-converged",
        text: "at the end 3 nodes still hold a route to 10.244.97.0/26 of worker-097",
      },
    ],
    digest: "9f86d081884c7d65",
    ...change_,
  };
}
