import { readFile, stat } from "node:fs/promises";
import { type AgeIdentity, type AgeSecret, openAge, openAgeFile, parseAgeIdentities } from "@bulla/client/node";
import { BullaError, isBullaError } from "@bulla/wire";
import { type AgePlatform, agePlatform } from "../age-platform.ts";
import { checkRoute, convert, openSource, piecesOf } from "../age-streams.ts";
import { usage } from "../command-line.ts";
import type { Context } from "../context.ts";
import { isFolder, readFailure } from "../file-failures.ts";
import { unlessAborted } from "../interruption.ts";
import { askPassphrase, readPassphraseFile } from "../passphrase.ts";
import { oneLine, sizeText } from "../terminal-text.ts";

const maxIdentityFileBytes = 1024 * 1024;

/** Open one age file. Nothing is written unless all of it is right. */
export async function open(context: Context): Promise<void> {
  const { words, options, output, signal } = context;
  const [from = ""] = words;
  if (from !== "-" && (await isFolder(from))) throw usage("that is a folder", "name one age file");
  const to = options.value("out") ?? defaultOut(from);
  if (from === "-" && to === "-")
    throw usage("an age file must be seen whole before any of it is shown", "give a file for PATH or for -o");
  checkChoice(context);
  await checkRoute({ from, to }, output);
  const secret = await secretOf(context);
  const platform = agePlatform();
  if (to === "-") await unlessAborted(signal, verifyWhole(platform, from, secret));
  const { out, size } = await convert(
    { from, to, mode: 0o600 },
    {
      stream: (source) => openAge(platform, source, secret),
      files: (source, target) => openAgeFile(platform, source, target, secret),
    },
    context,
  );
  if (out !== "-") output.result(oneLine(out), { out, size });
  output.say(`opened, ${sizeText(size)}`);
}

function defaultOut(from: string): string {
  const stem = from.endsWith(".age") ? from.slice(0, -".age".length) : "";
  if (from !== "-" && stem !== "" && !stem.endsWith("/")) return stem;
  throw usage("the name of the opened file is not clear", "say where to write: -o OUT");
}

function checkChoice({ options }: Context): void {
  const ways = (["identity", "passphrase", "passphrase-file"] as const).filter((name) => options.has(name));
  if (ways.length === 0) throw usage("no key was given", "give -i IDENTITY_FILE, or -p for a passphrase");
  if (ways.length > 1)
    throw usage("a file is opened with a key or with a passphrase, not both", "give -i, -p or --passphrase-file");
}

async function secretOf({ options, output, signal }: Context): Promise<AgeSecret> {
  const files = options.values("identity");
  if (files.length > 0) return { identities: (await Promise.all(files.map(readIdentities))).flat() };
  const file = options.value("passphrase-file");
  if (file !== undefined) return { passphrase: await readPassphraseFile(file, output) };
  return { passphrase: await askPassphrase("passphrase of the file", signal, "use --passphrase-file FILE in scripts") };
}

async function readIdentities(path: string): Promise<readonly AgeIdentity[]> {
  const text = await readIdentityFile(path).catch((error: unknown) => {
    throw readFailure(error, "the identity file");
  });
  try {
    return parseAgeIdentities(text);
  } catch (error) {
    if (!isBullaError(error, "core/bad-key")) throw error;
    throw new BullaError("core/bad-key", `identity file: ${error.message}`, {
      hint: "an identity file is what bulla keygen or age-keygen writes",
    });
  }
}

async function readIdentityFile(path: string): Promise<string> {
  if ((await stat(path)).size > maxIdentityFileBytes)
    throw new BullaError("core/bad-key", "identity file is too large to be one", {
      hint: "an identity file is what bulla keygen or age-keygen writes",
    });
  return readFile(path, "utf8");
}

/** Standard output cannot be taken back, so the whole is opened once before any of it is shown. */
async function verifyWhole(platform: AgePlatform, from: string, secret: AgeSecret): Promise<void> {
  await using source = await openSource(from);
  if (!(await source.stat()).isFile())
    throw usage("an age file must be seen whole before any of it is shown", "give -o a file");
  for await (const piece of openAge(platform, piecesOf(source), secret)) piece.fill(0);
}
