import { SESSION_ENDS_MAX } from "@calico-sim/bgp";
import {
  bgpSettings,
  eraOf,
  type FieldSchema,
  type Issue,
  isRecord,
  issueAt,
  nodeView,
  type ObjectSchema,
  ofKind,
  parseAddress,
  type Resource,
  showValue,
  validateSet,
  withoutNullFields,
} from "@calico-sim/core";
import { TYPHA_CONFIG } from "@calico-sim/typha";
import { faultAt, fieldIssues, resourceIssues, withoutNulls } from "./check-fields.js";
import { ClusterError } from "./cluster-error.js";
import type {
  ClusterOptions,
  PoolOptions,
  ResourceClusterOptions,
  RouteReflectorOptions,
} from "./cluster-options.js";
import { routerFieldIssues } from "./external-router-check.js";
import { fabricIssues } from "./fabric-check.js";
import { familyIssues } from "./family-check.js";
import { unfit } from "./parameter-limits.js";
import { underlayFieldIssues } from "./underlay-check.js";
import { workloadIssues } from "./workload-router.js";

const any: FieldSchema = { type: "any" };
const text: FieldSchema = { type: "string" };
const boolean: FieldSchema = { type: "boolean" };
const texts: FieldSchema = { type: "list", of: text };
const mode: FieldSchema = { type: "enum", values: ["Never", "Always", "CrossSubnet"] };

/** What both descriptions of a cluster hold. */
const COMMON = {
  resources: { type: "list", of: any },
  calicoVersion: text,
  datastore: { type: "enum", values: ["kubernetes", "etcd"] },
  etcdEndpoints: texts,
  backend: { type: "enum", values: ["bird", "vxlan", "none"] },
  externalRouters: any,
  workloadRouters: any,
  undescribedPeers: { type: "enum", values: ["accept", "absent"] },
  cniRouteCopies: boolean,
  routerId: text,
  underlay: any,
} satisfies Record<string, FieldSchema>;

const CLUSTER: ObjectSchema & { fields: Record<keyof ClusterOptions, FieldSchema> } = {
  type: "object",
  fields: {
    ...COMMON,
    nodes: any,
    racks: { type: "integer", min: 1, max: 4_096 },
    typhas: { type: "integer", min: 0 },
    pools: { type: "list", of: any },
    nodeFamilies: { type: "list", of: any },
    asNumber: { type: "integer", min: 1, max: 0xffff_ffff },
    routeReflectors: any,
  },
  required: ["nodes"],
};

const REFLECTORS: ObjectSchema & { fields: Record<keyof RouteReflectorOptions, FieldSchema> } = {
  type: "object",
  fields: {
    count: { type: "integer", min: 1 },
    clusterIds: { type: "enum", values: ["one", "each"] },
  },
  required: ["count"],
};

const POOL: ObjectSchema & { fields: Record<keyof PoolOptions, FieldSchema> } = {
  type: "object",
  fields: {
    name: text,
    cidr: { type: "string", format: "cidr" },
    ipipMode: mode,
    vxlanMode: mode,
    blockSize: { type: "integer", min: 20, max: 128 },
    natOutgoing: boolean,
    disableBGPExport: boolean,
  },
  required: ["cidr"],
};

const FINDING: ObjectSchema = {
  type: "object",
  fields: { code: text, text },
  required: ["code", "text"],
};

const FROM_RESOURCES: ObjectSchema & {
  fields: Record<keyof ResourceClusterOptions, FieldSchema>;
} = {
  type: "object",
  fields: {
    ...COMMON,
    typhas: { type: "integer", min: 0 },
    podFamilies: { type: "list", of: any },
    detectIpv6: boolean,
    detectIpv4: boolean,
    fabric: any,
    typhaConfig: any,
    secretNamespace: text,
    findings: { type: "list", of: FINDING },
  },
  required: ["resources"],
};

/** What a description becomes, where every default is in its place. */
const SPEC: typeof FROM_RESOURCES = {
  ...FROM_RESOURCES,
  required: ["resources", "calicoVersion", "datastore", "backend", "typhas", "fabric"],
};

const TYPHA: ObjectSchema = {
  type: "object",
  fields: Object.fromEntries(Object.keys(TYPHA_CONFIG).map((name) => [name, any])),
};

/** Most nodes of {@link import("./spec.js").cluster}. */
const NODES_MAX = 20_000;
/** Nodes of a /24 subnet. */
const NODES_PER_RACK = 250;

