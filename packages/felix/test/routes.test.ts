import { PROTOCOL } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { block, node, pod, pool, World } from "./support.js";

const SECOND = 1_000_000;

/** a and b share a subnet, c is elsewhere; all have tunnel addresses. */
function world(mode: string, owner?: ConstructorParameters<typeof World>[1]): World {
  const w = new World(["a", "b", "c"], owner);
  w.put(
    pool("p", "10.0.0.0/16", mode),
    node("a", "192.168.0.1/24", { ipip: "10.0.9.1", vxlan: "10.0.9.1" }),
    node("b", "192.168.0.2/24", { ipip: "10.0.9.2", vxlan: "10.0.9.2" }),
    node("c", "192.168.1.3/24", { ipip: "10.0.9.3", vxlan: "10.0.9.3" }),
    block("10.0.0.0/26", "a"),
    block("10.0.1.0/26", "b"),
    block("10.0.2.0/26", "c"),
  );
  return w;
}

function settled(w: World): Record<string, string> {
  w.startAll();
  w.run(5 * SECOND);
  return w.routes("a");
}

describe("routes of a node's Felix (node-behaviour §4.4)", () => {
  test("IPIP Always goes through tunl0, the own block is a blackhole", () => {
    expect(settled(world("ipip"))).toEqual({
      "10.0.0.0/26": "blackhole proto 80",
      "10.0.1.0/26": "via b dev tunl0 proto 80 onlink",
      "10.0.2.0/26": "via c dev tunl0 proto 80 onlink",
    });
  });

  test("CrossSubnet goes direct inside the own subnet alone", () => {
    expect(settled(world("ipip-cross"))).toEqual({
      "10.0.0.0/26": "blackhole proto 80",
      "10.0.1.0/26": "via b dev eth0 proto 80 onlink",
      "10.0.2.0/26": "via c dev tunl0 proto 80 onlink",
    });
  });

  test("VXLAN tunnel routes carry the device protocol, same-subnet ones 80", () => {
    expect(settled(world("vxlan-cross"))).toEqual({
      "10.0.0.0/26": "blackhole proto 80",
      "10.0.1.0/26": "via b dev eth0 proto 80 onlink",
      "10.0.2.0/26": "via c dev vxlan.calico proto 3 onlink",
    });
  });

  test.each([
    ["EnabledIPIPOnly", "none", 0],
    ["EnabledNoEncapOnly", "none", 3],
    ["Enabled", "none", 3],
    ["Disabled", "none", 0],
    ["EnabledNoEncapOnly", "ipip", 0],
    ["Disabled", "ipip", 0],
    ["Disabled", "vxlan", 3],
  ] as const)("programClusterRoutes %s over a pool %s: %i routes", (owner, mode, count) => {
    const routes = settled(world(mode, owner));
    expect(Object.keys(routes)).toHaveLength(count);
    if (mode === "none" && count > 0) {
      expect(routes["10.0.2.0/26"]).toBe("via c dev eth0 proto 80 onlink");
      expect(routes["10.0.0.0/26"]).toBe("blackhole proto 80");
    }
  });

  test("a local pod has a /32 on its interface with metric 1024", () => {
    const w = world("ipip");
    w.put(pod("pod-1", "a", "10.0.0.5"), pod("elsewhere", "b", "10.0.1.5"));
    const routes = settled(w);
    expect(routes["10.0.0.5/32"]).toBe("dev cali83dbd022cd5 proto 3 metric 1024");
    expect(routes["10.0.1.5/32"]).toBeUndefined();
    expect(w.diary.up.map(({ node: on, pod: up }) => [on, up])).toContainEqual([
      0,
      "Pod/default/pod-1",
    ]);
  });

  test("an address that two local pods claim stays with one of them when the other gives it up", () => {
    const w = world("ipip");
    // After a reboot: the status of the first is from before, the second has got its address.
    w.put(pod("new", "a", "10.0.0.5"), pod("old", "a", "10.0.0.5"));
    settled(w);
    w.write(pod("old", "a", "10.0.0.6"));
    w.run(SECOND);
    const routes = w.routes("a");
    expect(routes["10.0.0.5/32"]).toMatch(/^dev cali/);
    expect(routes["10.0.0.6/32"]).toMatch(/^dev cali/);
    w.erase(pod("new", "a", "10.0.0.5"));
    w.run(SECOND);
    expect(w.routes("a")["10.0.0.5/32"]).toBeUndefined();
  });

  test("a borrowed address has a /32 to its holder, and stays local where its pod runs", () => {
    const w = world("ipip");
    w.put(block("10.0.1.0/26", "b", ["b", "c", "a"]), pod("p", "a", "10.0.1.2"));
    const routes = settled(w);
    expect(routes["10.0.1.1/32"]).toBe("via c dev tunl0 proto 80 onlink");
    expect(routes["10.0.1.2/32"]).toMatch(/^dev cali/);
    expect(w.routes("b")["10.0.1.2/32"]).toBe("via a dev tunl0 proto 80 onlink");
    expect(w.routes("b")["10.0.1.0/32"]).toBeUndefined();
  });

  test("an own block of one address is no blackhole", () => {
    const w = world("ipip");
    w.put(block("10.0.7.1/32", "a"), block("10.0.7.2/32", "b"));
    const routes = settled(w);
    expect(routes["10.0.7.1/32"]).toBeUndefined();
    expect(routes["10.0.7.2/32"]).toBe("via b dev tunl0 proto 80 onlink");
  });

  test("without a VTEP the tunnel route waits, the same-subnet one does not", () => {
    const w = world("vxlan-cross");
    w.put(node("b", "192.168.0.2/24"), node("c", "192.168.1.3/24"));
    expect(settled(w)).toEqual({
      "10.0.0.0/26": "blackhole proto 80",
      "10.0.1.0/26": "via b dev eth0 proto 80 onlink",
    });
    w.write(node("c", "192.168.1.3/24", { vxlan: "10.0.9.3" }));
    w.run(SECOND);
    expect(w.routes("a")["10.0.2.0/26"]).toBe("via c dev vxlan.calico proto 3 onlink");
  });

  test("a deleted Node leaves its block without a route, its return brings it back", () => {
    const w = world("ipip");
    settled(w);
    w.erase(node("c", "192.168.1.3/24"));
    w.run(SECOND);
    expect(w.routes("a")["10.0.2.0/26"]).toBeUndefined();
    w.write(node("c", "192.168.0.3/24"));
    w.run(SECOND);
    expect(w.routes("a")["10.0.2.0/26"]).toBe("via c dev tunl0 proto 80 onlink");
  });

  test("a block that changes hands is replaced, with the key of its new route alone", () => {
    const w = world("vxlan-cross");
    settled(w);
    w.write(block("10.0.2.0/26", "b"));
    w.run(SECOND);
    expect(w.routes("a")["10.0.2.0/26"]).toBe("via b dev eth0 proto 80 onlink");
    w.write(block("10.0.2.0/26", "a"));
    w.run(SECOND);
    expect(w.routes("a")["10.0.2.0/26"]).toBe("blackhole proto 80");
  });

  test("a pool for load balancers alone has no routes", () => {
    const w = world("ipip");
    const lb = pool("p", "10.0.0.0/16", "ipip");
    w.put({ ...lb, spec: { ...lb.spec, allowedUses: ["LoadBalancer"] } });
    expect(settled(w)).toEqual({});
  });

  test("what BIRD left on tunl0 goes when Felix owns IPIP; other routes are left alone", () => {
    const w = world("ipip");
    const bird = { type: "unicast", gateway: 1, onlink: false, metric: 1024 } as const;
    const add = (cidr: string, device: string): void => {
      const route = w.kernels.intern({ ...bird, device, protocol: PROTOCOL.bird });
      w.kernels.replace(0, w.prefix(cidr), route);
    };
    add("10.0.5.0/26", "tunl0");
    add("10.0.6.0/26", "eth0");
    const routes = settled(w);
    expect(routes["10.0.5.0/26"]).toBeUndefined();
    expect(routes["10.0.6.0/26"]).toContain("proto 12");
  });
});

describe("the throttle of the dataplane", () => {
  /** What a restarted Felix draws its ticks from. */
  function salt(restartsOfOther: number): number {
    const w = world("ipip");
    settled(w);
    for (let i = 0; i < restartsOfOther; i++) {
      w.felix.kill(1);
      w.felix.start(1);
    }
    w.felix.kill(0);
    w.felix.start(0);
    const inside = w.felix as unknown as { dataplane: { throttle: { salt: number[] } } };
    return inside.dataplane.throttle.salt[0]!;
  }

  test("is drawn for one node alone, however often others were started", () => {
    expect(salt(3)).toBe(salt(0));
  });
});
