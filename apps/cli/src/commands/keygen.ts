import { isatty } from "node:tty";
import { type AgeKeyPair, generateAgeIdentity } from "@bulla/client/node";
import type { Context } from "../context.ts";
import { writeNewFile } from "../new-file.ts";

/** Make an age identity file, the way age-keygen writes it. */
export async function keygen({ options, output, signal }: Context): Promise<void> {
  const pair = await generateAgeIdentity({ postQuantum: options.has("pq") });
  const out = options.value("out");
  const text = identityFileText(pair, new Date());
  if (out === undefined || out === "-") {
    if (output.json) output.result("", { recipient: pair.recipient, identity: pair.identity, out: null });
    else output.raw(text);
    if (!output.json && !isatty(1)) output.say(`public key: ${pair.recipient}`);
    return;
  }
  await writeNewFile(out, 0o600, signal, (file) => file.writeFile(text));
  output.result(pair.recipient, { recipient: pair.recipient, identity: null, out });
  output.say("the secret key is in the file; keep it, and give the public key above to whoever is to seal for you");
}

export function identityFileText({ identity, recipient }: AgeKeyPair, now: Date): string {
  return `# created: ${now.toISOString().replace(/\.\d+/, "")}\n# public key: ${recipient}\n${identity}\n`;
}
