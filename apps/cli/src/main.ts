import { type CommandLine, parseCommandLine } from "./command-line.ts";
import { keepCompiledCode } from "./compile-cache.ts";
import { homeFolderOf } from "./environment.ts";
import { helpText, overviewText } from "./help-text.ts";
import { createOutput, type Output } from "./output.ts";
import { reportError } from "./report-error.ts";
import { version } from "./version.ts";
import { whoami } from "./whoami.ts";

// Small on purpose: help and whoami start nearly as fast as Node does. All else is loaded when it is asked for.

async function main(args: readonly string[]): Promise<void> {
  const output = createOutput(asksForJson(args));
  try {
    process.exitCode = await run(parseCommandLine(args), output);
  } catch (error) {
    process.exitCode = reportError(output, error);
  }
}

async function run(line: CommandLine, output: Output): Promise<number> {
  if (line.kind === "version") output.raw(`bulla ${version}\n`);
  else if (line.kind === "help") output.raw(line.about === undefined ? overviewText() : helpText(line.about));
  else if (line.invocation.command === "whoami")
    await whoami(homeFolderOf(line.invocation.options, process.env), output);
  else {
    keepCompiledCode(process.env);
    const { runCommand } = await import("./commands.ts");
    // Connections and files may still be open: what was promised is durable by now.
    process.exit(await runCommand(line.invocation, output));
  }
  return 0;
}

/** Also right when the rest of the line is not. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).includes("--json");
}

void main(process.argv.slice(2));
