import { scanAnswer } from "./scan.js";

/** The answer to `show status`; empty where it says nothing. */
export interface BirdStatus {
  readonly version: string;
  readonly routerID: string;
  readonly serverTime: string;
  readonly lastBootTime: string;
  readonly lastReconfigTime: string;
  readonly ready: boolean;
}

/** How the lines begin. */
const FIELDS = {
  version: "BIRD ",
  routerID: "Router ID is ",
  serverTime: "Current server time is ",
  lastBootTime: "Last reboot on ",
  lastReconfigTime: "Last reconfiguration on ",
} as const;

const READY = "Daemon is up and running";

/**
 * Reads the answer to `show status` (calico: node/pkg/status/populators/bird_status.go; codes: bird
 * doc/reply_codes).
 *
 * @throws BirdOutputError for a text that is no such answer.
 */
export function scanStatus(text: string): BirdStatus {
  const form = { rows: ["1000", "1011", "0024"], ends: ["0013", "0000"] };
  const lines = scanAnswer(text, form).map((row) => row.text);
  const value = (name: keyof typeof FIELDS): string => {
    const line = lines.find((one) => one.startsWith(FIELDS[name]));
    return line?.slice(FIELDS[name].length).trim() ?? "";
  };
  return {
    version: value("version"),
    routerID: value("routerID"),
    serverTime: value("serverTime"),
    lastBootTime: value("lastBootTime"),
    lastReconfigTime: value("lastReconfigTime"),
    ready: lines.includes(READY),
  };
}
