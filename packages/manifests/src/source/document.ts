import type { PathSegment } from "@calico-sim/core";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
  visit,
} from "yaml";
import { locateInJson } from "./json-position.js";
import { type Location, type ManifestSource, SourceText } from "./source-text.js";

/** One document of a source: its content as plain data, and where each part of it stands. */
export interface ManifestDocument {
  readonly source: SourceText;
  readonly value: unknown;
  /** The place of a path, or of the deepest part of it that exists. */
  locate(path: readonly PathSegment[]): Location;
  /** The place of an offset inside a text value, where the text stands in the source line by line. */
  locateInside(path: readonly PathSegment[], offset: number): Location;
}

/** A source that is no YAML, or not entirely. */
export interface SyntaxFault {
  readonly code: "YAML_SYNTAX" | "YAML_DUPLICATE_KEY" | "YAML_TAB" | "JSON_SYNTAX";
  readonly message: string;
  readonly location: Location;
}

/** What a source holds. A document with a fault is not among the documents: nothing half-read. */
export interface ParsedSource {
  readonly source: SourceText;
  readonly documents: readonly ManifestDocument[];
  readonly faults: readonly SyntaxFault[];
}

/** Levels that a document may have: Kubernetes' own objects have some twenty. One that holds itself has no end of them. */
const LEVELS_MAX = 200;

/** Splits a source into documents. JSON is read as JSON, which is many times faster than as YAML. */
export function parseSource(input: ManifestSource): ParsedSource {
  const source = new SourceText(input);
  let parsed: ParsedSource;
  try {
    parsed = parseText(source, input);
  } catch (error) {
    // The parser calls itself for each level.
    if (!(error instanceof RangeError)) throw error;
    return { source, documents: [], faults: [tooDeep(source.location(0, 1))] };
  }
  const sound = parsed.documents.filter(({ value }) => !isDeeper(value, LEVELS_MAX));
  if (sound.length === parsed.documents.length) return parsed;
  const deep = parsed.documents.filter((document) => !sound.includes(document));
  const faults = deep.map((document) => tooDeep(document.locate([])));
  return { ...parsed, documents: sound, faults: [...parsed.faults, ...faults] };
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}

function tooDeep(location: Location): SyntaxFault {
  const message = `this is nested deeper than the ${String(LEVELS_MAX)} levels that are read`;
  return { code: "YAML_SYNTAX", message, location };
}

