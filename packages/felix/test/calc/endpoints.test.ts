import { Kernels, NodeDirectory, type Pod, PrefixTable } from "@calico-sim/core";
import { expect, test } from "vitest";
import { Endpoints } from "../../src/calc/endpoints.js";

const POD: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "default" },
  spec: { nodeName: "a" },
};
const annotated = (podIP: string): Pod => ({
  ...POD,
  metadata: { ...POD.metadata, annotations: { "cni.projectcalico.org/podIP": podIP } },
});

function endpoints(): Endpoints {
  const prefixes = new PrefixTable();
  return new Endpoints(new NodeDirectory(["a"]), prefixes, new Kernels(prefixes, 1), 3);
}

test("the kubelet's report of an address that the CNI plugin has written makes no other endpoint", () => {
  const table = endpoints();
  const id = table.intern("default/web", annotated("10.0.0.5/32"));
  expect(id).toBeGreaterThan(0);
  const running: Pod = { ...annotated("10.0.0.5/32"), status: { podIPs: [{ ip: "10.0.0.5" }] } };
  expect(table.intern("default/web", running)).toBe(id);
  const moved: Pod = { ...running, status: { podIPs: [{ ip: "10.0.0.6" }] } };
  expect(table.intern("default/web", moved)).not.toBe(id);
});

test("a pod that the CNI plugin has torn down has no endpoint, though the kubelet still reports its address", () => {
  const table = endpoints();
  const going = annotated("");
  const metadata = { ...going.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
  const status = { podIPs: [{ ip: "10.0.0.5" }] };
  expect(table.intern("default/web", { ...going, metadata, status })).toBe(0);
  expect(table.intern("default/web", { ...going, status })).toBeGreaterThan(0);
});
