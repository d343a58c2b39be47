import type { Invocation } from "./command-line.ts";
import type { CommandName } from "./command-table.ts";
import type { Context } from "./context.ts";
import { homeFolderOf } from "./environment.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { listenForInterruption } from "./interruption.ts";
import type { Output } from "./output.ts";
import { reportError } from "./report-error.ts";

type Command = (context: Context) => Promise<ExitCode | void>;

/** Each command in a file of its own, so that sealing a file does not load what groups need. */
const commands: Readonly<Record<Exclude<CommandName, "whoami">, () => Promise<Command>>> = {
  init: async () => (await import("./commands/init.ts")).init,
  devices: async () => (await import("./commands/devices.ts")).devices,
  contacts: async () => (await import("./commands/contacts.ts")).contacts,
  "contacts accept": async () => (await import("./commands/contacts.ts")).acceptContact,
  "contacts block": async () => (await import("./commands/contacts.ts")).blockContact,
  "contacts unblock": async () => (await import("./commands/contacts.ts")).unblockContact,
  send: async () => (await import("./commands/send.ts")).send,
  receive: async () => (await import("./commands/receive.ts")).receive,
  "space create": async () => (await import("./commands/space.ts")).createSpace,
  "space list": async () => (await import("./commands/space.ts")).listSpaces,
  "space show": async () => (await import("./commands/space.ts")).showSpace,
  "space add": async () => (await import("./commands/space.ts")).addToSpace,
  "space remove": async () => (await import("./commands/space.ts")).removeFromSpace,
  "space role": async () => (await import("./commands/space.ts")).setRole,
  "space policy": async () => (await import("./commands/space.ts")).setPolicy,
  "space rename": async () => (await import("./commands/space.ts")).renameSpace,
  "space leave": async () => (await import("./commands/space.ts")).leaveSpace,
  message: async () => (await import("./commands/message.ts")).message,
  read: async () => (await import("./commands/read.ts")).read,
  sent: async () => (await import("./commands/sent.ts")).sent,
  "receipt show": async () => (await import("./commands/receipt-show.ts")).showReceipt,
  "receipt verify": async () => (await import("./commands/receipt-verify.ts")).verifyReceipt,
  keygen: async () => (await import("./commands/keygen.ts")).keygen,
  seal: async () => (await import("./commands/seal.ts")).seal,
  open: async () => (await import("./commands/open.ts")).open,
};

/** Run one command to its end. Failures are reported, never thrown.
 *  @returns the exit code */
export async function runCommand({ command, words, options }: Invocation, output: Output): Promise<ExitCode> {
  const signal = listenForInterruption();
  const crash = (error: unknown): never => process.exit(reportError(output, error));
  process.on("uncaughtException", crash);
  try {
    if (command === "whoami") return exitCodes.done;
    const run = await commands[command]();
    const home = homeFolderOf(options, process.env);
    const code = await run({ words, options, output, signal, home, environment: process.env });
    return code ?? exitCodes.done;
  } catch (error) {
    return reportError(output, signal.aborted ? signal.reason : error);
  } finally {
    output.progress("");
  }
}
