import {
  type BlobReference,
  type EventBody,
  encodeEvent,
  encodeTransfer,
  eventOf,
  type Transfer,
} from "@bulla/content";
import { blobScheme, chunkRoot, maxContentBytes } from "@bulla/core";
import { BullaError, dayOf, hexOf, InternalError, isBullaError, limits } from "@bulla/wire";
import type { Manifest } from "@bulla/wire/receipt";
import type { WorkOptions } from "../client.ts";
import type { SpooledFile, StoreTransaction } from "../ports.ts";
import { type BlobInput, bytesInput, filesInput, lookAt, spoolInput } from "./blob-input.ts";
import { Journal } from "./journal.ts";
import { inLanes, Permits } from "./permits.ts";
import {
  leasesCodec,
  places,
  planCodec,
  recipientCodec,
  type StoredPlan,
  type StoredRecipient,
  save,
  sentCodec,
  sentFilesCodec,
} from "./stored.ts";
import type { TransferPorts } from "./transfer-ports.ts";
import { abandonBlob, type UploadedBlob, type Uploading, uploadBlob } from "./upload-blob.ts";
import { recipientsOf, type UploadJob } from "./upload-job.ts";
import { UploadTicket } from "./upload-ticket.ts";

/** Do all of a job that is left: bring its blobs to the service, then queue one event for each recipient. Blobs are there once, however many recipients.
 *  @param spooled the input, when the job is about spooled input
 *  @throws BullaError transport/* when the service cannot be reached: the job stays; transfer/source-unreadable, blob/source-changed, blob/expired, contact/*, service/* */
export async function runUpload(
  ports: TransferPorts,
  job: UploadJob,
  spooled: SpooledFile | undefined,
  options: WorkOptions,
): Promise<void> {
  const { mail, store, clock, sealer } = ports;
  if (job.recipients.every(({ said }) => said)) return;
  const signal = options.signal ?? new AbortController().signal;
  const days = job.plan.expiryDay - dayOf(clock.now());
  if (days < limits.minLeaseDays)
    throw new BullaError("blob/expired", "its last day has come before it could be sent", { hint: "send it again" });
  const spaces = new Map<string, string>();
  for (const { handle, said } of job.recipients) if (!said) spaces.set(handle, await mail.directSpace(handle));

  const total = job.plan.files.reduce((sum, { size }) => sum + size, 0);
  let doneBytes = 0;
  const service = await mail.serviceOf();
  const up: Uploading = {
    ...ports,
    job: job.id,
    expiryDay: job.plan.expiryDay,
    journal: new Journal(store),
    service,
    ticket: new UploadTicket(service, days, ciphertextBytes(total, job.plan.blobs.length)),
    chunks: new Permits(sealer.maxHeld - heldByOthers),
    puts: new Permits(putsAtOnce),
    onBytes: (count) => {
      doneBytes = Math.min(total, doneBytes + count);
      options.onProgress?.({ phase: "uploading", done: doneBytes, total, files: job.plan.files.length });
    },
  };
  const files = [...job.plan.files];
  const blobs = await uploadFiles(ports, up, { plan: job.plan, files, spooled, signal });
  options.onProgress?.({ phase: "sending", done: total, total });
  const manifest = manifestOf(files, blobs);
  for (const [index, recipient] of job.recipients.entries()) {
    const space = spaces.get(recipient.handle);
    if (recipient.said || space === undefined) continue;
    await sayTransfer(
      ports,
      up,
      { ...job, plan: { ...job.plan, files } },
      { index, recipient, space, manifest, blobs, signal },
    );
  }
}

const putsAtOnce = 4;
const blobsAtOnce = 4;
const heldByOthers = 1;
const changesAtMost = 3;

interface FilesToUpload {
  readonly plan: StoredPlan;
  /** Sizes and versions follow the files when they change. */
  readonly files: StoredPlan["files"][number][];
  readonly spooled: SpooledFile | undefined;
  readonly signal: AbortSignal;
}

async function uploadFiles(
  ports: TransferPorts,
  up: Uploading,
  { plan, files, spooled, signal }: FilesToUpload,
): Promise<readonly UploadedBlob[]> {
  const hashing = new Permits(1);
  const uploaded: UploadedBlob[] = [];
  let first = 0;
  const spans = plan.blobs.map((count, blob) => ({ blob, first: (first += count) - count, count }));
  await inLanes(blobsAtOnce, spans, signal, async (span, stop) => {
    const input = (): BlobInput => {
      if (plan.spool === null)
        return filesInput(ports.files, ports.sealer, files.slice(span.first, span.first + span.count), hashing);
      if (spooled === undefined) throw new InternalError("spooled input is not open");
      return spoolInput(ports.sealer, spooled);
    };
    uploaded[span.blob] = await untilStable(up, span.blob, input, stop, async () => {
      for (let i = span.first; i < span.first + span.count; i++) {
        const file = files[i];
        if (file !== undefined) files[i] = { ...file, ...pick(await lookAt(ports.files, file.source)) };
      }
      await up.journal.write((transaction) =>
        transaction.put(places.plan(up.job), save(planCodec, { ...plan, files })),
      );
    });
  });
  return uploaded;
}

