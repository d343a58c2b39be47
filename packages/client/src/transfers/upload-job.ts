import type { Handle } from "@bulla/wire";
import { BullaError, dayOf, limits } from "@bulla/wire";
import { encodeCbor } from "@bulla/wire/encoding";
import type { SendRequest } from "../client.ts";
import type { Scan, SpooledFile, Store, StoreTransaction } from "../ports.ts";
import { packFiles } from "./pack-files.ts";
import {
  lastOf,
  load,
  places,
  planCodec,
  recipientCodec,
  type StoredPlan,
  type StoredRecipient,
  save,
} from "./stored.ts";
import type { TransferPorts } from "./transfer-ports.ts";

/** Something to send that is not wholly with the service yet, or of which nobody may have learned. */
export interface UploadJob {
  readonly id: string;
  readonly plan: StoredPlan;
  readonly recipients: readonly StoredRecipient[];
}

/** What identifies a command: the same one again goes on with what the first left unfinished. */
export function fingerprintOf(
  { primitives }: Pick<TransferPorts, "primitives">,
  paths: readonly string[],
  request: SendRequest,
): Uint8Array {
  const days = request.expiresDays ?? limits.defaultExpiryDays;
  return primitives.sha256(encodeCbor([paths, request.to, request.note ?? null, days]));
}

/** What a new job is made of. */
export interface JobSource {
  readonly files: StoredPlan["files"];
  readonly skipped: StoredPlan["skipped"];
  readonly spool: string | null;
  readonly fingerprint: Uint8Array | null;
}

export function sourceOfScan({ files, skipped }: Scan, fingerprint: Uint8Array): JobSource {
  return {
    files: files.map(({ source, path, size, version }) => ({ source, path, size, version })),
    skipped,
    spool: null,
    fingerprint,
  };
}

export function sourceOfSpool({ id, size }: SpooledFile, name: string): JobSource {
  return { files: [{ source: "", path: name, size, version: "" }], skipped: [], spool: id, fingerprint: null };
}

/** Durable when it resolves. */
export async function createJob(
  { store, clock, primitives }: TransferPorts,
  id: string,
  source: JobSource,
  request: SendRequest,
): Promise<UploadJob> {
  const days = request.expiresDays ?? limits.defaultExpiryDays;
  const day = dayOf(clock.now());
  const plan: StoredPlan = {
    version: 1,
    order: clock.now(),
    day,
    expiryDay: day + days,
    note: request.note ?? null,
    blobs: packFiles(source.files.map(({ size }) => size)),
    ...source,
  };
  const recipients = request.to.map((handle) => ({ handle, transferId: primitives.random(16), said: false }));
  const job = { id, plan, recipients };
  await store.step((transaction) => saveJob(transaction, job));
  return job;
}

async function saveJob(transaction: StoreTransaction, { id, plan, recipients }: UploadJob): Promise<void> {
  await transaction.put(places.plan(id), save(planCodec, plan));
  for (const [index, recipient] of recipients.entries())
    await transaction.put(places.recipient(id, index), save(recipientCodec, recipient));
}

/** All of them, oldest first. */
export async function listJobs(store: Pick<Store, "list">): Promise<readonly UploadJob[]> {
  const jobs: UploadJob[] = [];
  for (const { key, value } of await store.list(places.plans)) {
    const id = lastOf(key);
    jobs.push({ id, plan: load(planCodec, value), recipients: await recipientsOf(store, id) });
  }
  return jobs.sort((a, b) => a.plan.order - b.plan.order);
}

export async function recipientsOf(store: Pick<Store, "list">, id: string): Promise<readonly StoredRecipient[]> {
  const entries = await store.list(places.recipients(id));
  return [...entries]
    .sort((a, b) => Number(lastOf(a.key)) - Number(lastOf(b.key)))
    .map(({ value }) => load(recipientCodec, value));
}

export async function forgetJob(transaction: StoreTransaction, id: string): Promise<void> {
  await transaction.delete(places.plan(id));
  for (const prefix of [places.recipients(id), places.blobs(id), places.jobChunks(id)]) {
    for (const { key } of await transaction.list(prefix)) await transaction.delete(key);
  }
}

/** Whether a fresh look at the same paths finds the same files; their sizes and versions are compared when they are sent. */
export function hasSameFiles(plan: StoredPlan, { files }: JobSource): boolean {
  return (
    plan.files.length === files.length &&
    plan.files.every(({ source, path }, i) => files[i]?.source === source && files[i].path === path)
  );
}

/** The same files, and none of them was written since. */
export function hasSameVersions(plan: StoredPlan, source: JobSource): boolean {
  return (
    hasSameFiles(plan, source) &&
    plan.files.every(({ size, version }, i) => source.files[i]?.size === size && source.files[i].version === version)
  );
}

/** @throws BullaError transfer/refused */
export function checkRequest(request: SendRequest): void {
  const days = request.expiresDays ?? limits.defaultExpiryDays;
  if (!Number.isInteger(days) || days < 1 || days > limits.maxExpiryDays) {
    throw new BullaError("transfer/refused", `expiry is ${days} days, expected 1 to ${limits.maxExpiryDays}`);
  }
  if (request.to.length === 0) throw new BullaError("transfer/refused", "nobody to send to");
}

/** @throws BullaError transfer/refused */
export function checkFiles(files: readonly unknown[]): void {
  if (files.length === 0)
    throw new BullaError("transfer/empty", "there is no file to send", {
      hint: "empty folders, links and special files do not travel",
    });
}

export function distinct(handles: readonly Handle[]): readonly Handle[] {
  return [...new Set(handles)];
}
