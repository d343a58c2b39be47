import { isBullaError } from "@bulla/wire";
import { type Command, helpText, parseCommandLine } from "./command-line.ts";
import { createService, type Service } from "./service.ts";

const USAGE = 2;

/** The program `bulla serve`: runs until a signal, then closes in order. */
async function main(): Promise<void> {
  // Also in a folder that was made for it by somebody else, nobody but the owner reads what the service writes.
  process.umask(0o077);
  const command = parseCommandLine(process.argv.slice(2), process.env);
  if (command.kind === "help") {
    process.stdout.write(helpText);
    return;
  }
  await serve(command);
}

async function serve({ dataFolder, host, port, domain, json }: Command & { kind: "serve" }): Promise<void> {
  // Registered first: a signal during the start must not leave it half done.
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  const log = (line: string): void => {
    process.stderr.write(`bulla: ${line}\n`);
  };
  const service: Service = await createService({
    dataFolder,
    host,
    port,
    ...(domain === undefined ? {} : { domain }),
    log,
  });
  process.stdout.write(
    json ? `${JSON.stringify({ event: "listening", url: service.url })}\n` : `bulla: serving on ${service.url}\n`,
  );
  await stopped;
  log("stopping");
  await service[Symbol.asyncDispose]();
  log("stopped");
}

try {
  await main();
  process.exit(0);
} catch (error) {
  const known = isBullaError(error);
  const message = known ? error.message : "internal error";
  const hint = known ? error.hint : "run it again; if it happens again, report it";
  process.stderr.write(`bulla: error: ${message}\n${hint === undefined ? "" : `bulla: hint: ${hint}\n`}`);
  process.exit(isBullaError(error, "cli/usage") ? USAGE : 1);
}
