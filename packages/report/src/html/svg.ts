import { escapeXml } from "../format/xml.js";

/** An attribute's value; `undefined` leaves it out. */
export type Attribute = string | number | undefined;

/** Writes an element. Numbers are rounded to hundredths, so that the bytes are the same everywhere. */
export function element(
  name: string,
  attributes: Readonly<Record<string, Attribute>>,
  ...children: readonly string[]
): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        ` ${key}="${typeof value === "number" ? round(value) : escapeXml(value ?? "")}"`,
    )
    .join("");
  return children.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${children.join("")}</${name}>`;
}

/** Writes text as content. */
export const content: (text: string) => string = escapeXml;

/** A number with at most two decimals: `12.5`, never `12.50` or `1e-7`. */
export function round(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return String(Object.is(rounded, -0) ? 0 : rounded);
}
