import { describe, expect, test } from "vitest";
import {
  configureTunnelDevice,
  deviceMTUs,
  encapsulationsInUse,
  hostMTU,
  type MTUSettings,
  podMTU,
  vethMTU,
} from "../../src/encapsulation/index.js";

const PATTERN = /^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)/;
const AUTOMATIC: MTUSettings = {
  ipipMTU: 0,
  vxlanMTU: 0,
  vxlanMTUV6: 0,
  wireguardMTU: 0,
  wireguardMTUV6: 0,
  wireguardHostEncryptionEnabled: false,
};
const NONE = encapsulationsInUse([], {});

describe("the host MTU", () => {
  test("is the smallest of the uplinks that are up", () => {
    const interfaces = [
      { name: "lo", mtu: 65536, up: true },
      { name: "docker0", mtu: 1200, up: true },
      { name: "eth0", mtu: 9001, up: true },
      { name: "ens5", mtu: 1500, up: true },
      { name: "eth1", mtu: 1400, up: false },
    ];
    expect(hostMTU(interfaces, PATTERN)).toBe(1500);
  });

  test("is 1460 where nothing matches, as on a host whose only uplink is bond0", () => {
    expect(hostMTU([{ name: "bond0", mtu: 9000, up: true }], PATTERN)).toBe(1460);
  });
});

describe("the pod MTU on a host of 1500", () => {
  test.each([
    ["no encapsulation", NONE, 1500],
    ["IP-in-IP", { ...NONE, ipip: true }, 1480],
    ["VXLAN", { ...NONE, vxlan: true }, 1450],
    ["VXLAN for IPv6", { ...NONE, vxlanV6: true }, 1430],
    ["WireGuard", { ...NONE, wireguard: true }, 1440],
    ["WireGuard for IPv6", { ...NONE, wireguardV6: true }, 1420],
    ["the smallest of all in use", { ...NONE, ipip: true, vxlan: true, wireguard: true }, 1440],
  ])("with %s", (_, inUse, want) => {
    expect(podMTU(1500, deviceMTUs(1500, AUTOMATIC), inUse)).toBe(want);
  });

  test("follows an explicit setting, larger or smaller than the host's", () => {
    const devices = deviceMTUs(1500, { ...AUTOMATIC, vxlanMTU: 8000, ipipMTU: 1300 });
    expect(podMTU(1500, devices, { ...NONE, vxlan: true })).toBe(8000);
    expect(podMTU(1500, devices, { ...NONE, vxlan: true, ipip: true })).toBe(1300);
  });

  test("leaves another hundred bytes on AKS with host encryption alone", () => {
    const aks = { ...AUTOMATIC, kubernetesProvider: "AKS", wireguardHostEncryptionEnabled: true };
    expect(deviceMTUs(1500, aks)).toMatchObject({
      wireguard: 1340,
      wireguardV6: 1320,
      vxlan: 1450,
    });
    expect(deviceMTUs(1500, { ...aks, wireguardHostEncryptionEnabled: false }).wireguard).toBe(
      1440,
    );
    expect(deviceMTUs(1500, { ...aks, wireguardMTU: 1400 }).wireguard).toBe(1400);
  });
});

describe("an encapsulation is in use", () => {
  const v4 = { family: 4, ipipMode: "CrossSubnet", vxlanMode: "Never" } as const;
  const v6 = { family: 6, ipipMode: "Never", vxlanMode: "Always" } as const;

  test("where a pool asks for it", () => {
    expect(encapsulationsInUse([v4, v6], {})).toEqual({ ...NONE, ipip: true, vxlanV6: true });
  });

  test("or where FelixConfiguration forces it, which for VXLAN means IPv4 alone", () => {
    expect(encapsulationsInUse([v4, v6], { ipipEnabled: false, vxlanEnabled: true })).toEqual({
      ...NONE,
      vxlan: true,
      vxlanV6: true,
    });
    expect(encapsulationsInUse([], { vxlanEnabled: true })).toEqual({ ...NONE, vxlan: true });
  });
});

describe("a veth's MTU", () => {
  test("is the CNI configuration's, else Felix's, else 1500", () => {
    expect(vethMTU({ networkConfigMTU: 1400, fileMTU: 1300 })).toEqual({
      outcome: "mtu",
      mtu: 1400,
    });
    expect(vethMTU({ networkConfigMTU: 0, fileMTU: 1300 })).toEqual({ outcome: "mtu", mtu: 1300 });
    expect(vethMTU({})).toEqual({ outcome: "mtu", mtu: 1500 });
  });

  test("needs the file where it is required, even beside a configured MTU", () => {
    expect(vethMTU({ networkConfigMTU: 1400, requireFile: true }).outcome).toBe("error");
    expect(vethMTU({ fileMTU: 1400, requireFile: true })).toEqual({ outcome: "mtu", mtu: 1400 });
  });
});

test("a tunnel device is reconfigured to what Felix wants, and left alone when it is so already", () => {
  const fresh = { name: "tunl0", mtu: 1480, up: false, addresses: ["10.9.9.9"] };
  const target = { mtu: 1400, address: "192.168.0.1" };
  const configured = configureTunnelDevice(fresh, target);
  expect(configured).toEqual({ name: "tunl0", mtu: 1400, up: true, addresses: ["192.168.0.1"] });
  expect(configureTunnelDevice(configured, target)).toBe(configured);
});