/** Checks a short description. @throws ClusterError with every option that is wrong. */
export function checkClusterOptions(options: ClusterOptions): void {
  const issues = [...fieldIssues(options, CLUSTER, [], "the description of a cluster")];
  if (typeof options === "object" && options !== null) {
    issues.push(...nodeIssues(options), ...commonIssues(options), ...reflectorIssues(options));
    const { pools, resources, nodeFamilies } = options as Partial<ClusterOptions>;
    issues.push(...familyIssues(nodeFamilies, ["nodeFamilies"], "a node"));
    const era = eraText(options.calicoVersion);
    if (Array.isArray(pools))
      issues.push(
        ...(Array.from(pools) as PoolOptions[]).flatMap((pool, i) => poolIssues(pool, i, era)),
      );
    if (Array.isArray(resources))
      issues.push(
        ...(Array.from(resources) as unknown[]).flatMap((resource, i) =>
          resourceIssues(resource, ["resources", i], era),
        ),
      );
  }
  // Routers and links alone are left to those who know their surroundings, too.
  const { externalRouters, underlay } = (options as Partial<ClusterOptions> | null) ?? {};
  if (issues.length > 0)
    throw new ClusterError([
      ...issues,
      ...routerFieldIssues(externalRouters),
      ...underlayFieldIssues(underlay),
    ]);
}

/** The release whose rules hold, where what is said of it is no text: that is an error of its own. */
function eraText(calicoVersion: unknown): string {
  return typeof calicoVersion === "string" ? calicoVersion : "3.33";
}

/** What both descriptions of a cluster hold, field against field. */
function commonIssues({
  datastore = "kubernetes",
  etcdEndpoints,
  workloadRouters,
  routerId,
}: Pick<ClusterOptions, "datastore" | "etcdEndpoints" | "workloadRouters" | "routerId">): Issue[] {
  const issues: Issue[] = [...workloadIssues(workloadRouters)];
  if (typeof routerId === "string" && !["", "hash"].includes(routerId) && !isRouterId(routerId)) {
    const message = `${JSON.stringify(routerId)} is no router id`;
    const want = "hash, or an IPv4 address";
    issues.push(faultAt("VALUE_OUT_OF_RANGE", ["routerId"], message, want, routerId));
  }
  if (etcdEndpoints !== undefined && datastore !== "etcd") {
    const message = `the datastore is ${datastore}, which has no etcd endpoints`;
    const want = "the datastore etcd with them";
    issues.push(faultAt("FIELDS_CONFLICT", ["etcdEndpoints"], message, want, etcdEndpoints));
  }
  return issues;
}

function isRouterId(text: string): boolean {
  const address = parseAddress(text);
  return address?.family === 4 && address.value !== 0;
}

/** How many nodes there are, how they are called, and what their number allows. */
function nodeIssues({ nodes, racks = 1, typhas = 0 }: ClusterOptions): Issue[] {
  const got: unknown = nodes;
  if (got === undefined || got === null) return [];
  const want = `a whole number from 1 to ${String(NODES_MAX)}, or a list of names`;
  const count = Array.isArray(got) ? got.length : got;
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > NODES_MAX) {
    const message = Array.isArray(got)
      ? `${String(got.length)} names are no number of nodes to simulate`
      : `${showValue(got)} is no number of nodes, and no list of names`;
    return [faultAt("VALUE_OUT_OF_RANGE", ["nodes"], message, want, got)];
  }
  const issues: Issue[] = [];
  const seen = new Set<unknown>();
  const names: readonly unknown[] = Array.isArray(got) ? got : [];
  for (const [i, name] of names.entries()) {
    if (typeof name !== "string" || !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) {
      const message = `${showValue(name)} is not a name that Kubernetes takes`;
      const names = "lower-case letters, digits, '-' and '.'";
      issues.push(faultAt("NAME_INVALID", ["nodes", i], message, names, name));
    } else if (seen.has(name)) {
      const message = `there are two nodes ${JSON.stringify(name)}`;
      const own = "a name of its own";
      issues.push(faultAt("RESOURCE_DUPLICATE", ["nodes", i], message, own, name));
    }
    seen.add(name);
  }
  if (Number.isInteger(typhas) && typhas > count) {
    const message = `${String(typhas)} Typhas are more than the ${String(count)} nodes to run them`;
    issues.push(
      faultAt("VALUE_OUT_OF_RANGE", ["typhas"], message, `0 to ${String(count)}`, typhas),
    );
  }
  if (!Number.isInteger(racks)) return issues;
  const perRack = Math.ceil(count / racks);
  if (racks > 1 && perRack > NODES_PER_RACK) {
    const message = `${String(racks)} gives ${String(perRack)} nodes to a /24 subnet`;
    const least = String(Math.ceil(count / NODES_PER_RACK));
    issues.push(faultAt("VALUE_OUT_OF_RANGE", ["racks"], message, `${least} or more`, racks));
  }
  return issues;
}

