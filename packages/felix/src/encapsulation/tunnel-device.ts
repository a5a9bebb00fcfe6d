/** A tunnel device as the kernel holds it: plain data, replaced and not changed. */
export interface TunnelDevice {
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  readonly up: boolean;
  /** Addresses on the device; Felix keeps exactly one there. */
  readonly addresses: readonly string[];
}

/** What Felix wants of the device. */
export interface TunnelDeviceTarget {
  /** Bytes. */
  readonly mtu: number;
  /** The node's tunnel address; absent while IPAM has not given one. */
  readonly address?: string;
}

/**
 * Brings the kernel's default IP-in-IP device to what Felix wants: MTU, up, and the tunnel address
 * as its only address. Nothing to do returns the same object.
 *
 * @see calico: felix/dataplane/linux/ipip_mgr.go
 */
export function configureTunnelDevice(
  device: TunnelDevice,
  target: TunnelDeviceTarget,
): TunnelDevice {
  const addresses = target.address === undefined ? [] : [target.address];
  const sameAddresses =
    device.addresses.length === addresses.length &&
    device.addresses.every((address, i) => address === addresses[i]);
  if (device.mtu === target.mtu && device.up && sameAddresses) return device;
  return { name: device.name, mtu: target.mtu, up: true, addresses };
}
