import type { SecretKeyRef } from "@calico-sim/core";
import type { Secret } from "./kubernetes.js";

/** The Secrets of one namespace by name. */
export function secretsIn(
  namespace: string,
  secrets: readonly Secret[],
): ReadonlyMap<string, Secret> {
  const own = secrets.filter(({ metadata }) => (metadata.namespace ?? "default") === namespace);
  return new Map(own.map((secret) => [secret.metadata.name, secret]));
}

/**
 * The BGP password behind a reference, from the Secrets of calico-node's own namespace. Without the Secret or the
 * key the peer is rendered without a password: confd waits for it 0.5 s and no longer
 * (calico: confd/pkg/backends/calico/secret_watcher.go).
 */
export function passwordOf(
  secrets: ReadonlyMap<string, Secret>,
  reference: SecretKeyRef | undefined,
): string | undefined {
  const { name, key } = reference?.secretKeyRef ?? {};
  if (name === undefined || key === undefined) return undefined;
  const secret = secrets.get(name);
  const plain = secret?.stringData?.[key];
  const encoded = secret?.data?.[key];
  const value = plain ?? decodeBase64(encoded);
  return value === "" ? undefined : value;
}

/** A Secret's data as text; `undefined` for what is no base64. */
function decodeBase64(text: string | undefined): string | undefined {
  if (text === undefined || !/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0)
    return undefined;
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
