import { type AgeAudience, type AgeRecipient, parseAgeRecipients, sealAge, sealAgeFile } from "@bulla/client/node";
import { BullaError, isBullaError } from "@bulla/wire";
import { agePlatform } from "../age-platform.ts";
import { checkRoute, convert } from "../age-streams.ts";
import { usage } from "../command-line.ts";
import type { Context } from "../context.ts";
import { isFolder } from "../file-failures.ts";
import { askNewPassphrase, readPassphraseFile } from "../passphrase.ts";
import { oneLine, sizeText } from "../terminal-text.ts";

/** Seal one file as an age v1 file. */
export async function seal(context: Context): Promise<void> {
  const { words, options, output } = context;
  const [from = ""] = words;
  if (from !== "-" && (await isFolder(from)))
    throw usage(
      "that is a folder, and an age file holds one file",
      "use tar: tar c FOLDER | bulla seal - -r age1... -o FOLDER.tar.age",
    );
  const to = options.value("out") ?? (from === "-" ? undefined : `${from}.age`);
  if (to === undefined) throw usage("standard input has no name to derive one from", "say where to write: -o OUT");
  checkChoice(context);
  const recipients = recipientsOf(options.values("recipient"));
  await checkRoute({ from, to }, output);
  const audience: AgeAudience = recipients.length > 0 ? { recipients } : { passphrase: await newPassphrase(context) };
  const platform = agePlatform();
  const { out, size } = await convert(
    { from, to, mode: 0o666 },
    {
      stream: (source) => sealAge(platform, source, audience),
      files: (source, target) => sealAgeFile(platform, source, target, audience),
    },
    context,
  );
  if (out !== "-") output.result(oneLine(out), { out, size });
  output.say(`sealed, ${sizeText(size)}`);
}

function checkChoice({ options }: Context): void {
  const ways = (["recipient", "passphrase", "passphrase-file"] as const).filter((name) => options.has(name));
  if (ways.length === 0)
    throw usage(
      "nobody could open it: no recipient and no passphrase was given",
      "give -r AGE_RECIPIENT, or -p for a passphrase",
    );
  if (ways.length > 1)
    throw usage(
      "a file is sealed for recipients or under one passphrase, not both",
      "give -r, -p or --passphrase-file",
    );
}

function recipientsOf(texts: readonly string[]): readonly AgeRecipient[] {
  return texts.flatMap((text, i) => {
    try {
      return parseAgeRecipients(text);
    } catch (error) {
      if (!isBullaError(error, "age/bad-recipient")) throw error;
      const which = texts.length === 1 ? "what follows -r" : `what follows -r number ${i + 1}`;
      throw new BullaError("age/bad-recipient", `${which} is not an age recipient`, { hint: hintFor(text) });
    }
  });
}

function hintFor(text: string): string {
  if (text.toUpperCase().startsWith("AGE-SECRET-KEY-"))
    return "that is a secret key: give the public key that belongs to it, which begins with age1";
  if (text.includes("@")) return "for somebody with a handle use bulla send; an age recipient begins with age1";
  return "an age recipient begins with age1; check that it was copied whole";
}

function newPassphrase({ options, output, signal }: Context): Promise<string> {
  const file = options.value("passphrase-file");
  if (file !== undefined) return readPassphraseFile(file, output);
  return askNewPassphrase("passphrase for the file", signal, "use --passphrase-file FILE in scripts");
}
