import { decodeTransfer, type FilePlace, placesOf, type Transfer } from "@bulla/content";
import { type BlobRef, signReceipt, verifyBlobRef } from "@bulla/core";
import { BullaError, concatBytes, dayOf, equalBytes, hexOf, InternalError, isBullaError, limits } from "@bulla/wire";
import { pinOf } from "@bulla/wire/identity";
import { manifestHash } from "@bulla/wire/receipt";
import type { ReceivedView, WorkOptions } from "../client.ts";
import type { Incoming } from "../ports.ts";
import { passes } from "../service/with-retries.ts";
import { BlobFailure, type Fetching, fetchBlob } from "./fetch-blob.ts";
import { finishIncoming, type IncomingTransfer } from "./incoming.ts";
import { Journal } from "./journal.ts";
import { type BlobToKeep, type Keeping, keepBlob } from "./keep-blob.ts";
import { inLanes, Permits } from "./permits.ts";
import { fileCodec, incomingCodec, lastOf, load, places, type StoredFile, save } from "./stored.ts";
import type { TransferPorts } from "./transfer-ports.ts";

export interface Receiving {
  readonly out: string;
  readonly emit: (view: ReceivedView) => void;
  readonly signal: AbortSignal;
  readonly onProgress: WorkOptions["onProgress"];
}

const blobsAtOnce = 4;
const chunksAtOnce = 4;
/** Small against a sync of the disk. */
const gatherMilliseconds = 3;

/** Fetch, verify and keep one transfer, or go on with it. Files that are right are kept under their names; of what is wrong nothing stays.
 *  When every file is kept the receipt is signed and queued, in the step that marks the transfer as over. What the service may serve right another time is tried again then.
 *  @throws BullaError transport/*, file/*, store/*; whatever the signal says */
export async function receiveTransfer(
  ports: TransferPorts,
  incoming: IncomingTransfer,
  receiving: Receiving,
): Promise<void> {
  try {
    const fetching = await startFetching(ports, incoming);
    const { transfer, refs } = await openTransfer(ports, fetching, incoming, receiving.signal);
    await receiveFiles(ports, fetching, { incoming, transfer, refs, receiving });
  } catch (error) {
    if (!(error instanceof BlobFailure)) throw error;
    receiving.emit(refusedView(incoming, null, error.error));
    if (error.isFinal) await (isBullaError(error.error, "blob/expired") ? expire : refuse)(ports, incoming);
  }
}

