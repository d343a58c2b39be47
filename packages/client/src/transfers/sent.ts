import type { EventBody } from "@bulla/content";
import { BullaError, dayOf, hexOf, isBullaError } from "@bulla/wire";
import { decode, encode } from "@bulla/wire/encoding";
import { signedStatementCodec, type VerifiedChain } from "@bulla/wire/identity";
import {
  encodeReceiptFile,
  type Manifest,
  receiptStatementCodec,
  type SignedReceipt,
  signedReceiptCodec,
  verifyReceipt,
} from "@bulla/wire/receipt";
import type { ReceiptView, SentView } from "../client.ts";
import type { HeardEvent } from "../engine/space-mail.ts";
import type { StoreTransaction } from "../ports.ts";
import {
  lastOf,
  load,
  places,
  type StoredSent,
  save,
  sentCodec,
  sentFilesCodec,
  sentReceiptCodec,
  sentStates,
} from "./stored.ts";
import type { TransferPorts } from "./transfer-ports.ts";
import { listJobs, type UploadJob } from "./upload-job.ts";

type ReceiptBody = Extract<EventBody, { kind: "receipt" }>;

/** A recipient's device said how far it is. Only what the recipient of that very transfer says counts, and a receipt only when it verifies. */
export async function hearReceipt(
  ports: TransferPorts,
  transaction: StoreTransaction,
  heard: HeardEvent,
  body: ReceiptBody,
): Promise<void> {
  const id = hexOf(body.transferId);
  const sent = await loadSent(transaction, id);
  if (sent === undefined || sent.to !== heard.author.handle || sent.space !== heard.space) return;
  if (body.state.kind !== "received") return raise(transaction, id, sent, body.state.kind);
  const outcome = await settle(ports, transaction, id, sent, body.state.receipt);
  if (outcome === "wait")
    await transaction.put(places.unsettledReceipt(id), encode(signedReceiptCodec, body.state.receipt));
}

export async function markAcknowledged(transaction: StoreTransaction, id: string): Promise<void> {
  const sent = await loadSent(transaction, id);
  if (sent !== undefined) await raise(transaction, id, sent, "sent");
}

/** What was sent is not: it will be said again. */
export async function markTakenBack(transaction: StoreTransaction, id: string): Promise<void> {
  const sent = await loadSent(transaction, id);
  if (sent === undefined || sentStates[sent.state] !== "sent") return;
  await transaction.put(places.sent(id), save(sentCodec, { ...sent, state: sentStates.indexOf("queued") }));
}

/** Whether the service has a transfer's event durably. */
export async function isAcknowledged(reader: Pick<StoreTransaction, "get">, id: string): Promise<boolean> {
  const sent = await loadSent(reader, id);
  return sent !== undefined && sentStates[sent.state] !== "queued";
}

/** Look again at receipts that name a place in a chain which was not known when they came. */
async function settleReceipts(ports: TransferPorts, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    if ((await ports.store.get(places.unsettledReceipt(id))) === undefined) continue;
    await ports.store.step(async (transaction) => {
      const waiting = await transaction.get(places.unsettledReceipt(id));
      const sent = await loadSent(transaction, id);
      if (waiting === undefined || sent === undefined) return;
      const outcome = await settle(
        ports,
        transaction,
        id,
        sent,
        decode(signedReceiptCodec, waiting, { maxBytes: 4096 }),
      );
      if (outcome !== "wait") await transaction.delete(places.unsettledReceipt(id));
    });
  }
}

/** `wait`: it names a place in the recipient's chain that is not known here yet. */
async function settle(
  ports: TransferPorts,
  transaction: StoreTransaction,
  id: string,
  sent: StoredSent,
  receipt: SignedReceipt,
): Promise<"kept" | "refused" | "wait"> {
  const chain = await ports.mail.chainOf(sent.to);
  const files = await transaction.get(places.sentFiles(id));
  if (chain === undefined || files === undefined) return "wait";
  try {
    const { position } = decode(receiptStatementCodec, receipt.statement, { maxBytes: 2048 }).chain;
    if (position > chain.position) return "wait";
    await checkReceipt(ports, id, chain, receipt, load(sentFilesCodec, files).manifest);
  } catch (error) {
    if (!isBullaError(error)) throw error;
    ports.onRefusedReceipt?.(error.code);
    return "refused";
  }
  const statements = chain.statements.map((statement) => encode(signedStatementCodec, statement));
  await transaction.put(places.sentReceipt(id), save(sentReceiptCodec, { receipt, chain: statements }));
  await raise(transaction, id, sent, "received");
  return "kept";
}

async function checkReceipt(
  { primitives, mail }: TransferPorts,
  id: string,
  chain: VerifiedChain,
  receipt: SignedReceipt,
  manifest: Manifest,
): Promise<void> {
  const statement = await verifyReceipt(primitives, receipt, chain, manifest);
  if (hexOf(statement.transferId) !== id || statement.sender !== mail.me.handle) {
    throw new BullaError("receipt/refused", "receipt refused: it is for another transfer");
  }
}

