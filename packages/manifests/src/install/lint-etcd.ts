import type { PathSegment } from "@calico-sim/core";
import type { IssueLog } from "../issue-log.js";
import type { ManifestObject } from "../manifest-object.js";
import { splitList } from "./cni-config.js";
import type { Container } from "./containers.js";
import type { InstallSettings } from "./settings.js";
import type { Installation } from "./workloads.js";

interface Endpoints {
  readonly who: string;
  readonly list: readonly string[];
  readonly object: ManifestObject;
  readonly path: readonly PathSegment[];
}

/** Lint L05 and L06: every component reaches the same etcd, and with TLS where it needs it. */
export function lintEtcd(parts: Installation, settings: InstallSettings, log: IssueLog): void {
  const all = endpointsOf(parts, settings);
  const [first, ...others] = all;
  if (first === undefined) return;
  for (const other of others) {
    if (sorted(first.list) === sorted(other.list)) continue;
    log.add(other.object, {
      code: "ETCD_ENDPOINTS_DIFFER",
      rule: "L05",
      message: `${other.who} uses etcd at ${other.list.join(",")}, but ${first.who} at ${first.list.join(",")}: they act on different datastores`,
      path: other.path,
      got: other.list.join(","),
      want: first.list.join(","),
    });
  }
  lintTLS(parts, first, log);
}

/** Where etcd's endpoints are written; the ConfigMap is what the others are compared with. */
function endpointsOf(parts: Installation, settings: InstallSettings): readonly Endpoints[] {
  const { configMap } = parts;
  const list: Endpoints[] = [];
  const add = (
    who: string,
    text: string | undefined,
    object: ManifestObject,
    path: readonly PathSegment[],
  ): void => {
    if (text !== undefined && text !== "") list.push({ who, list: splitList(text), object, path });
  };
  if (configMap !== undefined) {
    add("calico-config", configMap.text(["data", "etcd_endpoints"]), configMap, [
      "data",
      "etcd_endpoints",
    ]);
  }
  const addFrom = (who: string, container: Container | undefined): void => {
    const variable = container?.environment.get("ETCD_ENDPOINTS");
    // A reference to the ConfigMap cannot differ from it.
    if (variable?.configMapKey === undefined && variable !== undefined) {
      add(who, variable.value, variable.object, variable.path);
    }
  };
  addFrom("calico-node", parts.node);
  addFrom("kube-controllers", parts.kubeControllers);
  if (configMap !== undefined && settings.cni !== undefined) {
    add("the CNI plugin", settings.cni.etcdEndpoints.join(","), configMap, [
      "data",
      "cni_network_config",
    ]);
  }
  return list;
}

function sorted(list: readonly string[]): string {
  return [...list].sort().join(",");
}

const TLS_FILES = [
  { key: "etcd_ca", variable: "ETCD_CA_CERT_FILE" },
  { key: "etcd_cert", variable: "ETCD_CERT_FILE" },
  { key: "etcd_key", variable: "ETCD_KEY_FILE" },
];

function lintTLS(parts: Installation, endpoints: Endpoints, log: IssueLog): void {
  const https = endpoints.list.some((endpoint) => endpoint.startsWith("https:"));
  const given = TLS_FILES.map(({ key, variable }) => {
    const fromNode = parts.node?.environment.get(variable)?.value;
    return fromNode ?? parts.configMap?.text(["data", key]) ?? "";
  });
  const missing = TLS_FILES.filter((_, i) => given[i] === "").map(({ key }) => key);
  const present = TLS_FILES.filter((_, i) => given[i] !== "").map(({ key }) => key);
  const report = (message: string, want: string): void => {
    log.add(endpoints.object, {
      code: "ETCD_TLS_MISMATCH",
      rule: "L06",
      message,
      path: endpoints.path,
      got: endpoints.list.join(","),
      want,
    });
  };
  if (https && missing.length > 0) {
    report(
      `etcd is reached over https but ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set`,
      "etcd_ca, etcd_cert and etcd_key",
    );
  } else if (!https && present.length > 0) {
    report(
      `${present.join(", ")} ${present.length === 1 ? "is" : "are"} set but etcd is reached without TLS`,
      "https endpoints, or no TLS files",
    );
  }
}
