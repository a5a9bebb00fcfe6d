import { describe, expect, it } from "vitest";
import { checkThresholds, parseThreshold, ThresholdError, toJUnit } from "../src/index.js";
import { resultFixture } from "./fixture.js";

const result = resultFixture();
const check = (expression: string): string[] =>
  checkThresholds(result, [expression]).map(({ text }) => text);

describe("thresholds", () => {
  it.each([
    "dataPlane.p99<15s",
    "changes[0].controlPlane.p99Seconds<12s",
    "changes[0].controlPlane.p99 < 12",
    'changes["start all nodes"].dataPlane.max<=13.4s',
    "changes[crash].controlPlane.unconverged==3",
    "blackholes.total>0",
    "pods.failed==0",
    "pods.programmedSeconds.p99<5s",
    "utilisation.felix.max<80%",
    "datastore.bytesSentTotal<32MB",
    "bgp.messages.total<200_000",
    "converged==false",
  ])("%s is kept", (expression) => {
    expect(check(expression)).toEqual([]);
  });

  it("that are missed say the figure, the limit and where", () => {
    expect(check("dataPlane.max<1s")).toEqual([
      'dataPlane.max is 13.4s, must be < 1s (change "start all nodes")',
    ]);
    expect(check("converged==true")).toEqual(["converged is false, must be == true"]);
    expect(check("datastore.bytesSentTotal<10MB")).toEqual([
      "datastore.bytesSentTotal is 31 MB, must be < 10 MB",
    ]);
  });

  it("take nodes that never converge as infinitely late", () => {
    expect(check("convergence.p99<1h")).toEqual([
      'convergence.p99 is never, must be < 1h00m (control plane, change "crash worker-097")',
    ]);
    expect(check("controlPlane.p50<5m")).toEqual([]);
  });

  it("are kept where there was nothing to be late", () => {
    expect(check("changes[1].dataPlane.max<1ms")).toEqual([]);
  });

  it.each([
    ["x", "is no comparison"],
    ["pods.failed=0", 'write "=="'],
    ["blackhole.total==0", 'did you mean "blackholes"?'],
    ["convergence.p98<5s", "there are: p50, p99, max, unconverged"],
    ["pods<5", "is no single figure"],
    ["pods.running<5s", "is a plain number, its limit is a time"],
    ["pods.running<10q", "is no limit"],
    ["changes[99].dataPlane.p99<5s", 'has no "99"'],
  ])("%s is refused: %s", (expression, why) => {
    expect(() => check(expression)).toThrow(ThresholdError);
    expect(() => check(expression)).toThrow(why);
  });

  it.each([5n, "pods.failed==0", null, [null], [5n], [{ expression: "a" }], new Array(1)])(
    "are a list of them, not %s",
    (given) => {
      expect(() => checkThresholds(result, given as never)).toThrow(ThresholdError);
      expect(() => toJUnit(result, given as never)).toThrow(ThresholdError);
    },
  );

  it("are read once and used often", () => {
    const threshold = parseThreshold("pods.failed<=0");
    expect(threshold).toEqual({
      expression: "pods.failed<=0",
      path: "pods.failed",
      operator: "<=",
      limit: 0,
      unit: "number",
    });
    expect(checkThresholds(result, [threshold])).toEqual([]);
  });

  it("become JUnit test cases", () => {
    const xml = toJUnit(result, ["convergence.p99<5s", "pods.failed==0"]);
    expect(xml).toContain('tests="2" failures="1"');
    expect(xml).toContain('<testcase name="pods.failed==0" classname="calico-sim"/>');
    expect(xml).toContain("convergence.p99 is never, must be &lt; 5s");
  });
});
