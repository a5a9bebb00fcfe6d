import { type CalicoNode, NODE_ANNOTATIONS, type Node } from "@calico-sim/core";

/** The fields of a Node that calico-node writes; `null` clears one. */
export interface NodeFields {
  readonly ipv4Address?: string | null;
  readonly ipv6Address?: string | null;
  readonly ipv4IPIPTunnelAddr?: string | null;
  readonly ipv4VXLANTunnelAddr?: string | null;
  readonly ipv6VXLANTunnelAddr?: string | null;
}

/** The Node with these fields: annotations of a Kubernetes Node, or the spec of Calico's own. */
export function withNodeFields(node: Node, fields: NodeFields): Node {
  return node.apiVersion === "v1" ? annotated(node, fields) : specified(node, fields);
}

function annotated(node: Node, fields: NodeFields): Node {
  const annotations = new Map(Object.entries(node.metadata.annotations ?? {}));
  for (const [field, value] of Object.entries(fields) as [keyof NodeFields, string | null][]) {
    const key = NODE_ANNOTATIONS[field];
    if (value === null) annotations.delete(key);
    else annotations.set(key, value);
  }
  const metadata = { ...node.metadata, annotations: Object.fromEntries(annotations) };
  return { ...node, metadata };
}

function specified(node: CalicoNode, fields: NodeFields): Node {
  const { ipv4Address, ipv6Address, ipv4IPIPTunnelAddr, ...tunnels } = fields;
  const bgp = merged(node.spec?.bgp ?? {}, { ipv4Address, ipv6Address, ipv4IPIPTunnelAddr });
  return { ...node, spec: merged({ ...node.spec, bgp }, tunnels) };
}

function merged<T extends object>(
  into: T,
  from: Readonly<Record<string, string | null | undefined>>,
): T {
  const fields = new Map<string, unknown>(Object.entries(into));
  for (const [key, value] of Object.entries(from)) {
    if (value === null) fields.delete(key);
    else if (value !== undefined) fields.set(key, value);
  }
  return Object.fromEntries(fields) as T;
}
