import { isRecord, type PathSegment, type ResourceReference } from "@calico-sim/core";
import { type KindRole, roleOf } from "./kinds.js";
import type { ManifestDocument } from "./source/document.js";
import type { Location } from "./source/source-text.js";

/** One Kubernetes object of a source: a document, or an item of a list in one. */
export class ManifestObject {
  readonly document: ManifestDocument;
  /** Where in the document the object begins; empty for the document itself. */
  readonly prefix: readonly PathSegment[];
  readonly value: Readonly<Record<string, unknown>>;
  readonly apiVersion: string;
  readonly kind: string;
  readonly reference: ResourceReference;
  readonly role: KindRole;

  constructor(
    document: ManifestDocument,
    prefix: readonly PathSegment[],
    value: Readonly<Record<string, unknown>>,
    type: { readonly apiVersion: string; readonly kind: string },
  ) {
    const metadata = isRecord(value["metadata"]) ? value["metadata"] : {};
    const { name, namespace } = metadata;
    this.document = document;
    this.prefix = prefix;
    this.value = value;
    this.apiVersion = type.apiVersion;
    this.kind = type.kind;
    this.role = roleOf(type.apiVersion, type.kind);
    this.reference = {
      kind: type.kind,
      name: typeof name === "string" ? name : "(no name)",
      ...(typeof namespace === "string" ? { namespace } : {}),
    };
  }

  /** The place of a path inside the object. */
  locate(path: readonly PathSegment[]): Location {
    return this.document.locate([...this.prefix, ...path]);
  }

  /** The place of an offset inside a text value of the object. */
  locateInside(path: readonly PathSegment[], offset: number): Location {
    return this.document.locateInside([...this.prefix, ...path], offset);
  }

  /** The value at a path, if it is there. */
  at(path: readonly PathSegment[]): unknown {
    let value: unknown = this.value;
    for (const step of path) {
      if (Array.isArray(value)) value = (value as unknown[])[Number(step)];
      else if (isRecord(value)) value = value[step];
      else return undefined;
    }
    return value ?? undefined;
  }

  /** The text at a path, if text is there. */
  text(path: readonly PathSegment[]): string | undefined {
    const value = this.at(path);
    return typeof value === "string" ? value : undefined;
  }
}
