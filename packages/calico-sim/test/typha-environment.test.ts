import { describe, expect, test } from "vitest";
import { typhaConfigOf } from "../src/typha-environment.js";

describe("the TYPHA_ variables of a Deployment", () => {
  test("set the simulated Typha in its own units", () => {
    expect(
      typhaConfigOf({
        TYPHA_SHUTDOWNTIMEOUTSECS: "300",
        TYPHA_MAXCONNECTIONSLOWERLIMIT: "100",
        TYPHA_SERVERMINBATCHINGAGETHRESHOLDSECS: "0.1",
        TYPHA_LOGSEVERITYSCREEN: "info",
      }),
    ).toEqual({
      shutdownTimeout: 300_000_000,
      maxConnectionsLowerLimit: 100,
      minBatchingAgeThreshold: 100_000,
    });
  });

  test("leave rebalancing off unless it is kubernetes", () => {
    expect(typhaConfigOf({ TYPHA_CONNECTIONREBALANCINGMODE: "kubernetes" })).toEqual({
      connectionRebalancing: "kubernetes",
    });
    expect(typhaConfigOf({ TYPHA_CONNECTIONREBALANCINGMODE: "none" })).toEqual({
      connectionRebalancing: "none",
    });
  });

  test("that are no number change nothing", () => {
    for (const value of ["soon", "-5", "", "1e3"])
      expect(typhaConfigOf({ TYPHA_SERVERMAXFALLBEHINDSECS: value })).toEqual({});
  });
});
