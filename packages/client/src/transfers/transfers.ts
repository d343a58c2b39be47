import { isUnknown } from "@bulla/content";
import { BullaError, hexOf, isBullaError, limits, utf8 } from "@bulla/wire";
import type { ReceiptView, ReceivedView, ReceiveRequest, SendRequest, SentView, WorkOptions } from "../client.ts";
import type { MailHandler } from "../engine/space-mail.ts";
import type { Locks, SpooledFile } from "../ports.ts";
import { passes } from "../service/with-retries.ts";
import { Channel } from "./channel.ts";
import { hearTransfer, type IncomingTransfer, listIncoming } from "./incoming.ts";
import { Journal } from "./journal.ts";
import { receiveTransfer } from "./receive-transfer.ts";
import { runUpload } from "./run-upload.ts";
import { hearReceipt, isAcknowledged, listSent, markAcknowledged, markTakenBack, receiptOf, viewsOf } from "./sent.ts";
import { places } from "./stored.ts";
import { createLocalLocks, type TransferPorts } from "./transfer-ports.ts";
import { abandonBlob } from "./upload-blob.ts";
import {
  checkFiles,
  checkRequest,
  createJob,
  distinct,
  fingerprintOf,
  forgetJob,
  hasSameFiles,
  hasSameVersions,
  type JobSource,
  listJobs,
  recipientsOf,
  sourceOfScan,
  sourceOfSpool,
  type UploadJob,
} from "./upload-job.ts";

/** Files on their way to and from people. Disposing it says that whoever called `send` has the answers. */
export interface Transfers extends AsyncDisposable {
  /** What the engine tells: give it to whoever delivers the mail. */
  readonly handler: MailHandler;
  /** Send files. Resolves to `queued` ones when the service cannot be reached. The same request after a crash goes on with the unfinished one, also with one that is at the service
   *  when nobody may have learned of it: only the next `send` or `resume`, or disposing, shows that the answer arrived. Paths are absolute.
   *  @throws BullaError contact/*, file/unreadable, transfer/refused, transfer/source-unreadable, blob/source-changed, service/* */
  send(request: SendRequest, options?: WorkOptions): Promise<readonly SentView[]>;
  /** Go on with whatever an earlier run left unfinished. @returns what could not be done, and why; being offline is no failure */
  resume(options?: WorkOptions): Promise<readonly ResumeFailure[]>;
  /** Fetch what came and is not over. The caller reads the spaces first. @throws BullaError transport/*, file/* */
  receive(request: Pick<ReceiveRequest, "out" | "from">, options?: WorkOptions): AsyncIterable<ReceivedView>;
  sent(): Promise<readonly SentView[]>;
  receipt(transferId: string): Promise<ReceiptView>;
}

export interface ResumeFailure {
  readonly transfers: readonly SentView[];
  readonly error: BullaError;
}

export function createTransfers(given: TransferPorts): Transfers {
  const ports: Ports = { ...given, locks: given.locks ?? createLocalLocks(), answered: new Set() };
  return {
    handler: {
      async onEvent(transaction, heard) {
        const { event } = heard;
        if (isUnknown(event)) return;
        if (event.body.kind === "file") await hearTransfer(ports, transaction, heard, event.body);
        else if (event.body.kind === "receipt" && !heard.own) await hearReceipt(ports, transaction, heard, event.body);
      },
      async onAcknowledged(transaction, tag) {
        const id = transferOf(tag);
        if (id !== undefined) await markAcknowledged(transaction, id);
      },
      async onTakenBack(transaction, tag) {
        const id = transferOf(tag);
        if (id !== undefined) await markTakenBack(transaction, id);
      },
    },
    send: (request, options = {}) =>
      request.source.kind === "paths" ? sendPaths(ports, request, options) : sendStream(ports, request, options),
    resume: (options = {}) => resumeJobs(ports, options),
    receive: (request, options = {}) => receiveAll(ports, request, options),
    sent: () => listSent(ports),
    receipt: (transferId) => receiptOf(ports, transferId),
    [Symbol.asyncDispose]: () => forgetAnswered(ports),
  };
}

function transferOf(tag: string): string | undefined {
  return /^transfer\/([0-9a-f]{32})$/.exec(tag)?.[1];
}

interface Ports extends TransferPorts {
  readonly locks: Locks;
  /** Jobs that `send` has called done, while its caller may be dying before it has told anybody. */
  readonly answered: Set<string>;
}