/** Reflectors are nodes, and of BIRD. */
function reflectorIssues({ routeReflectors, nodes, backend = "bird" }: ClusterOptions): Issue[] {
  const got: unknown = routeReflectors;
  if (got === undefined || got === null || got === 0) return [];
  const path = ["routeReflectors"];
  const options = typeof got === "number" ? { count: got } : got;
  const issues = [...fieldIssues(options, REFLECTORS, path, "route reflectors")];
  if (issues.length > 0) return issues;
  const { count } = options as RouteReflectorOptions;
  const all = Array.isArray(nodes) ? nodes.length : nodes;
  // How many nodes there are is said elsewhere where that is no number.
  if (typeof all === "number" && count > all) {
    const message = `${String(count)} route reflectors are more than the ${String(all)} nodes`;
    const want = `1 to ${String(all)}`;
    issues.push(faultAt("VALUE_OUT_OF_RANGE", path, message, want, count));
  }
  if (backend === "vxlan" || backend === "none") {
    const message = `the back end ${backend} has no BGP`;
    issues.push(faultAt("FIELDS_CONFLICT", path, message, "the back end bird with them", got));
  }
  return issues;
}

function poolIssues(pool: PoolOptions, i: number, calicoVersion: string): readonly Issue[] {
  const path = ["pools", i];
  const issues = fieldIssues(pool, POOL, path, "a pool");
  if (issues.length > 0) return issues;
  const { name = "pool", ...spec } = pool;
  const resource: Resource = {
    apiVersion: "projectcalico.org/v3",
    kind: "IPPool",
    metadata: { name },
    spec,
  };
  // The fields of a pool in short are those of `spec` and the name.
  return resourceIssues(resource, [], calicoVersion).map(
    ({ path: [, field = "cidr"] = [], ...rest }) =>
      issueAt(undefined, { ...rest, path: [...path, field] }),
  );
}

/** Checks what is said of a cluster beside its resources. @throws ClusterError with every option that is wrong. */
export function checkResourceClusterOptions(options: ResourceClusterOptions): void {
  const issues = resourceClusterIssues(options);
  if (issues.length > 0) throw new ClusterError(issues);
}

/**
 * Whether a cluster is one, an edited one too; what else it carries does not matter.
 *
 * @throws ClusterError when it is none, as when the options of `cluster` are given instead, and with all that is wrong with it.
 */
export function checkSpec(spec: ResourceClusterOptions): void {
  const given: unknown = spec;
  if (!isRecord(given) || !isRecord(given["fabric"]) || !Array.isArray(given["resources"]))
    throw new ClusterError(
      `a run takes a cluster as cluster(…) or await clusterFromManifests(…) returns it, not ${showValue(given)}`,
    );
  checkResources(spec);
  const issues = [
    ...resourceClusterIssues(spec, SPEC).filter(
      ({ code, path = [] }) => code !== "FIELD_UNKNOWN" || path.length > 1,
    ),
    ...routerFieldIssues(spec.externalRouters),
  ];
  if (issues.length > 0) throw new ClusterError(issues);
}

/** A cluster without fields that are null, which count as absent. @throws ClusterError as {@link checkSpec}. */
export function soundSpec<Spec extends ResourceClusterOptions>(spec: Spec): Spec {
  checkSpec(spec);
  const { resources, fabric, externalRouters = null, workloadRouters = null } = spec;
  const parts = withoutNullFields({ resources, fabric, externalRouters, workloadRouters });
  const sound = withoutNulls({ ...spec, ...parts });
  const same = Object.entries(spec).every(([field, value]) => sound[field as keyof Spec] === value);
  return same ? spec : sound;
}

