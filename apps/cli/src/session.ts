import type { Client } from "@bulla/client";
import { homeNeedsPassphrase, openClient } from "@bulla/client/node";
import { type Handle, parseHandle, splitHandle } from "@bulla/wire";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { readHostOverrides } from "./host-overrides.ts";
import { unlessAborted } from "./interruption.ts";
import { askPassphrase, readPassphraseFile } from "./passphrase.ts";
import { showProgress } from "./progress-line.ts";
import { explainError } from "./report-error.ts";

/** Open this device, do one thing with it, close it. @throws BullaError store/*; whatever the work throws */
export async function withClient<T>(context: Context, work: (client: Client) => Promise<T>): Promise<T> {
  const passphrase = await unlockingPassphrase(context);
  await using client = await openDevice(context, passphrase);
  return await unlessAborted(context.signal, work(client));
}

/** Go on with what earlier commands left unfinished. This command has done its own work by then: what fails here is told, and fails nothing. */
export async function resumeEarlier(client: Client, { output, signal }: Context): Promise<void> {
  try {
    await client.resume({ signal, onProgress: showProgress(output) });
  } catch (error) {
    signal.throwIfAborted();
    const { exit, error: words } = explainError(error);
    if (exit !== exitCodes.unreachable) output.say(`something sent earlier could not go on: ${words.message}`);
  } finally {
    output.progress("");
  }
}

/** A handle as it was typed; a bare name is somebody of the own service. @throws BullaError wire/bad-handle */
export function typedHandle(text: string, own: Handle): Handle {
  return parseHandle(text, splitHandle(own).host);
}

async function openDevice({ home, environment }: Context, passphrase: string | undefined): Promise<Client> {
  const hosts = await readHostOverrides(environment);
  return openClient({ home, hosts, ...(passphrase === undefined ? {} : { passphrase }) });
}

async function unlockingPassphrase({ home, environment, output, signal }: Context): Promise<string | undefined> {
  if (!(await homeNeedsPassphrase(home))) return undefined;
  const file = environment["BULLA_PASSPHRASE_FILE"];
  if (file !== undefined && file !== "") return readPassphraseFile(file, output);
  return askPassphrase("passphrase of this device", signal, "let BULLA_PASSPHRASE_FILE name a file that holds it");
}
