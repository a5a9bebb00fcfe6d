/** Version that Calico's fork of BIRD reports (ground-truth/bird/README.md). */
export const BIRD_VERSION = "v0.3.3+birdv1.6.8";

/** One line of an answer on BIRD's control socket: its code and its text. */
export interface ReplyLine {
  readonly code: number;
  readonly text: string;
}

/** An answer on BIRD's control socket; its last line ends it. */
export type ControlReply = readonly ReplyLine[];

/** The line that ends an answer which has nothing more to say. */
export const END_OF_REPLY: ReplyLine = Object.freeze({ code: 0, text: "" });

/**
 * An answer as it goes over the socket, with the greeting before it: a line starts with its code and `-`, with a
 * space while the code stays the same, and the last one with its code and a space (bird: nest/cli.c). This is
 * what Calico's tools read.
 */
export function formatSocket(reply: ControlReply): string {
  const lines = [`0001 BIRD ${BIRD_VERSION} ready.`];
  let before = -1;
  reply.forEach(({ code, text }, i) => {
    const number = String(code).padStart(4, "0");
    if (i === reply.length - 1) lines.push(`${number} ${text}`);
    else lines.push(code === before ? ` ${text}` : `${number}-${text}`);
    before = code;
  });
  return `${lines.join("\n")}\n`;
}

/** An answer as `birdcl` shows it to people: without codes (bird: client/client.c). */
export function formatTerminal(reply: ControlReply): string {
  const lines = reply.filter((line) => line !== END_OF_REPLY).map(({ text }) => text);
  return `${[`BIRD ${BIRD_VERSION} ready.`, ...lines].join("\n")}\n`;
}
