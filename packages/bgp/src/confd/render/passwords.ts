import type { SecretKeyRef } from "@calico-sim/core";
import type { Secret } from "./kubernetes.js";

/**
 * Looks BGP passwords up in the Secrets of calico-node's own namespace. Without the Secret or the
 * key the peer is rendered without a password: confd waits for it 0.5 s and no longer
 * (calico: confd/pkg/backends/calico/secret_watcher.go).
 */
export function passwordReader(
  secrets: readonly Secret[],
  namespace: string,
): (reference: SecretKeyRef | undefined) => string | undefined {
  const byName = new Map<string, Secret>();
  for (const secret of secrets) {
    if ((secret.metadata.namespace ?? "default") === namespace)
      byName.set(secret.metadata.name, secret);
  }
  return (reference) => {
    const { name, key } = reference?.secretKeyRef ?? {};
    if (name === undefined || key === undefined) return undefined;
    const secret = byName.get(name);
    const plain = secret?.stringData?.[key];
    const encoded = secret?.data?.[key];
    const value = plain ?? decodeBase64(encoded);
    return value === "" ? undefined : value;
  };
}

/** A Secret's data as text; `undefined` for what is no base64. */
function decodeBase64(text: string | undefined): string | undefined {
  if (text === undefined || !/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0)
    return undefined;
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
