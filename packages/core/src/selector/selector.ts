/** Labels of an object, as Kubernetes writes them. */
export type Labels = Readonly<Record<string, string>>;

/** A parsed selector: plain frozen data, evaluated by {@link selects}. */
export type Selector =
  | { readonly op: "all" }
  | { readonly op: "global" }
  | { readonly op: "has"; readonly key: string }
  | { readonly op: "==" | "!="; readonly key: string; readonly value: string }
  | {
      readonly op: "contains" | "starts with" | "ends with";
      readonly key: string;
      readonly value: string;
    }
  | { readonly op: "in" | "not in"; readonly key: string; readonly values: readonly string[] }
  | { readonly op: "!"; readonly of: Selector }
  | { readonly op: "&&" | "||"; readonly of: readonly Selector[] };

/** A selector that cannot be read; the message names the text and the place. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
}

const ALL: Selector = Object.freeze({ op: "all" });
const cache = new Map<string, Selector>();

/**
 * Reads a selector of Calico's label language (calico: libcalico-go/lib/selector/parser/parser.go):
 * `all()`, `global()`, `has(k)`, `!has(k)`, `k == 'v'`, `k != 'v'`, `k in {'a', 'b'}`,
 * `k not in {…}`, `k contains 'v'`, `k starts with 'v'`, `k ends with 'v'`, `!`, `&&`, `||`,
 * parentheses. An empty selector matches everything.
 *
 * @throws SelectorError when the text is no selector.
 */
export function parseSelector(text: string): Selector {
  let parsed = cache.get(text);
  if (parsed === undefined) {
    parsed = new Parser(text).parse();
    // The cache saves work and nothing else: a parse has one result.
    if (cache.size < 10_000) cache.set(text, parsed);
  }
  return parsed;
}

/** Whether a selector, parsed or as text, matches an object with these labels. `k != v` holds where `k` is absent. */
export function selects(selector: Selector | string, labels: Labels): boolean {
  if (typeof selector === "string") return selects(parseSelector(selector), labels);
  switch (selector.op) {
    case "all":
    case "global":
      return true;
    case "has":
      return labels[selector.key] !== undefined;
    case "==":
      return labels[selector.key] === selector.value;
    case "!=":
      return labels[selector.key] !== selector.value;
    case "contains":
      return labels[selector.key]?.includes(selector.value) ?? false;
    case "starts with":
      return labels[selector.key]?.startsWith(selector.value) ?? false;
    case "ends with":
      return labels[selector.key]?.endsWith(selector.value) ?? false;
    case "in":
    case "not in": {
      const value = labels[selector.key];
      const member = value !== undefined && selector.values.includes(value);
      return member === (selector.op === "in");
    }
    case "!":
      return !selects(selector.of, labels);
    case "&&":
      return selector.of.every((part) => selects(part, labels));
    case "||":
      return selector.of.some((part) => selects(part, labels));
  }
}

const TOKEN =
  /\s*(?:(&&|\|\||==|!=|[!(){},])|'([^']*)'|"([^"]*)"|(not\s+in(?=[\s{])|starts\s+with(?=[\s'"])|ends\s+with(?=[\s'"]))|([A-Za-z0-9_./-]+))/y;

interface Token {
  readonly type: "symbol" | "text" | "word" | "end";
  readonly text: string;
  readonly at: number;
}

class Parser {
  private readonly source: string;
  private readonly tokens: Token[] = [];
  private position = 0;

  constructor(source: string) {
    this.source = source;
    const trimmed = source.trimEnd();
    const token = new RegExp(TOKEN);
    let at = 0;
    while (at < trimmed.length) {
      token.lastIndex = at;
      const m = token.exec(trimmed);
      if (m === null) throw this.error(at, "a label, a value or an operator");
      const quoted = m[2] ?? m[3];
      if (quoted !== undefined) this.tokens.push({ type: "text", text: quoted, at });
      else if (m[5] !== undefined) this.tokens.push({ type: "word", text: m[5], at });
      else {
        const text = (m[1] ?? m[4] ?? "").replace(/\s+/g, " ");
        this.tokens.push({ type: "symbol", text, at });
      }
      at = token.lastIndex;
    }
    this.tokens.push({ type: "end", text: "", at });
  }

  parse(): Selector {
    if (this.peek().type === "end") return ALL;
    const selector = this.either();
    if (this.peek().type !== "end") throw this.error(this.peek().at, "the end of the selector");
    return selector;
  }

  private either(): Selector {
    return this.chain("||", () => this.both());
  }

  private both(): Selector {
    return this.chain("&&", () => this.term());
  }

  private chain(op: "&&" | "||", part: () => Selector): Selector {
    const of = [part()];
    while (this.accept(op)) of.push(part());
    return of.length === 1 ? of[0]! : Object.freeze({ op, of: Object.freeze(of) });
  }

  private term(): Selector {
    if (this.accept("!")) return Object.freeze({ op: "!", of: this.term() });
    if (this.accept("(")) {
      const inner = this.either();
      this.expect(")");
      return inner;
    }
    const key = this.next("word", "a label");
    if (this.accept("(")) return this.call(key);
    return this.comparison(key);
  }

  private call(name: string): Selector {
    if (name === "has") {
      const key = this.next("word", "a label");
      this.expect(")");
      return Object.freeze({ op: "has", key });
    }
    if (name !== "all" && name !== "global") {
      throw this.error(this.peek().at, "all(), global() or has(label)");
    }
    this.expect(")");
    return name === "all" ? ALL : Object.freeze({ op: "global" });
  }

  private comparison(key: string): Selector {
    const token = this.tokens[this.position]!;
    this.position++;
    switch (token.text) {
      case "==":
      case "!=":
      case "contains":
      case "starts with":
      case "ends with":
        return Object.freeze({ op: token.text, key, value: this.next("text", "a quoted value") });
      case "in":
      case "not in":
        return Object.freeze({ op: token.text, key, values: this.set() });
      default:
        throw this.error(token.at, "an operator");
    }
  }

  private set(): readonly string[] {
    const values: string[] = [];
    this.expect("{");
    if (!this.accept("}")) {
      do values.push(this.next("text", "a quoted value"));
      while (this.accept(","));
      this.expect("}");
    }
    return Object.freeze(values);
  }

  private peek(): Token {
    return this.tokens[this.position]!;
  }

  private accept(symbol: string): boolean {
    const token = this.peek();
    if (token.type !== "symbol" || token.text !== symbol) return false;
    this.position++;
    return true;
  }

  private expect(symbol: string): void {
    if (!this.accept(symbol)) throw this.error(this.peek().at, `"${symbol}"`);
  }

  private next(type: "word" | "text", what: string): string {
    const token = this.peek();
    if (token.type !== type) throw this.error(token.at, what);
    this.position++;
    return token.text;
  }

  private error(at: number, wanted: string): SelectorError {
    return new SelectorError(
      `"${this.source}" is not a selector: expected ${wanted} at character ${String(at + 1)}`,
    );
  }
}
