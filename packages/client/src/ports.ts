import type { BlobOpening, BlobSealing, RunningHash } from "@bulla/core";

/** The things a platform brings. Adapters say where: `platform/node`, `platform/browser`. Every adapter passes the acceptance suite of its port. */

/** Bytes under string keys, durable. Keys are paths of plain words and hex; values are opaque. */
export interface Store extends AsyncDisposable {
  /** Run one step of work alone: no other step, of this process or another on the same home, runs meanwhile.
   *  What `work` wrote is kept as a whole, durably, once this resolves; if it throws, nothing is.
   *  Steps do not nest. @throws BullaError store/locked after waiting too long, store/corrupt, file/no-space */
  step<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>;
  /** Read without waiting for a running step: what the last finished step left. */
  get(key: string): Promise<Uint8Array | undefined>;
  list(prefix: string): Promise<readonly StoreEntry[]>;
}

export interface StoreTransaction {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  /** In the order of the keys' bytes. */
  list(prefix: string): Promise<readonly StoreEntry[]>;
}

export interface StoreEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface Transport {
  /** One HTTP exchange. @throws BullaError transport/unreachable, transport/insecure */
  request(request: TransportRequest): Promise<TransportAnswer>;
  /** Open a WebSocket for binary frames. @throws BullaError transport/unreachable, transport/insecure */
  connect(url: string, signal?: AbortSignal): Promise<Connection>;
}

export interface TransportRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Absolute. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly maxAnswerBytes: number;
  /** Memory for the answer's body, for an adapter that can use it: then the body is a view of it. Nothing is written to it once the request is over. */
  readonly into?: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface TransportAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** A WebSocket. Frames come in order; `closed` resolves when it is gone for whatever reason. */
