import { type Blackhole, ClusterError } from "@calico-sim/cluster";
import { describe, expect, it } from "vitest";
import { advise, renderHtml, renderText } from "../src/index.js";
import { resultFixture } from "./fixture.js";

const result = resultFixture();
const compare = resultFixture(0);
// biome-ignore lint/suspicious/noControlCharactersInRegex: looks for exactly these.
const ESCAPES = /\u001B/;

describe("the page of text", () => {
  const page = renderText(result, { compare });

  it("survives a pipe: no colour, no trailing spaces, 110 columns", () => {
    expect(page).not.toMatch(ESCAPES);
    for (const line of page.split("\n")) {
      expect(line).toBe(line.trimEnd());
      expect(Array.from(line).length).toBeLessThanOrEqual(110);
    }
  });

  it("tells seed, digest, every change, the worst pair and why", () => {
    expect(page).toContain("seed 42");
    expect(page).toContain(result.digest);
    for (const { label } of result.changes) expect(page).toContain(label.slice(0, 12));
    expect(page).toContain("worst: worker-003 → 10.244.97.0/26: hold timer of worker-097 ran out");
  });

  it("says that pods wait for a node, and what to do", () => {
    const text = '"schedule 2 pods" at 2m0s: no node runs, so none is scheduled';
    const waiting = { ...result, findings: [{ code: "pods-unscheduled", text } as const] };
    const said = renderText(waiting).replaceAll(/\s+/g, " ");
    expect(said).toContain("some wait for a node that takes them");
    expect(said).toContain("Start a node, or uncordon one");
    expect(said).not.toContain("Nothing in this run calls for a change");
  });

  it("shows the datastore with Typha beside the one without", () => {
    expect(page).toMatch(/with 3 Typhas +without Typha +factor/);
    expect(page).toMatch(/watch events sent +21,000 +693,000 +33×/);
  });

  it.each([
    [{ width: 5n }, "width: must be a whole number, not the bigint 5"],
    [{ width: 0 }, "width: 0 is out of range"],
    [{ colour: "red" }, 'colour: "red" is no palette (expected bold, dim, red, yellow, green)'],
    [{ compare: {} }, "compare: {} is no result as simulate(…) returns it"],
    [{ colur: 1 }, 'has no field "colur"; did you mean "colour"?'],
    [new Map(), "the options of renderText is an object, not a Map"],
    [null, "the options of renderText is an object, not null"],
  ])("says which option is wrong: %s", (options, message) => {
    expect(() => renderText(result, options as never)).toThrow(ClusterError);
    expect(() => renderText(result, options as never)).toThrow(message);
  });

  it("is made of a result, and so is the file of HTML", () => {
    expect(() => renderText(5n as never)).toThrow("result: 5 is no result");
    expect(() => renderHtml({} as never)).toThrow("result: {} is no result");
    expect(() => renderHtml(result, { title: 5n as never })).toThrow("title: must be text");
    expect(renderText(result, { width: null as never })).toBe(renderText(result));
  });

  it("has one column of load when there is nothing to compare", () => {
    expect(renderText(result)).not.toContain("factor");
  });

  it("marks nothing but what a palette marks", () => {
    const mark = (text: string): string => `<${text}>`;
    const colour = { bold: mark, dim: mark, red: mark, yellow: mark, green: mark };
    const marked = renderText(result, { compare, colour });
    expect(marked.replaceAll(/[<>]/g, "")).toBe(page.replaceAll(/[<>]/g, ""));
  });
});

