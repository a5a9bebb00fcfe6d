import { describe, expect, test } from "vitest";
import { type BirdConfiguration, birdFiles } from "../../../src/index.js";
import { bgpPeer, NO_MESH, node, render, resource, settings } from "../render/fixture.js";

const NODES = [node("a", { v4: "10.0.0.1/24" }), node("b", { v4: "10.0.0.2/24" })];

/** The text of one file. */
function textOf(config: BirdConfiguration, name: string): string {
  const file = birdFiles(config).find((one) => one.name === name);
  if (file === undefined) throw new Error(`no file ${name}`);
  return file.text;
}

/** A pool without encapsulation, and a block of node a in it. */
const POOL = resource("IPPool", "p", {
  cidr: "10.244.0.0/16",
  ipipMode: "Never",
  vxlanMode: "Never",
});
const BLOCK = resource("BlockAffinity", "a-block", {
  cidr: "10.244.1.0/26",
  node: "a",
  state: "confirmed",
});

describe("the files of BIRD", () => {
  test("are three a family, the first including the others", () => {
    const names = (family: 4 | 6) => birdFiles(render(NODES, "a", family)).map(({ name }) => name);
    expect(names(4)).toEqual(["bird.cfg", "bird_aggr.cfg", "bird_ipam.cfg"]);
    expect(names(6)).toEqual(["bird6.cfg", "bird6_aggr.cfg", "bird6_ipam.cfg"]);
    expect(textOf(render(NODES, "a"), "bird.cfg")).toMatch(
      /^include "bird_aggr.cfg";\ninclude "bird_ipam.cfg";\n\nrouter id 10\.0\.0\.1;\n/,
    );
  });

  test("hold Calico's constants (node-behaviour §1.5)", () => {
    const text = textOf(render(NODES, "a"), "bird.cfg");
    for (const line of [
      "  learn;\n  persist;\n  scan time 2;\n  import all;\n  export filter calico_kernel_programming;\n  graceful restart;\n  merge paths on;",
      '  interface -"cali*", -"kube-ipvs*", "*";',
      "  connect delay time 2;\n  connect retry time 5;\n  error wait time 5,30;",
    ])
      expect(text).toContain(line);
  });

  test("make the end with the lesser address, as text, passive", () => {
    const passive = (name: string) =>
      textOf(render(NODES, name), "bird.cfg").includes("passive on;");
    expect([passive("a"), passive("b")]).toEqual([true, false]);
  });

  test("have no BGP at all without an address of the family", () => {
    expect(textOf(render(NODES, "a", 6), "bird6.cfg")).not.toContain("bgp");
  });

  test("say of a peer what the BGPPeer asks for", () => {
    const peer = bgpPeer("rack", {
      peerIP: "10.0.0.254:1790",
      asNumber: 65000,
      ttlSecurity: 2,
      keepaliveTime: "20s",
      maxRestartTime: "60s",
      numAllowedLocalASNumbers: 1,
      nextHopMode: "Self",
    } as never);
    const text = textOf(render([...NODES, NO_MESH, peer], "a"), "bird.cfg");
    const [, body = ""] =
      /protocol bgp Global_10_0_0_254_port_1790 from bgp_template \{\n([^}]*?) {2}import/.exec(
        text,
      ) ?? [];
    expect(body.split("\n").map((line) => line.trim())).toEqual([
      "neighbor 10.0.0.254 port 1790 as 65000;",
      "source address 10.0.0.1;",
      "ttl security on;",
      "multihop 2;",
      "next hop self;",
      "allow local as 1;",
      "graceful restart time 60;",
      "keepalive time 20;",
      "",
    ]);
    expect(text).toContain("calico_export_to_bgp_peers(false);\n    reject;");
  });

  test("advertise a block as one route, and below it what is preferred", () => {
    const text = textOf(render([...NODES, POOL, BLOCK], "a"), "bird_aggr.cfg");
    expect(text).toContain("protocol static {\n  route 10.244.1.0/26 blackhole;\n}");
    expect(text).toContain("  if (net = 10.244.1.0/26) then {\n    accept;\n  }\n");
    expect(text).toContain(
      "    if ( (defined(krt_metric)) && (krt_metric < 1024) ) then {\n      accept;\n    }\n    reject;",
    );
  });

  test("send the routes of a cross-subnet pool through the tunnel but for next hops of the own subnet", () => {
    const pool = resource("IPPool", "p", { cidr: "10.244.0.0/16", ipipMode: "CrossSubnet" });
    const own = settings({ programClusterRoutes: "Enabled" } as never);
    expect(textOf(render([...NODES, pool, own], "a"), "bird_ipam.cfg")).toContain(
      [
        "  if (net ~ 10.244.0.0/16) then {",
        "    if ( (defined(bgp_next_hop)) && (bgp_next_hop ~ 10.0.0.0/24) ) then {",
        "      accept;",
        "    }",
        '    krt_tunnel = "tunl0";',
        "    accept;",
        "  }",
      ].join("\n"),
    );
  });

  test("write the rules of a BGPFilter as a function", () => {
    const filter = resource("BGPFilter", "my.filter", {
      exportV4: [
        {
          action: "Reject",
          matchOperator: "In",
          cidr: "10.1.0.0/16",
          prefixLength: { min: 20, max: 24 },
          interface: "eth0",
          peerType: "eBGP",
        },
        {
          action: "Accept",
          communities: { values: ["65000:7"] },
          asPathPrefix: [65001, 65002],
          operations: [{ addCommunity: { value: "1:2:3" } }, { setPriority: { value: 512 } }],
        },
      ],
    });
    expect(textOf(render([...NODES, filter], "a"), "bird_ipam.cfg")).toContain(
      [
        "function 'bgp_my.filter_exportFilterV4'(bool internal_peer) {",
        '  if ( (!internal_peer) && (net ~ [ 10.1.0.0/16{20,24} ]) && (defined(ifname)) && (ifname ~ "eth0") ) then {',
        "    reject;",
        "  }",
        "  if ( ((65000, 7) ~ bgp_community) && (bgp_path ~ [= 65001 65002 * =]) ) then {",
        "    bgp_large_community.add((1, 2, 3));",
        "    bgp_local_pref = 2147483135;",
        "    accept;",
        "  }",
        "}",
      ].join("\n"),
    );
  });

  test("refuse a text that BIRD could not hold, for BIRD's texts have no escapes", () => {
    const config = render(NODES, "a");
    const [peer] = config.peers;
    const peers = [{ ...peer!, password: 'a"b' }];
    expect(() => birdFiles({ ...config, peers })).toThrow(RangeError);
  });
});