function resourceClusterIssues(
  options: ResourceClusterOptions,
  fields = FROM_RESOURCES,
): readonly Issue[] {
  const issues = [...fieldIssues(options, fields, [], "the description of a cluster")];
  if (typeof options === "object" && options !== null) {
    const { typhaConfig, typhas = 0, resources, fabric, podFamilies } = options;
    issues.push(...commonIssues(options), ...familyIssues(podFamilies, ["podFamilies"], "a pod"));
    if (typhaConfig !== undefined) issues.push(...typhaIssues(typhaConfig));
    const names = Array.isArray(resources)
      ? ofKind(resources, "Node").map(({ metadata }) => metadata.name)
      : [];
    const nodes = names.length;
    if ((fabric ?? undefined) !== undefined) issues.push(...fabricIssues(fabric, names));
    // Typha's Pods are in the network of their host, so that a node has one at most.
    if (nodes > 0 && Number.isInteger(typhas) && typhas > nodes) {
      const message = `${String(typhas)} Typhas are more than the ${String(nodes)} nodes to run them`;
      issues.push(
        faultAt("VALUE_OUT_OF_RANGE", ["typhas"], message, `0 to ${String(nodes)}`, typhas),
      );
    }
  }
  return issues;
}

/** What an installation sets of Typha has the limits of `parameters.typha.config`. */
function typhaIssues(typhaConfig: unknown): readonly Issue[] {
  const issues = fieldIssues(typhaConfig, TYPHA, ["typhaConfig"], "Typha's configuration");
  if (issues.length > 0 || !isRecord(typhaConfig)) return issues;
  return Object.entries(typhaConfig).flatMap(([name, got]) => {
    const example: unknown = TYPHA_CONFIG[name as keyof typeof TYPHA_CONFIG];
    const path = ["typhaConfig", name];
    if (got === undefined) return [];
    if (typeof got !== typeof example) {
      const want = `a ${typeof example}`;
      const message = `${showValue(got)} is not ${want}`;
      return [faultAt("TYPE_WRONG", path, message, want, got)];
    }
    if (typeof got !== "number") return [];
    const want = unfit(`typha.config.${name}`, got);
    const message = `${String(got)} is out of range`;
    return want === undefined ? [] : [faultAt("VALUE_OUT_OF_RANGE", path, message, want, got)];
  });
}

/** Checks resources that nobody checked before. @throws ClusterError with all that is wrong with them. */
export function checkResources(options: Partial<ResourceClusterOptions> | undefined): void {
  const { resources, calicoVersion } = options ?? {};
  if (!Array.isArray(resources)) return;
  const issues = [...(resources as readonly unknown[])].flatMap((resource, i) =>
    resourceIssues(resource, ["resources", i], eraText(calicoVersion), { byHand: false }),
  );
  if (issues.length > 0) throw new ClusterError(issues);
  checkTogether(resources, resources);
}

/**
 * Checks resources against each other.
 *
 * @param written Those of them that the caller wrote, which come last.
 * @throws ClusterError with pools that overlap, objects that are there twice, and addresses that two nodes have.
 */
export function checkTogether(all: readonly Resource[], written: readonly Resource[]): void {
  const issues = validateSet(all).filter(({ severity }) => severity === "error");
  if (issues.length === 0) return;
  const generated = all.length - written.length;
  throw new ClusterError(
    issues.map(({ index, path = [], ...issue }) => {
      const within = ["resources", index - generated, ...path];
      return issueAt(issue.resource, { ...issue, path: index < generated ? [] : within });
    }),
  );
}

/** A mesh that no fleet can hold is refused before its first session. @throws ClusterError when it is too large. */
export function checkMesh(
  resources: readonly Resource[],
  backend: string,
  calicoVersion: string,
): void {
  const nodes = ofKind(resources, "Node");
  if (backend !== "bird" || nodes.length ** 2 <= SESSION_ENDS_MAX) return;
  const { nodeToNodeMeshEnabled } = bgpSettings(
    ofKind(resources, "BGPConfiguration"),
    eraOf(calicoVersion),
  );
  const inMesh = nodes.map(nodeView).filter((node) => !node.routeReflectorClusterID).length;
  if (!nodeToNodeMeshEnabled || inMesh * (inMesh - 1) <= SESSION_ENDS_MAX) return;
  const most = Math.floor((1 + Math.sqrt(1 + 4 * SESSION_ENDS_MAX)) / 2);
  throw new ClusterError(
    `a node-to-node mesh of ${inMesh.toLocaleString("en-US")} nodes cannot be simulated (at most ${most.toLocaleString("en-US")}); set nodeToNodeMeshEnabled to false in the BGPConfiguration default, and use route reflectors`,
  );
}
