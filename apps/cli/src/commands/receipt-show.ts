import { isatty } from "node:tty";
import type { Client, ReceiptView } from "@bulla/client";
import { isBullaError } from "@bulla/wire";
import { usage } from "../command-line.ts";
import type { Context } from "../context.ts";
import { assertFree, writeNewFile } from "../new-file.ts";
import { manifestFiles, type ReceiptShownJson } from "../result-lines.ts";
import { withClient } from "../session.ts";
import { dateOf, oneLine, sizeText } from "../terminal-text.ts";

/** Show a receipt, or save it for others to verify. */
export async function showReceipt(context: Context): Promise<void> {
  const { words, options, output, signal } = context;
  const [transfer = ""] = words;
  const out = options.value("out");
  if (out === "-" && output.json) throw usage("--json and -o - do not go together", "give -o a file");
  if (out === "-" && isatty(1))
    throw usage("that would put binary data on the terminal", "give -o a file, or redirect standard output");
  if (out !== undefined && out !== "-") await assertFree(out);
  await withClient(context, async (client) => {
    const receipt = await findReceipt(client, transfer.toLowerCase(), signal);
    if (out === "-") return output.raw(receipt.file);
    if (out !== undefined) await writeNewFile(out, 0o666, signal, (file) => file.writeFile(receipt.file));
    const value: ReceiptShownJson = {
      transfer: receipt.transfer,
      recipient: receipt.recipient,
      day: dateOf(receipt.day),
      files: manifestFiles(receipt.manifest),
      out: out ?? null,
    };
    const files = value.files.map(({ name, size, sha256 }) => `  ${sha256}  ${oneLine(name)} (${sizeText(size)})`);
    output.result([`${value.recipient} holds since ${value.day}:`, ...files].join("\n"), value);
    if (out !== undefined) output.say("the receipt is saved; bulla receipt verify checks it anywhere");
  });
}

/** One that is not here yet may be waiting at the service. */
async function findReceipt(client: Client, transfer: string, signal: AbortSignal): Promise<ReceiptView> {
  try {
    return await client.receipt(transfer);
  } catch (error) {
    if (!isBullaError(error, "receipt/none")) throw error;
    await client.sent({ signal });
    return client.receipt(transfer);
  }
}