export interface Connection {
  send(frame: Uint8Array): void;
  onFrame(handler: (frame: Uint8Array) => void): void;
  readonly closed: Promise<void>;
  close(): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Files that a person names: what is sent, and where what is received goes. */
export interface Files {
  /** Everything below the given paths that can be sent, folders walked in the order of their names' bytes.
   *  Links are not followed; what is neither file nor folder, and the folder of a bulla device with its keys, is listed in `skipped`. @throws BullaError file/unreadable */
  scan(paths: readonly string[]): Promise<Scan>;
  /** Read a range of a file for sealing. @throws BullaError file/unreadable, blob/source-changed when it ends early */
  readRange(path: string, offset: number, length: number): Promise<Uint8Array>;
  /** A folder for files under way, beside where they will end, so that the last step is a rename. Made when absent. */
  incoming(folder: string, transfer: string): Promise<Incoming>;
}

export interface Scan {
  readonly files: readonly ScannedFile[];
  readonly skipped: readonly {
    readonly path: string;
    readonly why: "link" | "special" | "unreadable" | "device" | "empty";
  }[];
}

export interface ScannedFile {
  /** Absolute path here. */
  readonly source: string;
  /** Names joined by `/`, as the recipient will see it. */
  readonly path: string;
  readonly size: number;
  /** Changes when the file does: modification time and inode, for telling a resumed source from a changed one. */
  readonly version: string;
}

/** A transfer's files while they come in. Nothing appears under a final name before it is whole. */
export interface Incoming extends AsyncDisposable {
  /** Bytes of that file kept so far, durable after `sync`. */
  sizeOf(index: number): Promise<number>;
  write(index: number, offset: number, bytes: Uint8Array): Promise<void>;
  read(index: number, offset: number, length: number): Promise<Uint8Array>;
  sync(index: number): Promise<void>;
  /** Give the file its name below the folder, or `name (1).ext` and so on if that is taken; never overwrites. Returns the relative path used, names joined by `/`.
   *  Idempotent: `claimed` is what an earlier attempt was about to use. @throws BullaError file/unwritable, file/no-space */
  finish(index: number, wanted: string, claimed: (relative: string) => Promise<void>): Promise<string>;
  /** Forget one file's bytes. */
  discard(index: number): Promise<void>;
  /** Remove the folder and whatever is left in it. */
  clear(): Promise<void>;
}

/** Threads that seal, open and hash blobs, so that every core works. Memory is bounded whatever is asked at once: a job waits while all buffers are held. */
export interface Sealer {
  /** How many results may be held at once. */
  readonly maxHeld: number;
  /** Seal one chunk; chunks of a blob may be asked for in any order and at once.
   *  @throws BullaError transfer/source-unreadable, blob/source-changed */
  sealChunk(sealing: BlobSealing, index: number, source: PlaintextSource, options?: JobOptions): Promise<SealedChunk>;
  /** Check one chunk's hash and open the segments that end in it.
   *  @throws BullaError blob/missing-chunk – other bytes than the reference names: fetching again may help; blob/refused – the right bytes do not open */
  openChunk(request: OpenChunkRequest, options?: JobOptions): Promise<OpenedPlaintext>;
  /** Memory for one chunk that is to be opened, so that chunk after chunk comes into the same few places. Absent where a chunk stays in the memory in which it came. */
  borrowRoom?(): PooledBytes;
  /** SHA-256 of a whole source. @throws BullaError transfer/source-unreadable, blob/source-changed */
  hashSource(source: PlaintextSource, options?: JobOptions): Promise<Uint8Array>;
  /** SHA-256 over bytes as they come. */
  startHash(): RunningHash;
}

/** A piece of plaintext: part of a regular file, or bytes in memory (shared memory is not copied to a worker). */
export type SourcePart =
  | { readonly kind: "file"; readonly path: string; readonly offset: number; readonly length: number }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/** Files and bytes read as if they were one after the other. */
export interface PlaintextSource {
  readonly size: number;
  readonly parts: readonly SourcePart[];
  /** The parts that make up [start, end). */
  slice(start: number, end: number): readonly SourcePart[];
}

export interface JobOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Bytes in a buffer of the sealer. Release them (or let `using` do it) as soon as they are written or sent: it has few of them. */
export interface PooledBytes extends Disposable {
  /** Not to be used after `release`. */
  readonly bytes: Uint8Array;
  release(): void;
}

/** A sealed chunk and its name. */
export interface SealedChunk extends PooledBytes {
  readonly hash: Uint8Array;
}

/** Authenticated plaintext and where it belongs in the blob. */
export interface OpenedPlaintext extends PooledBytes {
  readonly offset: number;
}

export interface OpenChunkRequest {
  readonly opening: BlobOpening;
  readonly index: number;
  /** The chunk's ciphertext. Given away: its buffer is detached when the view covers all of it, unless it is shared memory. */
  readonly chunk: Uint8Array;
  /** `segmentTail` of the chunk before; empty for the first. */
  readonly before: Uint8Array;
  /** What the chunk must hash to. */
  readonly hash: Uint8Array;
}

/** Input of unknown length, such as stdin, kept sealed on disk until it is sent: its length and hash are needed before its first byte goes out. */
export interface Spool {
  /** Take a stream to its end. Durable once this resolves. @throws BullaError file/no-space, file/unwritable; whatever the source throws. Nothing is left then. */
  take(source: AsyncIterable<Uint8Array>): Promise<SpooledFile>;
  /** Open a left one again, to go on with its transfer. @returns undefined when it is gone, not whole, or in use by another process */
  reopen(id: string): Promise<SpooledFile | undefined>;
  /** What no living process uses. */
  leftovers(): Promise<readonly { readonly id: string; readonly whole: boolean }[]>;
  /** Delete one that no living process uses; one that is gone already is fine. */
  remove(id: string): Promise<void>;
}

export interface SpooledFile extends AsyncDisposable {
  /** Hex. */
  readonly id: string;
  readonly size: number;
  /** Shorter than asked for only at the end. @throws BullaError store/corrupt */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Delete it: its content was sent. */
  remove(): Promise<void>;
}

/** Locks among all processes of one home. A process that dies lets go of its own. */
export interface Locks {
  /** @param name plain words and hex joined by `-`. @returns undefined when a living process has it */
  tryLock(name: string): Promise<AsyncDisposable | undefined>;
}
