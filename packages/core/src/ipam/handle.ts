import { API_VERSIONS, type IPAMHandle } from "../resources/index.js";

/** Resource name of a handle: the id in lower case (calico: libcalico-go/lib/backend/k8s/resources/ipam_handle.go). */
export function handleName(handle: string): string {
  return handle.toLowerCase();
}

/** A handle that holds `count` addresses of one block. */
export function newHandle(handle: string, cidr: string, count: number): IPAMHandle {
  return Object.freeze({
    apiVersion: API_VERSIONS.crd,
    kind: "IPAMHandle" as const,
    metadata: Object.freeze({ name: handleName(handle) }),
    spec: Object.freeze({
      handleID: handle,
      block: Object.freeze({ [cidr]: count }),
      deleted: false,
    }),
  });
}

/** The handle with `by` more (or fewer) addresses of a block; a block without addresses leaves. */
export function adjustHandle(handle: IPAMHandle, cidr: string, by: number): IPAMHandle {
  const { [cidr]: count = 0, ...others } = handle.spec.block;
  const block = count + by > 0 ? { ...others, [cidr]: count + by } : others;
  return Object.freeze({
    ...handle,
    spec: Object.freeze({ ...handle.spec, block: Object.freeze(block) }),
  });
}

/** True if the handle holds nothing. */
export function handleIsEmpty(handle: IPAMHandle): boolean {
  return Object.keys(handle.spec.block).length === 0;
}
