import { describe, expect, test } from "vitest";
import { type BirdAnswer, BirdOutputError, formatNodeStatus } from "../src/index.js";

/** An answer of BIRD's with these rows. */
function answer(...rows: readonly string[]): BirdAnswer {
  const [first, ...rest] = ["kernel1  Kernel   master   up     16:17:20    ", ...rows];
  return {
    state: "answers",
    protocols: [
      "0001 BIRD v0.3.3+birdv1.6.8 ready.",
      "2002-name     proto    table    state  since       info",
      `1002-${first ?? ""}`,
      ...rest.map((row) => ` ${row}`),
      "0000 ",
      "",
    ].join("\n"),
  };
}

const NO_PEERS = answer();
const ABSENT: BirdAnswer = { state: "absent" };

const REFUSED = answer(
  "Mesh_192_168_13_220 BGP      master   start  08:57:08    Active        Socket: Connection refused",
  "Mesh_192_168_13_221 BGP      master   up     2023-09-21  Established   ",
);

// control-plane-behaviour §6.1 gives this output and the situations of the following tests.
describe("calicoctl node status", () => {
  test("lists the peers of every kind in BIRD's order", () => {
    const birdV4 = answer(
      "Mesh_172_17_8_102 BGP      master   up     16:17:26    Established   ",
      "Global_10_20_30_40 BGP      master   start  16:28:38    Connect       ",
      "Node_192_10_0_0 BGP      master   start  16:28:57    Connect       ",
      "Local_Workload_10_65_0_2 BGP      master   up     16:28:57    Established   ",
    );
    expect(formatNodeStatus({ felixRuns: true, birdV4, birdV6: NO_PEERS })).toBe(
      [
        "Calico process is running.",
        "",
        "IPv4 BGP status",
        "+--------------+-------------------+-------+----------+-------------+",
        "| PEER ADDRESS | PEER TYPE         | STATE | SINCE    | INFO        |",
        "+--------------+-------------------+-------+----------+-------------+",
        "| 172.17.8.102 | node-to-node mesh | up    | 16:17:26 | Established |",
        "| 10.20.30.40  | global            | start | 16:28:38 | Connect     |",
        "| 192.10.0.0   | node specific     | start | 16:28:57 | Connect     |",
        "+--------------+-------------------+-------+----------+-------------+",
        "",
        "IPv6 BGP status",
        "No IPv6 peers found.",
        "",
        "",
      ].join("\n"),
    );
  });

  test("puts state and error into one column, which today's library does not wrap", () => {
    const text = formatNodeStatus({ felixRuns: true, birdV4: REFUSED, birdV6: NO_PEERS });
    expect(text).toContain(
      "| 192.168.13.220 | node-to-node mesh | start | 08:57:08   | Active Socket: Connection refused |\n",
    );
  });

  test("centres headings and wraps at 30 characters as the library before", () => {
    const input = { felixRuns: true, birdV4: REFUSED, birdV6: NO_PEERS };
    expect(formatNodeStatus(input, { style: "centred" })).toContain(
      [
        "+----------------+-------------------+-------+------------+--------------------------------+",
        "|  PEER ADDRESS  |     PEER TYPE     | STATE |   SINCE    |              INFO              |",
        "+----------------+-------------------+-------+------------+--------------------------------+",
        "| 192.168.13.220 | node-to-node mesh | start | 08:57:08   | Active Socket: Connection      |",
        "|                |                   |       |            | refused                        |",
        "| 192.168.13.221 | node-to-node mesh | up    | 2023-09-21 | Established                    |",
        "+----------------+-------------------+-------+------------+--------------------------------+",
        "",
      ].join("\n"),
    );
  });

  test("says nothing of BIRD when Felix does not run", () => {
    const text = formatNodeStatus({ felixRuns: false, birdV4: REFUSED, birdV6: NO_PEERS });
    expect(text).toBe("Calico process is not running.\n");
  });

  test("tells which BIRD is missing", () => {
    expect(formatNodeStatus({ felixRuns: true, birdV4: NO_PEERS, birdV6: ABSENT })).toBe(
      "Calico process is running.\n\nIPv4 BGP status\nNo IPv4 peers found.\n" +
        "\nINFO: BIRDv6 process: 'bird6' is not running.\n\n",
    );
    expect(formatNodeStatus({ felixRuns: true, birdV4: ABSENT, birdV6: NO_PEERS })).toContain(
      "Calico process is running.\n\nINFO: BIRDv4 process: 'bird' is not running.\n\nIPv6 BGP status\n",
    );
    expect(formatNodeStatus({ felixRuns: true, birdV4: ABSENT, birdV6: ABSENT })).toBe(
      "Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n\n",
    );
  });

  test("breaks the line off where the socket does not answer, as the tool does", () => {
    const birdV4: BirdAnswer = { state: "unreachable", error: "connect: connection refused" };
    expect(formatNodeStatus({ felixRuns: true, birdV4, birdV6: ABSENT })).toBe(
      "Calico process is running.\n\nIPv4 BGP status\nError querying BIRD: unable to connect to BIRDv4 socket: " +
        "connect: connection refused\nINFO: BIRDv6 process: 'bird6' is not running.\n\n",
    );
  });

  test("reads IPv6 addresses, and a port as part of the address, as the tool does", () => {
    const birdV6 = answer("Node_fd80_24e2__1 BGP      master   up     16:17:26    Established   ");
    expect(formatNodeStatus({ felixRuns: true, birdV4: ABSENT, birdV6 })).toContain(
      "| fd80:24e2::1 | node specific |",
    );
    const birdV4 = answer(
      "Node_10_0_0_5_port_1790 BGP      master   up     16:17:26    Established",
    );
    expect(formatNodeStatus({ felixRuns: true, birdV4, birdV6: ABSENT })).toContain(
      "| 10.0.0.5.port.1790 |",
    );
  });

  test("refuses an answer of another form", () => {
    const birdV4: BirdAnswer = { state: "answers", protocols: "0001 BIRD ready.\n9001 oops\n" };
    expect(() => formatNodeStatus({ felixRuns: true, birdV4, birdV6: ABSENT })).toThrow(
      BirdOutputError,
    );
  });
});
