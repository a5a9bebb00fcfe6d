import {
  Fabric,
  Kernels,
  NodeDirectory,
  PROTOCOL,
  PrefixTable,
  parseCidr,
  type RouteType,
  singleMachine,
} from "@calico-sim/core";
import { expect, test } from "vitest";
import { owed, PacketWalk, REASONS } from "../src/delivery.js";

test.each([
  ["unicast", "delivered"],
  ["blackhole", "blackhole route"],
  ["unreachable", "unreachable route"],
] as const)("packets that meet a route of type %s: %s", (type: RouteType, becomes) => {
  const names = ["node-0", "node-1"];
  const prefixes = new PrefixTable();
  const kernels = new Kernels(prefixes, names.length);
  const prefix = prefixes.intern(parseCidr("10.244.0.0/26")!);
  const [device, gateway] = type === "unicast" ? ["eth0", 1] : ["", -1];
  const { bird: protocol } = PROTOCOL;
  const route = { type, device, gateway, onlink: false, metric: 1024, protocol };
  kernels.replace(0, prefix, kernels.intern(route));
  const fabric = Fabric.build(singleMachine(names));
  const walk = new PacketWalk(kernels, fabric, new NodeDirectory(names), [true, true]);
  const { code } = walk.follow(0, { owner: 1, prefix });
  expect(REASONS[code]).toBe(becomes);
  expect(owed(code)).toBe(type !== "unicast");
});
