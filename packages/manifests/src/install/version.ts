import type { IssueLog } from "../issue-log.js";
import type { Container } from "./containers.js";
import type { Installation } from "./workloads.js";

/**
 * The Calico release of an installation: the tag of calico-node's image. Components of different
 * releases are reported.
 *
 * @returns `"v3.33.1"`, `"master"`; undefined where no image has a tag.
 */
export function readVersion(parts: Installation, log: IssueLog): string | undefined {
  const components = [parts.node, parts.typha, parts.cniInstaller, parts.kubeControllers].filter(
    (c) => c !== undefined,
  );
  const tags = components.flatMap((component) => {
    const tag = tagOf(component.image);
    return tag === undefined ? [] : [{ component, tag }];
  });
  const [first] = tags;
  for (const { component, tag } of tags) {
    if (first === undefined || tag === first.tag) continue;
    reportSkew(component, tag, first.tag, log);
  }
  return first?.tag;
}

/** The tag of an image name: `v3.33.1` of `quay.io/calico/node:v3.33.1`. */
export function tagOf(image: string): string | undefined {
  const withoutDigest = image.split("@")[0] ?? "";
  const lastPart = withoutDigest.slice(withoutDigest.lastIndexOf("/") + 1);
  const colon = lastPart.indexOf(":");
  return colon < 0 ? undefined : lastPart.slice(colon + 1);
}

function reportSkew(component: Container, tag: string, nodeTag: string, log: IssueLog): void {
  log.add(component.object, {
    severity: "warning",
    code: "VERSION_SKEW",
    message: `${component.name} is ${tag} while calico-node is ${nodeTag}; the defaults of ${nodeTag} are used`,
    path: [...component.path, "image"],
    got: tag,
    want: nodeTag,
  });
}
