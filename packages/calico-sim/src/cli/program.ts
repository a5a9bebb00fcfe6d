import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import type { RunOptions } from "./run.js";
import { type Terminal, UsageError } from "./terminal.js";

/** Exit codes of the command. */
export const EXIT = { ok: 0, thresholdMissed: 1, badInput: 2, defect: 3 } as const;

/** Errors whose message is written for the caller; everything else is a defect of ours. */
const CALLER_ERRORS: ReadonlySet<string> = new Set([
  "UsageError",
  "ManifestError",
  "ManifestFileError",
  "ScenarioFileError",
  "ScenarioError",
  "ClusterError",
  "FabricError",
  "SessionLimitError",
  "ThresholdError",
]);

const RUN_HELP = `
Paths are files or folders of YAML or JSON: Kubernetes Nodes (kubectl get nodes -o yaml), Calico
resources (calicoctl get -o yaml, kubectl get ippools -o yaml) and installation manifests.
A folder may hold a scenario.yaml (or .json), a list of steps:

  - { at: 0s, action: start }
  - { at: 1m, action: pods-create, count: 3000, over: 60s }
  - { at: 5m, action: node-crash, node: worker-7 }

It may also hold an external-routers.yaml, which describes the BGP peers that are no nodes:

  externalRouters:
    - { name: tor-a, ip: 10.0.0.254, asNumber: 65001, prefixes: [0.0.0.0/0] }

And an underlay.yaml, which says what links are like that are not as the default ones:

  links:
    - { between: [10.0.1.0/24, spine-0], loss: 0.01, bandwidthMbps: 1000 }

Without a scenario the cluster starts, gets 30 pods a node, loses its last worker at 5m, gains a block on
its first node at 12m, loses a rack at 14m, and is judged at 20m.

Thresholds name a figure of the result, as --json prints it, and a limit:
  --threshold 'convergence.p99<5s' --threshold 'blackholes.total==0' --threshold 'pods.failed==0'

Exit code: 0; 1 when a threshold is missed; 2 when the input is wrong.`;

/** Runs the command; resolves to its exit code and never throws. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT.ok;
  const program = new Command("calico-sim")
    .description("Simulates a Calico cluster: convergence, black holes, datastore load.")
    .version(version(), "-V, --version")
    .exitOverride()
    .showHelpAfterError("(--help shows what there is)")
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.stdout.columns ?? 100,
      getErrHelpWidth: () => terminal.stderr.columns ?? 100,
    });
  program
    .command("run")
    .description("Reads a cluster from manifests, runs a scenario, prints one page.")
    .argument("<paths...>", "files or folders with Nodes, Calico resources, installation manifests")
    .option("--scenario <file>", "steps as YAML or JSON (default: scenario.yaml of the folder)")
    .option("--seed <seed>", "seed of every random draw", "1")
    .option("--until <time>", "end of the run, e.g. 20m (default: the last step plus 5m)")
    .option("--json", "print the whole result as JSON and nothing else")
    .option("--report <file>", "write a self-contained HTML report")
    .option("--junit <file>", "write the thresholds as a JUnit report")
    .option("--threshold <expression>", "a limit to keep; may be repeated", collect, [])
    .option("--cni-route-copies", "let the CNI plugin's own routes to pods reach BIRD's peers")
    .option("--no-compare", "do not run the same cluster without Typha beside it")
    .addHelpText("after", RUN_HELP)
    .action(async (paths: string[], options: RunOptions) => {
      // What simulates and reports is loaded only now: --help and --version stay quick.
      const { run } = await import("./run.js");
      code = (await run(paths, options, terminal)) ? EXIT.ok : EXIT.thresholdMissed;
    });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return report(error, terminal);
  }
}

function report(error: unknown, { stderr }: Terminal): number {
  // Commander has written its message already; help and version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
  if (error instanceof UsageError || (error instanceof Error && CALLER_ERRORS.has(error.name))) {
    stderr.write(`${error.message}\n`);
    return EXIT.badInput;
  }
  const text = error instanceof Error ? error.message : String(error);
  stderr.write(`calico-sim failed: ${text}\nThis is a defect of calico-sim; please report it.\n`);
  if (process.env["CALICO_SIM_DEBUG"] !== undefined && error instanceof Error) {
    stderr.write(`${error.stack ?? ""}\n`);
  } else stderr.write("CALICO_SIM_DEBUG=1 shows where it happened.\n");
  return EXIT.defect;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