/** States only move forward here. A receipt ends them, also after a refusal: what failed may have come later. */
async function raise(
  transaction: StoreTransaction,
  id: string,
  sent: StoredSent,
  to: (typeof sentStates)[number],
): Promise<void> {
  const state = rank.indexOf(to);
  if (rank.indexOf(sentStates[sent.state] ?? "queued") >= state) return;
  await transaction.put(places.sent(id), save(sentCodec, { ...sent, state: sentStates.indexOf(to) }));
}

const rank: readonly (typeof sentStates)[number][] = ["queued", "sent", "delivered", "refused", "received"];

async function loadSent(reader: Pick<StoreTransaction, "get">, id: string): Promise<StoredSent | undefined> {
  const stored = await reader.get(places.sent(id));
  return stored === undefined ? undefined : load(sentCodec, stored);
}

interface Listed {
  readonly order: number;
  readonly view: SentView;
}

/** Everything that was sent or is to be, newest first. */
export async function listSent(ports: TransferPorts): Promise<readonly SentView[]> {
  const entries = await ports.store.list(places.allSent);
  await settleReceipts(
    ports,
    entries.map(({ key }) => lastOf(key)),
  );
  const listed: Listed[] = [];
  for (const { key } of entries) {
    const id = lastOf(key);
    const sent = await loadSent(ports.store, id);
    if (sent !== undefined) listed.push({ order: sent.order, view: await viewOf(ports, id, sent) });
  }
  for (const job of await listJobs(ports.store)) listed.push(...unsaidOf(ports, job));
  return listed.sort((a, b) => b.order - a.order).map(({ view }) => view);
}

/** How the transfers of one job stand. */
export async function viewsOf(ports: TransferPorts, job: UploadJob): Promise<readonly SentView[]> {
  const unsaid = new Map(unsaidOf(ports, job).map(({ view }) => [view.transfer, view]));
  const views: SentView[] = [];
  for (const { transferId } of job.recipients) {
    const id = hexOf(transferId);
    const sent = await loadSent(ports.store, id);
    const view = sent === undefined ? unsaid.get(id) : await viewOf(ports, id, sent);
    if (view !== undefined) views.push(view);
  }
  return views;
}

async function viewOf({ store, clock }: TransferPorts, id: string, sent: StoredSent): Promise<SentView> {
  const stored = await store.get(places.sentFiles(id));
  const { manifest, skipped } =
    stored === undefined ? { manifest: { files: [] }, skipped: [] } : load(sentFilesCodec, stored);
  const state = sentStates[sent.state] ?? "queued";
  const isOver = state === "received" || state === "refused";
  return {
    transfer: id,
    to: sent.to,
    files: manifest.files.map(({ path, size, sha256 }) => ({ name: path, size, sha256: hexOf(sha256) })),
    state: !isOver && dayOf(clock.now()) > sent.expiryDay ? "expired" : state,
    day: sent.day,
    skipped,
  };
}

/** Hashes are not known before the files were sealed. */
function unsaidOf({ clock }: TransferPorts, { plan, recipients }: UploadJob): readonly Listed[] {
  const files = plan.files.map(({ path, size }) => ({ name: path, size, sha256: "" }));
  const state = dayOf(clock.now()) >= plan.expiryDay ? "expired" : "queued";
  return recipients
    .filter(({ said }) => !said)
    .map(({ handle, transferId }) => ({
      order: plan.order,
      view: { transfer: hexOf(transferId), to: handle, files, state, day: plan.day, skipped: plan.skipped },
    }));
}

/** @throws BullaError transfer/unknown, receipt/none when there is none yet, which is also so for what is still queued */
export async function receiptOf(ports: TransferPorts, transfer: string): Promise<ReceiptView> {
  if (!/^[0-9a-f]{32}$/.test(transfer)) throw unknownTransfer();
  await settleReceipts(ports, [transfer]);
  const sent = await loadSent(ports.store, transfer);
  if (sent === undefined) throw (await isQueued(ports, transfer)) ? noReceipt() : unknownTransfer();
  const files = await ports.store.get(places.sentFiles(transfer));
  const stored = await ports.store.get(places.sentReceipt(transfer));
  if (files === undefined || stored === undefined) throw noReceipt("ask the recipient to run bulla receive");
  const { receipt, chain } = load(sentReceiptCodec, stored);
  const { manifest } = load(sentFilesCodec, files);
  const { day } = decode(receiptStatementCodec, receipt.statement, { maxBytes: 2048 });
  return {
    transfer,
    recipient: sent.to,
    day,
    manifest,
    receipt,
    file: encodeReceiptFile({ version: 1, receipt, manifest, chain }),
  };
}

async function isQueued(ports: TransferPorts, transfer: string): Promise<boolean> {
  const jobs = await listJobs(ports.store);
  return jobs.some((job) => unsaidOf(ports, job).some(({ view }) => view.transfer === transfer));
}

function noReceipt(hint?: string): BullaError {
  return new BullaError(
    "receipt/none",
    "there is no receipt for that transfer yet",
    hint === undefined ? {} : { hint },
  );
}

function unknownTransfer(): BullaError {
  return new BullaError("transfer/unknown", "this device sent no such transfer", { hint: "bulla sent lists them" });
}
