import { clusterFromResources, type Scenario, Simulation } from "@calico-sim/cluster";
import type { Pod, Resource } from "@calico-sim/core";
import { quietAfter } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { arbitraryCase, type Case } from "./support.js";

const LABELS = { app: "web" };

const SERVICES: readonly Resource[] = [LABELS, { app: "web", tier: "front" }].map(
  (selector, i) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `web-${String(i)}`, namespace: "default" },
    spec: { clusterIP: `10.96.0.${String(i + 1)}`, selector },
  }),
);

/** The scenario with labels on what it creates: every other time those of the first service alone. */
function labelled(scenario: Scenario): Scenario {
  return scenario.map(({ at, action }, i) => {
    if (action.type !== "pods-create" && action.type !== "pods-churn") return { at, action };
    const labels = i % 2 === 0 ? LABELS : { ...LABELS, tier: "front" };
    return { at, action: { ...action, labels } };
  });
}

function simulated([spec, scenario, seed]: Case, endpointsPerSlice: number): Simulation {
  const resources = [...spec.resources, ...SERVICES];
  const simulation = new Simulation(clusterFromResources({ ...spec, resources }), {
    seed,
    eventsMax: 5_000_000,
    parameters: { endpointSlices: { endpointsPerSlice } },
  });
  simulation.schedule(labelled(scenario));
  simulation.run(quietAfter(scenario));
  return simulation;
}

/** What the slices of a service must hold, read from the pods. */
function naive({ datastore }: Simulation, selector: Readonly<Record<string, string>>): string[] {
  const selected = (pod: Pod): boolean =>
    Object.entries(selector).every(([name, value]) => pod.metadata.labels?.[name] === value);
  return datastore
    .list("Pod")
    .filter((pod) => selected(pod) && pod.status?.phase !== "Succeeded")
    .flatMap(({ metadata, spec, status }) => {
      const ready =
        metadata.deletionTimestamp === undefined &&
        status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") === true;
      const ips = (status?.podIPs ?? []).map(({ ip }) => ip).filter((ip) => !ip.includes(":"));
      return ips.map((ip) => `${ip} ${spec?.nodeName ?? ""} ${String(ready)}`);
    })
    .sort();
}

describe("EndpointSlices, once all is quiet", () => {
  test.prop([arbitraryCase(), fc.integer({ min: 1, max: 6 })], runs(30))(
    "hold every pod of their services once, whatever happened, and never more than fit",
    (each, endpointsPerSlice) => {
      const simulation = simulated(each, endpointsPerSlice);
      SERVICES.forEach((service, i) => {
        const slices = simulation.datastore
          .list("EndpointSlice")
          .filter((s) => s.metadata.labels?.["kubernetes.io/service-name"] === `web-${String(i)}`);
        const held = slices.flatMap(({ endpoints = [] }) =>
          endpoints.map(
            (e) =>
              `${e.addresses?.join() ?? ""} ${e.nodeName ?? ""} ${String(e.conditions?.ready)}`,
          ),
        );
        const { selector } = (service as { spec: { selector: Record<string, string> } }).spec;
        expect(held.sort()).toEqual(naive(simulation, selector));
        for (const { endpoints = [] } of slices)
          expect(endpoints.length).toBeLessThanOrEqual(endpointsPerSlice);
        if (held.length > 0) expect(slices.every((s) => s.endpoints?.length !== 0)).toBe(true);
        else expect(slices.length).toBeLessThanOrEqual(1);
      });
    },
  );
});
