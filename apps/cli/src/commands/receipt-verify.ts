import { createHash } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { createNodePrimitives, homeNeedsPassphrase } from "@bulla/client/node";
import { BullaError, equalBytes, hexOf, isBullaError } from "@bulla/wire";
import type { VerifiedChain } from "@bulla/wire/identity";
import {
  decodeReceiptFile,
  manifestLimits,
  type ReceiptFile,
  type VerifiedReceipt,
  verifyReceiptFile,
} from "@bulla/wire/receipt";
import type { Context } from "../context.ts";
import { folderFailure, isFolder, readFailure } from "../file-failures.ts";
import { unlessAborted } from "../interruption.ts";
import { hasTerminal } from "../passphrase.ts";
import { type FileJson, manifestFiles, type ReceiptVerifiedJson } from "../result-lines.ts";
import { withClient } from "../session.ts";
import { dateOf, groupedHex, oneLine, sizeText } from "../terminal-text.ts";

/** Check a receipt file on its own, and against what this device knows of the recipient when there is one.
 *  @throws BullaError receipt/refused, identity/*, wire/* */
export async function verifyReceipt(context: Context): Promise<void> {
  const { words, options, output, signal } = context;
  const file = await readReceipt(words[0] ?? "");
  const { statement, chain } = await unlessAborted(signal, checkByItself(file));
  const pinned = await checkAgainstPin(chain, context);
  const files = manifestFiles(file.manifest);
  const path = options.value("file");
  if (path !== undefined) await unlessAborted(signal, requireFile(path, files, signal));
  const value: ReceiptVerifiedJson = {
    transfer: hexOf(statement.transferId),
    recipient: statement.recipient,
    sender: statement.sender,
    day: dateOf(statement.day),
    files,
    fingerprint: hexOf(chain.createFingerprint),
    pinned,
    file_matches: path === undefined ? null : true,
  };
  output.result(linesOf(value).join("\n"), value);
  output.say("the receipt is valid");
  if (!pinned)
    output.say(
      "the recipient's identity was not seen before: compare the fingerprint with them, for instance by phone",
    );
}

function linesOf(value: ReceiptVerifiedJson): readonly string[] {
  return [
    `recipient    ${value.recipient}`,
    `fingerprint  ${groupedHex(value.fingerprint)}${value.pinned ? "  (as seen before)" : ""}`,
    `sender       ${value.sender}`,
    `day          ${value.day}`,
    `transfer     ${value.transfer}`,
    ...value.files.map(({ name, size, sha256 }) => `file         ${sha256}  ${oneLine(name)} (${sizeText(size)})`),
  ];
}

async function readReceipt(path: string): Promise<ReceiptFile> {
  if (await isFolder(path)) throw folderFailure("that");
  const bytes = await readSmallFile(path).catch((error: unknown) => {
    throw readFailure(error, "the receipt file");
  });
  try {
    return decodeReceiptFile(bytes);
  } catch (error) {
    if (isBullaError(error, "wire/malformed") || isBullaError(error, "wire/too-large"))
      throw new BullaError("receipt/refused", "receipt refused: it is damaged or cut off", { cause: error });
    throw error;
  }
}

async function readSmallFile(path: string): Promise<Uint8Array> {
  const found = await stat(path);
  // A device or a pipe has no size, and may have no end.
  if (!found.isFile() || found.size > manifestLimits.maxBytes)
    throw new BullaError("receipt/refused", "receipt refused: it is too large to be one");
  return readFile(path);
}

/** No service takes part in this: an identity that is not valid is the receipt's fault. A device that was suspended has a code of its own. */
async function checkByItself(file: ReceiptFile): Promise<VerifiedReceipt> {
  try {
    return await verifyReceiptFile(createNodePrimitives(), file);
  } catch (error) {
    const isIdentity = isBullaError(error, "identity/bad-chain") || isBullaError(error, "identity/bad-signature");
    if (!isIdentity) throw error;
    throw new BullaError("receipt/refused", "receipt refused: the identity in it is not valid", { cause: error });
  }
}

/** @returns whether this device met the recipient and saw the same chain
 *  @throws BullaError identity/pin-mismatch */
async function checkAgainstPin(chain: VerifiedChain, context: Context): Promise<boolean> {
  if (!(await canOpenHome(context))) return false;
  return withClient(context, async (client) => {
    const newest = await client.pinOf(chain.handle);
    if (newest === undefined) return false;
    // Either may know more links than the other; where both do they must agree.
    const pin = newest.position <= chain.position ? newest : await client.pinOf(chain.handle, chain.position);
    const hash = pin === undefined ? undefined : chain.hashes[pin.position - 1];
    if (
      pin === undefined ||
      hash === undefined ||
      !equalBytes(hash, pin.hash) ||
      !equalBytes(pin.createFingerprint, chain.createFingerprint)
    )
      throw new BullaError(
        "identity/pin-mismatch",
        "the receipt's signer is not the account that this device met under that handle",
      );
    return true;
  });
}

/** No device is needed here, and none that would have to be asked for a passphrase where nobody can answer. */
async function canOpenHome({ home, environment, output }: Context): Promise<boolean> {
  try {
    const locked = await homeNeedsPassphrase(home);
    if (!locked || (environment["BULLA_PASSPHRASE_FILE"] ?? "") !== "" || hasTerminal()) return true;
    output.say("this device is locked: what it knows of the recipient was not looked at");
    return false;
  } catch (error) {
    if (isBullaError(error, "store/missing")) return false;
    throw error;
  }
}

/** @throws BullaError receipt/refused – none of the receipt's files has these bytes */
async function requireFile(path: string, files: readonly FileJson[], signal: AbortSignal): Promise<void> {
  const { size, sha256 } = await hashFile(path, signal);
  if (files.some((file) => file.size === size && file.sha256 === sha256)) return;
  throw new BullaError("receipt/refused", "the receipt is valid, but does not speak of this file", {
    hint: "check that this is the file as it was sent; any change to it counts",
  });
}

async function hashFile(
  path: string,
  signal: AbortSignal,
): Promise<{ readonly size: number; readonly sha256: string }> {
  if (await isFolder(path)) throw folderFailure("what --file names");
  try {
    await using file = await open(path, "r");
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (let size = 0; ; ) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return { size, sha256: hash.digest("hex") };
      hash.update(buffer.subarray(0, bytesRead));
      size += bytesRead;
    }
  } catch (error) {
    throw readFailure(error, "what --file names");
  }
}