describe("the page of HTML", () => {
  const html = renderHtml(result, { compare });

  it("is the same bytes each time", () => {
    expect(renderHtml(resultFixture(), { compare: resultFixture(0) })).toBe(html);
  });

  it("asks nothing of anyone: no script, no link, no address but the name of SVG", () => {
    expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(
      /https?:|<script|<link|@import|url\(/,
    );
  });

  it("holds no figure that is none", () => {
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("describes every plot in words", () => {
    const plots = html.match(/<svg /g) ?? [];
    expect(plots).toHaveLength(4);
    expect(html.match(/role="img"/g)).toHaveLength(4);
    expect(html.match(/<desc id/g)).toHaveLength(4);
  });

  it("shows the figures of the text", () => {
    for (const figure of ["693,000", "571,960", "3m38s", "21,780"]) expect(html).toContain(figure);
  });

  it("escapes what a cluster may be named", () => {
    const evil = resultFixture(3, { seed: '<b>"&' });
    expect(renderHtml(evil)).toContain("seed &lt;b&gt;&quot;&amp;");
  });

  it("is drawn for a run in which nothing happened", () => {
    const quiet = resultFixture(0, {
      changes: [],
      series: [],
      blackholes: { total: 0, pairSeconds: 0, worst: undefined, intervals: [], byReason: {} },
      simulatedSeconds: 0,
    });
    expect(renderHtml(quiet)).not.toMatch(/NaN|undefined|Infinity/);
    expect(renderText(quiet)).toContain("None: every node");
  });
});

describe("a black hole through one of several next hops", () => {
  it("says which part of the flows was lost", () => {
    const intervals = result.blackholes.intervals.map((hole) => ({ ...hole, share: 0.5 }));
    const partial = resultFixture(3, { blackholes: { ...result.blackholes, intervals } });
    expect(renderText(partial)).toContain("50% of the flows");
    expect(renderText(result)).not.toContain("of the flows");
  });
});

describe("advice", () => {
  const codes = (...args: Parameters<typeof advise>): string[] =>
    advise(...args).map(({ code }) => code);
  const sized = (nodes: number, typhas: number): ReturnType<typeof resultFixture> =>
    resultFixture(typhas, {
      cluster: { ...result.cluster, nodes, typhas },
      bgp: { ...result.bgp, sessionEndsExpected: nodes * (nodes - 1) },
    });

  it("keeps Typha when the run without it shows why", () => {
    expect(codes(result, compare)).toContain("typha-worth");
    expect(codes(result)).not.toContain("typha-worth");
  });

  it("asks for Typha above 50 nodes on the Kubernetes datastore only", () => {
    expect(codes(sized(51, 0))).toContain("typha-missing");
    expect(codes(sized(50, 0))).not.toContain("typha-missing");
    const etcd = sized(200, 0);
    expect(codes({ ...etcd, cluster: { ...etcd.cluster, datastore: "etcd" } })).not.toContain(
      "typha-missing",
    );
  });

  it("asks for route reflectors above 100 nodes, and announces them before", () => {
    expect(codes(sized(101, 3))).toContain("route-reflectors");
    expect(codes(sized(100, 3))).toContain("mesh-limit");
    expect(codes(sized(20, 3))).not.toContain("mesh-limit");
  });

  it("follows the operator's ladder for the number of Typhas", () => {
    expect(codes(sized(1000, 3))).toContain("typha-count");
    expect(codes(sized(1000, 7))).not.toContain("typha-count");
    expect(codes(sized(100, 24))).toContain("typha-count");
  });

  it("sees routes that only a timer withdrew", () => {
    expect(codes(result)).toContain("hold-timer");
    const none = { ...result.blackholes, intervals: [] };
    expect(codes({ ...result, blackholes: none })).not.toContain("hold-timer");
    const intervals = result.blackholes.intervals.map(
      (hole): Blackhole => ({ ...hole, outside: "destination" }),
    );
    const routers = codes({ ...result, blackholes: { ...result.blackholes, intervals } });
    // Nobody deletes the Node object of a router.
    expect(routers).toContain("router-lost");
    expect(routers).not.toContain("hold-timer");
    expect(routers).not.toContain("node-lost");
  });

  it("asks for no further pool where the CNI plugin asks for another family", () => {
    const failed = { ...result.pods, failed: 12 };
    const texts = (families: readonly (4 | 6)[], ...pools: readonly string[]): string[] =>
      advise({
        ...result,
        pods: { ...failed, families },
        cluster: { ...result.cluster, pools },
      }).map(({ text, because }) => `${text} ${because}`);
    const pool = "Add a pool or enlarge";
    expect(texts([4], "10.244.0.0/16 (IPIP Always)").join()).toContain(pool);
    expect(texts([4]).join()).toContain(pool);
    const v6 = texts([4], "fd00:10:244::/64 (no encapsulation)");
    expect(v6.join()).not.toContain(pool);
    expect(v6).toContainEqual(
      'Let the CNI plugin ask for IPv6 alone: assign_ipv4 "false" and assign_ipv6 "true" in its configuration (podFamilies). If the cluster says so already, put its installation manifests among the files. Or add a pool of IPv4. 12 pods got no address: the plugin asks for IPv4, and no pool is of IPv4 (fd00:10:244::/64 (no encapsulation)).',
    );
    expect(texts([4, 6], "10.244.0.0/16 (IPIP Always)").join()).toContain(
      'assign_ipv4 "true" and assign_ipv6 "false"',
    );
    const both = ["10.244.0.0/16 (IPIP Always)", "fd00:10:244::/64 (no encapsulation)"];
    expect(texts([4, 6], ...both).join()).toContain(pool);
  });

  it("gives a reason and a source for everything, changes first", () => {
    const advice = advise(sized(400, 1), compare);
    for (const { because, source } of advice) {
      expect(because).toMatch(/\d/);
      expect(source).not.toBe("");
    }
    const kinds = advice.map(({ kind }) => kind);
    expect(kinds).toEqual(
      kinds.toSorted((a, b) => "ckw".indexOf(a[0] ?? "") - "ckw".indexOf(b[0] ?? "")),
    );
  });
});
