import { hostname } from "node:os";
import { createAccount } from "@bulla/client/node";
import { usage } from "../command-line.ts";
import type { Context } from "../context.ts";
import { readHostOverrides } from "../host-overrides.ts";
import { unlessAborted } from "../interruption.ts";
import { askNewPassphrase, readPassphraseFile } from "../passphrase.ts";
import { showCard } from "../whoami.ts";

/** Make an account whose first device this is. */
export async function init(context: Context): Promise<void> {
  const { words, options, output, signal, home, environment } = context;
  const [handle = ""] = words;
  const service = options.value("service");
  if (service === undefined)
    throw usage("no service was named", "write --service URL, such as --service https://bulla.example");
  if (options.has("passphrase") && options.has("passphrase-file"))
    throw usage(
      "a passphrase comes from the terminal or from a file, not both",
      "give --passphrase or --passphrase-file",
    );
  const hosts = await readHostOverrides(environment);
  const passphrase = await newPassphrase(context);
  const deviceName = options.value("device") ?? hostname();
  const work = createAccount({
    home,
    handle,
    service,
    deviceName,
    hosts,
    signal,
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  showCard(await unlessAborted(signal, work), home, output);
  if (passphrase === undefined)
    output.say("the keys in this folder have no passphrase: whoever can read the folder is this device");
}

function newPassphrase({ options, output, signal }: Context): Promise<string | undefined> {
  const file = options.value("passphrase-file");
  if (file !== undefined) return readPassphraseFile(file, output);
  if (!options.has("passphrase")) return Promise.resolve(undefined);
  return askNewPassphrase("new passphrase for this device", signal, "use --passphrase-file FILE in scripts");
}
