// Writes nodes.yaml: 100 Nodes in 5 subnets as `kubectl get nodes -o yaml` prints them.
// Arithmetic only, so that the file is the same each time: node examples/prod-100/generate.mjs
import { writeFileSync } from "node:fs";

const SUBNETS = 5;
const CONTROL_PLANE = 3;
const NODES = 100;

const two = (n) => String(n).padStart(2, "0");
const hex = (n, digits) => n.toString(16).padStart(digits, "0");

function node(i) {
  const control = i < CONTROL_PLANE;
  const name = control ? `cp-${i + 1}` : `worker-${String(i - CONTROL_PLANE + 1).padStart(3, "0")}`;
  const rack = (i % SUBNETS) + 1;
  const address = `10.20.${rack}.${11 + Math.floor(i / SUBNETS)}`;
  const minute = `2026-03-02T09:${two(Math.floor(i / 20))}:${two((i * 3) % 60)}Z`;
  const condition = (
    type,
    status,
    reason,
    message,
  ) => `    - lastHeartbeatTime: "2026-11-02T10:15:${two((i * 7) % 60)}Z"
      lastTransitionTime: "${minute}"
      message: ${message}
      reason: ${reason}
      status: "${status}"
      type: ${type}`;
  return `- apiVersion: v1
  kind: Node
  metadata:
    annotations:
      kubeadm.alpha.kubernetes.io/cri-socket: unix:///var/run/containerd/containerd.sock
      node.alpha.kubernetes.io/ttl: "0"
      projectcalico.org/IPv4Address: ${address}/24
      volumes.kubernetes.io/controller-managed-attach-detach: "true"
    creationTimestamp: "${minute}"
    labels:
      beta.kubernetes.io/arch: amd64
      beta.kubernetes.io/os: linux
      kubernetes.io/arch: amd64
      kubernetes.io/hostname: ${name}
      kubernetes.io/os: linux
${
  control
    ? `      node-role.kubernetes.io/control-plane: ""
      node.kubernetes.io/exclude-from-external-load-balancers: ""
`
    : ""
}      topology.kubernetes.io/zone: rack-${rack}
    name: ${name}
    resourceVersion: "${4_812_300 + 17 * i}"
    uid: 7d1f${hex(i, 4)}-52c4-4b0e-9a61-${hex(0x3c0ffee00000 + 977 * i, 12)}
  spec:
    podCIDR: 10.244.${i}.0/24
    podCIDRs:
    - 10.244.${i}.0/24
${
  control
    ? `    taints:
    - effect: NoSchedule
      key: node-role.kubernetes.io/control-plane
`
    : ""
}  status:
    addresses:
    - address: ${address}
      type: InternalIP
    - address: ${name}
      type: Hostname
    allocatable:
      cpu: "${control ? 8 : 16}"
      ephemeral-storage: "94793862721"
      hugepages-2Mi: "0"
      memory: ${control ? 32_772_108 : 65_643_532}Ki
      pods: "110"
    capacity:
      cpu: "${control ? 8 : 16}"
      ephemeral-storage: 102858792Ki
      hugepages-2Mi: "0"
      memory: ${control ? 32_874_508 : 65_745_932}Ki
      pods: "110"
    conditions:
${condition("NetworkUnavailable", "False", "CalicoIsUp", "Calico is running on this node")}
${condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available")}
${condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure")}
${condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available")}
${condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")}
    daemonEndpoints:
      kubeletEndpoint:
        Port: 10250
    nodeInfo:
      architecture: amd64
      bootID: 0b6c${hex(i, 4)}-8a52-4c11-b3d7-${hex(0x1dea00000000 + 7919 * i, 12)}
      containerRuntimeVersion: containerd://2.1.4
      kernelVersion: 6.8.0-60-generic
      kubeProxyVersion: ""
      kubeletVersion: v1.34.2
      machineID: ${hex(0x9f3a0000 + i, 8)}c2d54b6e8f71a0e35d4c9b12
      operatingSystem: linux
      osImage: Ubuntu 24.04.3 LTS
      systemUUID: 4c4c${hex(i, 4)}-0051-3410-8043-${hex(0xb8c04f000000 + 613 * i, 12)}
`;
}

const items = Array.from({ length: NODES }, (_, i) => node(i)).join("");
const text = `apiVersion: v1\nitems:\n${items}kind: List\nmetadata:\n  resourceVersion: ""\n`;
writeFileSync(new URL("nodes.yaml", import.meta.url), text);
