import {
  address,
  any,
  boolean,
  cidr,
  type FieldSchema,
  integer,
  integerOrText,
  listOf,
  mapOf,
  object,
  openObject,
  text,
} from "./schema.js";

/** `metadata` of any object (kubernetes: staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go). */
export const METADATA: FieldSchema = object(
  {
    name: text,
    generateName: text,
    namespace: text,
    labels: mapOf(text),
    annotations: mapOf(text),
    uid: text,
    resourceVersion: text,
    generation: integer(0),
    creationTimestamp: any,
    deletionTimestamp: any,
    deletionGracePeriodSeconds: integer(0),
    finalizers: listOf(text),
    ownerReferences: listOf(any),
    managedFields: any,
    selfLink: text,
    clusterName: text,
    // Written by Calico's own API server in older exports.
    projectcalico: any,
  },
  ["name"],
);

const quantities = mapOf(integerOrText);
const conditions = listOf(openObject({ type: text, status: text }));

/** What the simulator reads of the Kubernetes kinds; their other fields are left alone. */
export const KUBERNETES_OBJECTS: Readonly<Record<string, Readonly<Record<string, FieldSchema>>>> = {
  Node: {
    spec: openObject({
      podCIDR: cidr,
      podCIDRs: listOf(cidr),
      unschedulable: boolean,
      taints: listOf(openObject({ key: text, effect: text })),
    }),
    status: openObject({
      addresses: listOf(openObject({ type: text, address: text }, ["type", "address"])),
      capacity: quantities,
      allocatable: quantities,
      conditions,
    }),
  },
  Pod: {
    spec: openObject({
      nodeName: text,
      hostNetwork: boolean,
      serviceAccountName: text,
      terminationGracePeriodSeconds: integer(0),
      containers: listOf(openObject({ name: text })),
    }),
    status: openObject({
      phase: { type: "enum", values: ["Pending", "Running", "Succeeded", "Failed", "Unknown"] },
      podIP: address,
      podIPs: listOf(openObject({ ip: address })),
      conditions,
    }),
  },
  Namespace: { spec: openObject({}), status: openObject({ phase: text }) },
  Secret: { data: mapOf(text), stringData: mapOf(text), type: text, immutable: boolean },
  Service: {
    spec: openObject({
      type: text,
      clusterIP: text,
      clusterIPs: listOf(text),
      externalIPs: listOf(address),
      externalTrafficPolicy: text,
      selector: mapOf(text),
      ipFamilies: listOf(text),
      publishNotReadyAddresses: boolean,
    }),
    status: openObject({
      loadBalancer: openObject({ ingress: listOf(openObject({ ip: address })) }),
    }),
  },
  EndpointSlice: {
    addressType: text,
    endpoints: listOf(
      openObject({
        addresses: listOf(text),
        nodeName: text,
        conditions: openObject({ ready: boolean }),
      }),
    ),
    ports: any,
  },
  ConfigMap: { data: mapOf(text), binaryData: mapOf(text), immutable: boolean },
};