async function sendPaths(ports: Ports, asked: SendRequest, options: WorkOptions): Promise<readonly SentView[]> {
  checkRequest(asked);
  await forgetAnswered(ports);
  const request = { ...asked, to: distinct(asked.to) };
  const paths = request.source.kind === "paths" ? request.source.paths : [];
  options.onProgress?.({ phase: "scanning", done: 0, total: 0 });
  const fingerprint = fingerprintOf(ports, paths, request);
  const source = sourceOfScan(await ports.files.scan(paths), fingerprint);
  checkFiles(source.files);
  await findRecipients(ports, request);
  const found = await unfinished(ports, source);
  if (found !== undefined) {
    await using _lock = found.lock;
    return await answer(ports, found.job, options);
  }
  await using name = await newJobName(ports);
  return await answer(ports, await createJob(ports, name.id, source, request), options);
}

async function sendStream(ports: Ports, asked: SendRequest, options: WorkOptions): Promise<readonly SentView[]> {
  checkRequest(asked);
  if (asked.source.kind !== "stream") throw new BullaError("transfer/refused", "there is no stream to send");
  const request = { ...asked, to: distinct(asked.to) };
  const { name, stream } = asked.source;
  if (
    name === "" ||
    name.includes("/") ||
    name.includes("\0") ||
    name === "." ||
    name === ".." ||
    utf8(name).length > limits.maxNameBytes
  ) {
    throw new BullaError("cli/usage", "a stream needs a plain file name", {
      hint: "give it one with --name, without a path",
    });
  }
  await findRecipients(ports, request);
  await using spooled = await ports.spool.take(stream);
  await using job = await newJobName(ports);
  const created = await createJob(ports, job.id, sourceOfSpool(spooled, name), request);
  await work(ports, created, spooled, options);
  // A stream cannot be given again.
  await forgetAcknowledged(ports, job.id);
  return await viewsOf(ports, created);
}

/** Nobody gets anything unless all of them can be reached in principle. Offline nobody can be asked, and the job waits. */
async function findRecipients({ mail }: TransferPorts, { to }: SendRequest): Promise<void> {
  for (const handle of to) {
    try {
      await mail.directSpace(handle);
    } catch (error) {
      if (!passes(error)) throw error;
    }
  }
}

interface LockedJob {
  readonly job: UploadJob;
  readonly lock: AsyncDisposable;
}

/** The unfinished job of the same command, unless a living process has it. If the folder holds other files by now, it is given up. What is said already goes out as it is: then files
 *  that changed since make a new one. */
async function unfinished(ports: Ports, source: JobSource): Promise<LockedJob | undefined> {
  for (const candidate of await listJobs(ports.store)) {
    if (!isSame(candidate.plan.fingerprint, source.fingerprint)) continue;
    const lock = await ports.locks.tryLock(lockOf(candidate.id));
    if (lock === undefined) continue;
    const job = (await listJobs(ports.store)).find(({ id }) => id === candidate.id);
    const isSaid = job?.recipients.every(({ said }) => said) === true;
    const isBegun = job?.recipients.some(({ said }) => said) === true;
    if (job !== undefined && (isSaid ? hasSameVersions(job.plan, source) : isBegun || hasSameFiles(job.plan, source)))
      return { job, lock };
    if (job !== undefined && !isSaid) await abandonJob(ports, job);
    await lock[Symbol.asyncDispose]();
  }
  return undefined;
}

/** Let go of what was uploaded for a job, as far as the service can be reached, and forget it. */
async function abandonJob(ports: Ports, job: UploadJob): Promise<void> {
  const up = { ...ports, job: job.id, journal: new Journal(ports.store), service: await ports.mail.serviceOf() };
  for (const blob of job.plan.blobs.keys()) await abandonBlob(up, blob);
  await ports.store.step((transaction) => forgetJob(transaction, job.id));
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a !== null && b !== null && a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Locks leave a file behind, so there are few of them: jobs that share one are worked on one after the other. */
function lockOf(job: string): string {
  return `upload-${job.slice(0, 2)}`;
}

/** A new job's name, locked before anybody can see the job. */
async function newJobName({ locks, primitives }: Ports): Promise<AsyncDisposable & { readonly id: string }> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const id = hexOf(primitives.random(16));
    const lock = await locks.tryLock(lockOf(id));
    if (lock !== undefined) return { id, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
  }
  throw new BullaError("store/locked", "too many commands send at the same time", {
    hint: "wait until one of them has ended",
  });
}

/** Do what can be done now. */
async function work(
  ports: Ports,
  job: UploadJob,
  spooled: SpooledFile | undefined,
  options: WorkOptions,
): Promise<void> {
  try {
    await runUpload(ports, job, spooled, options);
    await spooled?.remove();
  } catch (error) {
    if (isBullaError(error, "contact/unknown-recipient") || isBullaError(error, "blob/expired")) {
      await ports.store.step((transaction) => forgetJob(transaction, job.id));
      await spooled?.remove();
    }
    // What was told as failed must not go out later, with other content, behind the person's back.
    if (isBullaError(error, "blob/source-changed") || isBullaError(error, "transfer/source-unreadable"))
      await abandonJob(ports, job);
    if (!passes(error)) throw error;
  }
  await ports.mail.flush(options.signal === undefined ? {} : { signal: options.signal });
}

