import type { Primitives } from "@bulla/core";
import { BullaError, isBullaError } from "@bulla/wire";
import type { Files, PlaintextSource, Sealer, SpooledFile } from "../ports.ts";
import { inLanes, type Permits } from "./permits.ts";
import { createPlaintextSource } from "./plaintext-source.ts";
import type { StoredPlan } from "./stored.ts";

/** The plaintext of one blob to be. */
export interface BlobInput {
  readonly size: number;
  /** What [start, end) is read from. */
  read(start: number, end: number): Promise<PlaintextSource>;
  hash(signal: AbortSignal): Promise<InputHashes>;
  /** @throws BullaError blob/source-changed, transfer/source-unreadable unless it is still what was planned */
  check(): Promise<void>;
}

export interface InputHashes {
  readonly plaintextHash: Uint8Array;
  readonly fileHashes: readonly Uint8Array[];
}

export type PlannedFile = StoredPlan["files"][number];

/** Files on disk, one after the other. @param hashing held while a large file is hashed, so that threads stay free for sealing */
export function filesInput(files: Files, sealer: Sealer, planned: readonly PlannedFile[], hashing: Permits): BlobInput {
  const parts = planned.map(({ source, size }) => ({ kind: "file", path: source, offset: 0, length: size }) as const);
  const whole = createPlaintextSource(parts);
  const hashOf = (source: PlaintextSource, signal: AbortSignal): Promise<Uint8Array> =>
    sealer.hashSource(source, { signal });
  return {
    size: whole.size,
    read: async () => whole,
    hash: (signal) =>
      hashing.run(signal, async () => {
        const plaintextHash = await hashOf(whole, signal);
        if (parts.length === 1) return { plaintextHash, fileHashes: [plaintextHash] };
        const fileHashes: Uint8Array[] = [];
        await inLanes(4, parts.entries(), signal, async ([index, part], stop) => {
          fileHashes[index] = await hashOf(createPlaintextSource([part]), stop);
        });
        return { plaintextHash, fileHashes };
      }),
    async check() {
      await inLanes(16, planned, new AbortController().signal, async ({ source, size, version }) => {
        const now = await lookAt(files, source);
        if (now.size !== size || now.version !== version) throw sourceChanged();
      });
    },
  };
}

/** What a planned file is now. @throws BullaError transfer/source-unreadable */
export async function lookAt(
  files: Files,
  source: string,
): Promise<{ readonly size: number; readonly version: string }> {
  try {
    const [found] = (await files.scan([source])).files;
    if (found?.source === source) return found;
  } catch (error) {
    if (!isBullaError(error)) throw error;
  }
  throw new BullaError(
    "transfer/source-unreadable",
    "a file that is to be sent is gone or cannot be read any more; nothing was sent",
    {
      hint: "put it back and run the same command again",
    },
  );
}

/** Spooled input. It cannot change. */
export function spoolInput(sealer: Sealer, spooled: SpooledFile): BlobInput {
  return {
    size: spooled.size,
    async read(start, end) {
      const bytes = await spooled.read(start, end - start);
      const parts = [{ kind: "bytes", bytes } as const];
      return { size: spooled.size, parts, slice: () => parts };
    },
    async hash(signal) {
      const hash = sealer.startHash();
      for (let at = 0; at < spooled.size; at += readBytes) {
        signal.throwIfAborted();
        hash.update(await spooled.read(at, readBytes));
      }
      const plaintextHash = hash.digest();
      return { plaintextHash, fileHashes: [plaintextHash] };
    },
    check: async () => undefined,
  };
}

const readBytes = 1024 * 1024;

export function bytesInput(primitives: Primitives, bytes: Uint8Array): BlobInput {
  const source = createPlaintextSource([{ kind: "bytes", bytes }]);
  const plaintextHash = primitives.sha256(bytes);
  return {
    size: bytes.length,
    read: async () => source,
    hash: async () => ({ plaintextHash, fileHashes: [] }),
    check: async () => undefined,
  };
}

export function sourceChanged(): BullaError {
  return new BullaError("blob/source-changed", "a file changed while it was being sent", {
    hint: "wait until nothing writes to it, then send it again",
  });
}