/** The sender chose which service keeps the chunks: one that may not be asked spoils this transfer, not the others. */
async function startFetching(ports: TransferPorts, { stored }: IncomingTransfer): Promise<Fetching> {
  const chunks = new Permits(Math.min(chunksAtOnce, ports.sealer.maxHeld - 2));
  try {
    return { ...ports, service: await ports.mail.serviceOf(stored.host), expiryDay: stored.expiryDay, chunks };
  } catch (error) {
    if (!isBullaError(error) || passes(error) || !/^(transport|wire|service)\//.test(error.code)) throw error;
    throw new BlobFailure(error, error.code.startsWith("wire/"));
  }
}

interface OpenedTransfer {
  readonly transfer: Transfer;
  readonly refs: readonly BlobRef[];
}

/** @throws BlobFailure when it cannot be had or does not hold together */
async function openTransfer(
  ports: TransferPorts,
  fetching: Fetching,
  { stored }: IncomingTransfer,
  signal: AbortSignal,
): Promise<OpenedTransfer> {
  const held = stored.transfer;
  try {
    const encoded =
      held.kind === "inline"
        ? held.transfer
        : await fetchWhole(fetching, verifyBlobRef(ports.primitives, held.reference), signal);
    const transfer = decodeTransfer(encoded);
    if (!equalBytes(transfer.transferId, stored.transferId))
      throw new BullaError("transfer/refused", "transfer refused: it is said to be another one");
    if (transfer.manifest.files.length === 0)
      throw new BullaError("transfer/refused", "transfer refused: it has no files");
    return { transfer, refs: transfer.blobs.map(({ reference }) => verifyBlobRef(ports.primitives, reference)) };
  } catch (error) {
    if (isBullaError(error) && refusable.some((area) => error.code.startsWith(area)))
      throw new BlobFailure(error, true);
    throw error;
  }
}

const refusable = ["wire/", "blob/", "transfer/"];

async function fetchWhole(fetching: Fetching, ref: BlobRef, signal: AbortSignal): Promise<Uint8Array> {
  if (ref.size > limits.maxManifestBytes)
    throw new BullaError("wire/too-large", `list of files is ${ref.size} bytes, limit is ${limits.maxManifestBytes}`);
  const parts: Uint8Array[] = [];
  for await (using piece of releasing(fetchBlob(fetching, ref, 0, signal))) parts.push(new Uint8Array(piece.bytes));
  const whole = concatBytes(...parts);
  if (!equalBytes(fetching.primitives.sha256(whole), ref.plaintextHash))
    throw new BullaError("blob/refused", "the list of files is not the one that was sent");
  return whole;
}

async function* releasing<T extends Disposable>(pieces: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* pieces;
}

interface FilesToReceive extends OpenedTransfer {
  readonly incoming: IncomingTransfer;
  readonly receiving: Receiving;
}

async function receiveFiles(
  ports: TransferPorts,
  fetching: Fetching,
  { incoming, transfer, refs, receiving }: FilesToReceive,
): Promise<void> {
  const { stored, key } = incoming;
  const { emit, signal, out } = receiving;
  const journal = new Journal(ports.store, () => ports.clock.sleep(gatherMilliseconds));
  await announce(ports, incoming, receiving, refs.reduce((sum, ref) => sum + ref.chunks.length, 0) > 1);
  const files = placesOf(transfer);
  const known = new Map<number, StoredFile["kind"]>();
  for (const entry of await ports.store.list(places.files(key)))
    known.set(Number(lastOf(entry.key)), load(fileCodec, entry.value).kind);
  const note = (index: number, kind: StoredFile["kind"]): Promise<void> => {
    known.set(index, kind);
    return journal.put(places.file(key, index), save(fileCodec, { kind }));
  };
  const firstContact = await ports.isFirstContact(stored.space);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const onBytes = (count: number): void => {
    done += count;
    receiving.onProgress?.({ phase: "downloading", done, total, files: files.length });
  };
  await using folder: Incoming = await ports.files.incoming(out, key);
  const keeping: Keeping = {
    fetching,
    folder,
    onBytes,
    note,
    kept: (file, name) => emit(keptView(incoming, file, { name, out, firstContact })),
    refused: (file, error) => emit(refusedView(incoming, file.path, error)),
  };
  await inLanes(blobsAtOnce, toKeep(files, refs, known), signal, (blob, stop) => keepBlob(keeping, blob, stop));

  // Whatever is not kept was discarded: nothing in the work folder is needed any more.
  await folder.clear();
  const states = files.map((_, index) => known.get(index));
  if (!states.every(isOver)) return;
  if (states.includes("refused")) await refuse(ports, incoming);
  else if (states.includes("expired")) await expire(ports, incoming);
  else await acknowledge(ports, incoming, transfer);
}

function isOver(state: StoredFile["kind"] | undefined): boolean {
  return state !== undefined && state !== "claimed";
}

function* toKeep(
  files: readonly FilePlace[],
  refs: readonly BlobRef[],
  known: ReadonlyMap<number, StoredFile["kind"]>,
): Generator<BlobToKeep, void, undefined> {
  let first = 0;
  for (const [blob, ref] of refs.entries()) {
    const members: BlobToKeep["files"][number][] = [];
    for (; files[first]?.blob === blob; first++) {
      const file = files[first];
      const state = known.get(first);
      if (file !== undefined && !isOver(state)) members.push({ ...file, index: first, isClaimed: state === "claimed" });
    }
    if (members.length > 0) yield { ref, files: members };
  }
}

/** Note where the files will lie, and tell the sender that they are on their way when that takes a while. */
async function announce(
  { mail, store, files }: TransferPorts,
  incoming: IncomingTransfer,
  { out, signal }: Receiving,
  isLong: boolean,
): Promise<void> {
  const { stored, key } = incoming;
  const says = isLong && !stored.delivered;
  if (!says && stored.out === out) return;
  await store.step(async (transaction) => {
    if (says)
      await mail.say(
        transaction,
        stored.space,
        { kind: "receipt", transferId: stored.transferId, state: { kind: "delivered" } },
        `receipt/${key}`,
      );
    await transaction.put(
      places.incoming(key),
      save(incomingCodec, { ...stored, delivered: stored.delivered || says, out }),
    );
    if (stored.out !== out) {
      for (const entry of await transaction.list(places.files(key))) {
        if (load(fileCodec, entry.value).kind === "claimed") await transaction.delete(entry.key);
      }
    }
  });
  // What lies half done in another folder is of no use here.
  if (stored.out !== null && stored.out !== out) await clearAway(files, stored.out, key);
  if (says) await mail.flush({ signal });
}

/** A folder that cannot be written any more keeps what lies in it. */
async function clearAway(files: TransferPorts["files"], folder: string, key: string): Promise<void> {
  try {
    await (await files.incoming(folder, key)).clear();
  } catch (error) {
    if (!isBullaError(error) || !error.code.startsWith("file/")) throw error;
  }
}

/** Sign for what was kept. */
async function acknowledge(ports: TransferPorts, incoming: IncomingTransfer, { manifest }: Transfer): Promise<void> {
  const { mail, primitives, secrets, clock } = ports;
  const { author, transferId } = incoming.stored;
  const chain = await mail.chainOf(mail.me.handle);
  if (chain === undefined) throw new InternalError("the own identity chain is not known");
  const receipt = await signReceipt(primitives, secrets, {
    version: 1,
    transferId,
    manifest: manifestHash(primitives, manifest),
    sender: author,
    recipient: mail.me.handle,
    deviceId: mail.me.deviceId,
    chain: pinOf(chain),
    day: dayOf(clock.now()),
  });
  await finish(ports, incoming, { kind: "received", receipt });
}

async function refuse(ports: TransferPorts, incoming: IncomingTransfer): Promise<void> {
  await finish(ports, incoming, { kind: "refused" });
}

/** Nobody refuses what came too late, and the sender counts days too: nothing is said. */
async function expire({ store }: TransferPorts, incoming: IncomingTransfer): Promise<void> {
  await store.step((transaction) => finishIncoming(transaction, incoming));
}

type ReceiptState = Extract<Parameters<TransferPorts["mail"]["say"]>[2], { kind: "receipt" }>["state"];

async function finish({ mail, store }: TransferPorts, incoming: IncomingTransfer, state: ReceiptState): Promise<void> {
  const { space, transferId } = incoming.stored;
  await store.step(async (transaction) => {
    if ((await transaction.get(places.incoming(incoming.key))) === undefined) return;
    await mail.say(transaction, space, { kind: "receipt", transferId, state }, `receipt/${incoming.key}`);
    await finishIncoming(transaction, incoming);
  });
}

interface Kept {
  readonly name: string;
  readonly out: string;
  readonly firstContact: boolean;
}

function keptView(
  { stored }: IncomingTransfer,
  { size, sha256 }: FilePlace,
  { name, out, firstContact }: Kept,
): ReceivedView {
  return {
    kind: "file",
    transfer: hexOf(stored.transferId),
    from: stored.author,
    firstContact,
    name,
    path: `${out.replace(/\/+$/, "")}/${name}`,
    size,
    sha256: hexOf(sha256),
    note: stored.note,
  };
}

function refusedView({ stored }: IncomingTransfer, name: string | null, { code, message }: BullaError): ReceivedView {
  return { kind: "refused", transfer: hexOf(stored.transferId), from: stored.author, name, code, message };
}
