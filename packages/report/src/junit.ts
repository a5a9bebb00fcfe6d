import type { Result } from "@calico-sim/cluster";
import { describeCluster } from "./cluster-line.js";
import { escapeXml } from "./format/xml.js";
import { checkThresholds, listOf } from "./thresholds.js";

/**
 * Thresholds as a JUnit report: one test case each, failed where the result does not keep it.
 *
 * @throws ThresholdError as {@link checkThresholds}.
 */
export function toJUnit(result: Result, thresholds: readonly string[]): string {
  const cases = listOf(thresholds).map((expression) => {
    const [violation] = checkThresholds(result, [expression]);
    const name = `name="${escapeXml(expression)}" classname="calico-sim"`;
    if (violation === undefined) return { failed: false, text: `    <testcase ${name}/>` };
    const message = escapeXml(violation.text);
    return {
      failed: true,
      text: `    <testcase ${name}>\n      <failure message="${message}"/>\n    </testcase>`,
    };
  });
  const counts = `tests="${String(cases.length)}" failures="${String(cases.filter((c) => c.failed).length)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escapeXml(`calico-sim: ${describeCluster(result)}, seed ${result.seed}`)}" ${counts}>`,
    ...cases.map(({ text }) => text),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
