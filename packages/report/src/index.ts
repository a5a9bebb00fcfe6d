/**
 * Results as pages: text, self-contained HTML, advice, thresholds, JUnit.
 *
 * @module
 */
export type { Advice } from "./advice.js";
export { advise } from "./advise.js";
export type { Palette } from "./format/table.js";
export { toJUnit } from "./junit.js";
export { type HtmlOptions, renderHtml } from "./render-html.js";
export { renderText, type TextOptions } from "./render-text.js";
export {
  checkThresholds,
  type Operator,
  parseThreshold,
  type Threshold,
  ThresholdError,
  type Violation,
} from "./thresholds.js";