/** Upload a blob; when its source turns out to be another than before, begin anew under a new key. */
async function untilStable(
  up: Uploading,
  blob: number,
  input: () => BlobInput,
  signal: AbortSignal,
  lookAgain: () => Promise<void>,
): Promise<UploadedBlob> {
  for (let changes = 0; ; changes++) {
    try {
      return await uploadBlob(up, blob, input(), signal);
    } catch (error) {
      if (!isBullaError(error, "blob/source-changed") || changes >= changesAtMost) throw error;
      await abandonBlob(up, blob);
      await lookAgain();
    }
  }
}

interface Saying {
  readonly index: number;
  readonly recipient: StoredRecipient;
  readonly space: string;
  readonly manifest: Manifest;
  readonly blobs: readonly UploadedBlob[];
  readonly signal: AbortSignal;
}

async function sayTransfer(
  { mail, store, primitives }: TransferPorts,
  up: Uploading,
  job: UploadJob,
  saying: Saying,
): Promise<void> {
  const { index, recipient, space, manifest, blobs } = saying;
  const transfer: Transfer = {
    version: 1,
    transferId: recipient.transferId,
    manifest,
    blobs: blobs.map((blob, i) => ({ files: job.plan.blobs[i] ?? 0, reference: referenceOf(up, blob) })),
  };
  const encoded = encodeTransfer(transfer);
  const bodyWith = (held: Extract<EventBody, { kind: "file" }>["transfer"]): EventBody => ({
    kind: "file",
    transferId: recipient.transferId,
    note: job.plan.note,
    host: mail.host,
    expiryDay: job.plan.expiryDay,
    transfer: held,
  });
  const leases = [...blobs];
  let body: EventBody | undefined;
  if (encoded.length <= limits.maxInlineManifestBytes) {
    const inline = bodyWith({ kind: "inline", transfer: encoded });
    if (encodeEvent(eventOf(inline, new Uint8Array(16))).length <= maxContentBytes) body = inline;
  }
  if (body === undefined) {
    const blob = blobs.length + index;
    const uploaded = await untilStable(
      up,
      blob,
      () => bytesInput(primitives, encoded),
      saying.signal,
      async () => undefined,
    );
    leases.push(uploaded);
    body = bodyWith({ kind: "blob", reference: referenceOf(up, uploaded) });
  }
  const said = body;
  const id = hexOf(recipient.transferId);
  const { order, day, expiryDay, skipped } = job.plan;
  await store.step(async (transaction) => {
    // Another process may have gone on with the same job.
    if (await wasSaid(transaction, job.id, index)) return;
    await mail.say(transaction, space, said, `transfer/${id}`);
    await transaction.put(
      places.sent(id),
      save(sentCodec, { version: 1, to: recipient.handle, space, order, day, expiryDay, state: 0 }),
    );
    await transaction.put(places.sentFiles(id), save(sentFilesCodec, { manifest, skipped }));
    await transaction.put(
      places.sentLeases(id),
      save(
        leasesCodec,
        leases.map(({ leaseSecret, chunks }) => ({ secret: leaseSecret, chunks })),
      ),
    );
    await transaction.put(places.recipient(job.id, index), save(recipientCodec, { ...recipient, said: true }));
  });
}

async function wasSaid(transaction: StoreTransaction, job: string, index: number): Promise<boolean> {
  return (await recipientsOf(transaction, job))[index]?.said ?? true;
}

function referenceOf({ primitives }: Uploading, { key, size, plaintextHash, chunks }: UploadedBlob): BlobReference {
  return { scheme: blobScheme, key, size, plaintextHash, root: chunkRoot(primitives, chunks), chunks };
}

function manifestOf(files: StoredPlan["files"], blobs: readonly UploadedBlob[]): Manifest {
  const hashes = blobs.flatMap(({ fileHashes }) => fileHashes);
  return {
    version: 1,
    files: files.map(({ path, size }, i) => ({ path, size, sha256: hashes[i] ?? new Uint8Array() })),
  };
}

function pick({ size, version }: { readonly size: number; readonly version: string }): {
  readonly size: number;
  readonly version: string;
} {
  return { size, version };
}

/** At most: padding is below an eighth, and every blob has its floor. */
function ciphertextBytes(plaintext: number, blobs: number): number {
  return Math.ceil(plaintext * 1.13) + blobs * 2 * limits.blobFloorBytes + limits.chunkBytes;
}