/** Work on a job for a command that may die before it has shown the answer: the job stays, so that the same command finds it. */
async function answer(ports: Ports, job: UploadJob, options: WorkOptions): Promise<readonly SentView[]> {
  await work(ports, job, undefined, options);
  const views = await viewsOf(ports, job);
  if (views.every(({ state }) => state !== "queued")) ports.answered.add(job.id);
  return views;
}

async function forgetAnswered(ports: Ports): Promise<void> {
  for (const id of ports.answered) {
    await forgetAcknowledged(ports, id);
    ports.answered.delete(id);
  }
}

/** A job ends when the service has acknowledged all of it: until then the same command goes on with it. @returns whether it has ended */
async function forgetAcknowledged({ store }: Ports, id: string): Promise<boolean> {
  return store.step(async (transaction) => {
    for (const { said, transferId } of await recipientsOf(transaction, id)) {
      if (!said || !(await isAcknowledged(transaction, hexOf(transferId)))) return false;
    }
    await forgetJob(transaction, id);
    return true;
  });
}

async function resumeJobs(ports: Ports, options: WorkOptions): Promise<readonly ResumeFailure[]> {
  await forgetAnswered(ports);
  const failures: ResumeFailure[] = [];
  const jobs = await listJobs(ports.store);
  for (const job of jobs) {
    await using lock = await ports.locks.tryLock(lockOf(job.id));
    if (lock === undefined || (await ports.store.get(places.plan(job.id))) === undefined) continue;
    // Before, because what can never be sent is gone afterwards.
    const transfers = await viewsOf(ports, job);
    try {
      await resumeJob(ports, job, options);
    } catch (error) {
      if (!isBullaError(error)) throw error;
      failures.push({ transfers, error });
    }
  }
  const used = new Set(jobs.map(({ plan }) => plan.spool));
  for (const { id } of await ports.spool.leftovers()) if (!used.has(id)) await ports.spool.remove(id);
  return failures;
}

async function resumeJob(ports: Ports, job: UploadJob, options: WorkOptions): Promise<void> {
  if (await forgetAcknowledged(ports, job.id)) return;
  if (job.plan.spool === null || job.recipients.every(({ said }) => said)) {
    await work(ports, job, undefined, options);
    await forgetAcknowledged(ports, job.id);
    return;
  }
  await using spooled = await ports.spool.reopen(job.plan.spool);
  if (spooled === undefined) {
    await ports.store.step((transaction) => forgetJob(transaction, job.id));
    throw new BullaError("transfer/source-unreadable", "what was kept to be sent is gone; it was not sent", {
      hint: "send it again",
    });
  }
  await work(ports, job, spooled, options);
  await forgetAcknowledged(ports, job.id);
}

async function* receiveAll(
  ports: Ports,
  { out, from }: Pick<ReceiveRequest, "out" | "from">,
  options: WorkOptions,
): AsyncGenerator<ReceivedView, void, undefined> {
  const views = new Channel<ReceivedView>();
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const emit = (view: ReceivedView): void => views.put(view);
  const run = async (): Promise<void> => {
    const unreachable = new Map<string, unknown>();
    for (const incoming of await listIncoming(ports.store)) {
      const { author, host } = incoming.stored;
      if ((from !== undefined && author !== from) || unreachable.has(host)) continue;
      if ((await ports.isBlocked?.(author)) === true) continue;
      try {
        await receiveLocked(ports, incoming, { out, emit, signal, onProgress: options.onProgress });
      } catch (error) {
        if (!passes(error)) throw error;
        unreachable.set(host, error);
      }
    }
    for (const error of unreachable.values()) throw error;
  };
  const running = run().then(
    () => views.end(),
    (error: unknown) => views.fail(error),
  );
  try {
    yield* views;
  } finally {
    stop.abort(new BullaError("cli/interrupted", "no longer wanted"));
    await running;
  }
}

async function receiveLocked(
  ports: Ports,
  incoming: IncomingTransfer,
  receiving: Parameters<typeof receiveTransfer>[2],
): Promise<void> {
  await using lock = await ports.locks.tryLock(`incoming-${incoming.key.slice(0, 2)}`);
  if (lock === undefined) return;
  const now = (await listIncoming(ports.store)).find(({ key }) => key === incoming.key);
  if (now === undefined) return;
  await receiveTransfer(ports, now, receiving);
  await ports.mail.flush({ signal: receiving.signal });
}
