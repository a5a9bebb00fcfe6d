/**
 * Calico's label selector language.
 *
 * @module
 */
export {
  type Labels,
  parseSelector,
  type Selector,
  SelectorError,
  selects,
} from "./selector.js";
