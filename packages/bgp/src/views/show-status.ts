import { formatDateTime } from "./clock-text.js";
import { BIRD_VERSION, type ControlReply } from "./control-reply.js";
import type { DaemonView } from "./daemon-view.js";

/** `show status` (bird: nest/cmds.c; codes: doc/reply_codes). */
export function showStatus(view: DaemonView, routerId: string): ControlReply {
  const { recovery } = view;
  const lines = [
    `Router ID is ${routerId}`,
    `Current server time is ${formatDateTime(view.now)}`,
    `Last reboot on ${formatDateTime(view.booted)}`,
    `Last reconfiguration on ${formatDateTime(view.reconfigured)}`,
  ].map((text) => ({ code: 1011, text }));
  const recovering =
    recovery === undefined
      ? []
      : [
          "Graceful restart recovery in progress",
          `  Waiting for ${String(recovery.waiting)} protocols to recover`,
          `  Wait timer is ${String(recovery.timer.left)}/${String(recovery.timer.of)}`,
        ].map((text) => ({ code: 24, text }));
  return [
    { code: 1000, text: `BIRD ${BIRD_VERSION}` },
    ...lines,
    ...recovering,
    { code: 13, text: "Daemon is up and running" },
  ];
}
