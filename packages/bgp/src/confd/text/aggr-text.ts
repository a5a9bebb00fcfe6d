import type { BirdConfiguration } from "../render/model.js";
import { braced, type Lines, sections, when } from "./lines.js";

/** `bird_aggr.cfg`: static routes, and what of a block is advertised (node-behaviour §1.7, §1.6 rule 5). */
export function aggrText(config: BirdConfiguration): string {
  return sections(staticProtocol(config), aggregation(config));
}

function staticProtocol({ staticRoutes }: BirdConfiguration): Lines {
  if (staticRoutes.length === 0) return [];
  return braced(
    "protocol static",
    staticRoutes.map((route) =>
      route.type === "blackhole"
        ? `route ${route.cidr} blackhole;`
        : `route ${route.cidr} via ${route.gateway};`,
    ),
  );
}

/** The block itself, what is preferred inside it, and nothing else inside it. */
function aggregation({ ownBlocks, routePriority }: BirdConfiguration): Lines {
  return braced(
    "function calico_aggr()",
    ownBlocks.flatMap(({ cidr }) => [
      ...when([`net = ${cidr}`], ["accept;"]),
      ...when(
        [`net ~ ${cidr}`],
        [
          ...when(["defined(krt_metric)", `krt_metric < ${String(routePriority)}`], ["accept;"]),
          "reject;",
        ],
      ),
    ]),
  );
}