function parseText(source: SourceText, input: ManifestSource): ParsedSource {
  const looksLikeJson = /^\s*[{[]/.test(source.text);
  if (!looksLikeJson) return parseYaml(source);
  try {
    const value: unknown = JSON.parse(source.text);
    return { source, documents: [new JsonDocument(source, value)], faults: [] };
  } catch (error) {
    // Flow style YAML begins like JSON too.
    if (!input.name.endsWith(".json")) return parseYaml(source);
    const message = error instanceof Error ? error.message : String(error);
    const offset = jsonErrorOffset(message) ?? source.text.length;
    const location = source.location(offset, offset + 1);
    return { source, documents: [], faults: [{ code: "JSON_SYNTAX", message, location }] };
  }
}

/** The offset that V8 names in a JSON error, if it names one. */
export function jsonErrorOffset(message: string): number | undefined {
  const match = /at position (\d+)/.exec(message);
  return match === null ? undefined : Number(match[1]);
}

function parseYaml(source: SourceText): ParsedSource {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(source.text, { lineCounter, prettyErrors: false, merge: true });
  const documents: ManifestDocument[] = [];
  const faults: SyntaxFault[] = [];
  for (const document of "empty" in parsed ? [] : parsed) {
    if (document.errors.length > 0) {
      // What follows the first error is mostly its echo.
      const [first] = document.errors;
      if (first !== undefined) faults.push(faultOf(source, first));
      continue;
    }
    const template = templateIn(source, document);
    if (template !== undefined) {
      faults.push(template);
      continue;
    }
    try {
      const value: unknown = document.toJS();
      // A separator with nothing behind it makes an empty document.
      if (value !== null) documents.push(new YamlDocument(source, document, value));
    } catch (error) {
      // Aliases without an anchor, or so many that they would fill the memory.
      const message = error instanceof Error ? error.message : String(error);
      const [start, end] = document.range;
      faults.push({ code: "YAML_SYNTAX", message, location: source.location(start, end) });
    }
  }
  return { source, documents, faults };
}

/** A `{{ … }}` where a value belongs is a map with a map for its key, which no manifest has. */
function templateIn(source: SourceText, document: Document.Parsed): SyntaxFault | undefined {
  if (!source.text.includes("{{")) return undefined;
  let found: SyntaxFault | undefined;
  visit(document, {
    Pair: (_, { key }) => {
      if (!isMap(key)) return undefined;
      const [start = 0, end = start] = key.range ?? [];
      found = { ...TEMPLATE, location: source.location(Math.max(0, start - 1), end + 1) };
      return visit.BREAK;
    },
  });
  return found;
}

const TEMPLATE = {
  code: "YAML_SYNTAX",
  message:
    "this is a template, which holds a manifest only once it is rendered, as by helm template",
} as const;

/** What `yaml` says of a fault. */
interface YamlFault {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

function faultOf(source: SourceText, error: YamlFault): SyntaxFault {
  const location = source.location(error.pos[0], error.pos[1]);
  switch (error.code) {
    case "DUPLICATE_KEY":
      return { code: "YAML_DUPLICATE_KEY", message: "this key stands here twice", location };
    case "TAB_AS_INDENT":
      return { code: "YAML_TAB", message: "YAML is indented with spaces; this is a tab", location };
    default:
      if (/\{\{.*\}\}/.test(location.text)) return { ...TEMPLATE, location };
      // The parser calls itself for each level.
      if (/call stack/.test(error.message)) return tooDeep(location);
      return { code: "YAML_SYNTAX", message: error.message, location };
  }
}

class JsonDocument implements ManifestDocument {
  readonly source: SourceText;
  readonly value: unknown;

  constructor(source: SourceText, value: unknown) {
    this.source = source;
    this.value = value;
  }

  locate(path: readonly PathSegment[]): Location {
    const { start, end } = locateInJson(this.source.text, path);
    return this.source.location(start, end);
  }

  locateInside(path: readonly PathSegment[]): Location {
    return this.locate(path);
  }
}

class YamlDocument implements ManifestDocument {
  readonly source: SourceText;
  readonly value: unknown;
  private readonly document: Document.Parsed;

  constructor(source: SourceText, document: Document.Parsed, value: unknown) {
    this.source = source;
    this.document = document;
    this.value = value;
  }

  locate(path: readonly PathSegment[]): Location {
    const { node, key } = this.find(path);
    const at = isScalar(node) && (node.source ?? "") !== "" ? node : (key ?? node);
    const [start, end] = at?.range ?? this.document.range;
    return this.source.location(start, end);
  }

  locateInside(path: readonly PathSegment[], offset: number): Location {
    const { node } = this.find(path);
    if (!isScalar(node) || node.type !== "BLOCK_LITERAL" || typeof node.value !== "string") {
      return this.locate(path);
    }
    // A literal block stands below its header, each line behind the same indentation.
    const before = node.value.slice(0, offset).split("\n");
    const header = this.source.location(node.range?.[0] ?? 0, 0);
    const line = header.line + before.length;
    const indent = blockIndent(this.source, header.line + 1);
    return this.source.locationOfLine(line, indent + (before[before.length - 1] ?? "").length + 1);
  }

  /** The node at a path, or the deepest that exists, with the key it stands behind. */
  private find(path: readonly PathSegment[]): { node: Node | null; key: Scalar | undefined } {
    let node: Node | null = this.document.contents;
    let key: Scalar | undefined;
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(this.document) ?? node;
      if (isMap(node)) {
        const pair = node.items.find(
          (item) => isScalar(item.key) && String(item.key.value) === String(step),
        );
        if (pair === undefined) break;
        key = isScalar(pair.key) ? pair.key : undefined;
        node = isNode(pair.value) ? pair.value : null;
      } else if (isSeq(node)) {
        const item: unknown = node.items[Number(step)];
        if (!isNode(item)) break;
        node = item;
        key = undefined;
      } else break;
    }
    return { node, key };
  }
}

function blockIndent(source: SourceText, line: number): number {
  const { text } = source.locationOfLine(line, 1);
  return text.length - text.trimStart().length;
}
