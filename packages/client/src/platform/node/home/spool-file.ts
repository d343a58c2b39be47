import type { FileHandle } from "node:fs/promises";
import type { Primitives } from "@bulla/core";
import { BullaError, concatBytes, labelBytes, uintBytes, utf8 } from "@bulla/wire";
import type { StoreKey } from "../../../store/sealed-store.ts";

// 32-byte salt ‖ segments of 1 MiB, each AES-256-GCM under HKDF-SHA-256(store key, salt). Nonce = 7 zero bytes ‖ 4-byte index ‖ 1 for the last segment and 0 for others,
// so that a file cut at a segment's end does not open. The last segment may be empty.
const segmentBytes = 1024 * 1024;
const tagBytes = 16;
const saltBytes = 32;

export type SpoolPrimitives = Pick<Primitives, "random" | "hkdfSha256" | "sealAes256Gcm" | "openAes256Gcm">;

/** Seal a stream into an open, empty file. Memory stays at a few segments, whatever the length. @returns the length of what came */
export async function sealStream(
  file: FileHandle,
  id: string,
  source: AsyncIterable<Uint8Array>,
  storeKey: StoreKey,
  primitives: SpoolPrimitives,
): Promise<number> {
  const salt = primitives.random(saltBytes);
  const key = primitives.hkdfSha256(storeKey, salt, labelBytes("spool"), 32);
  await writeExactly(file, 0, salt);
  let index = 0;
  const sealNext = async (plain: Uint8Array, last: boolean): Promise<void> => {
    const sealed = await primitives.sealAes256Gcm(key, nonceOf(index, last), spoolData(id), plain);
    await writeExactly(file, positionOf(index), sealed);
    index++;
  };
  const segment = new Uint8Array(segmentBytes);
  let filled = 0;
  for await (const piece of source) {
    for (let offset = 0; offset < piece.length; ) {
      // A full segment is sealed only when more follows, because the last one is marked.
      if (filled === segmentBytes) {
        await sealNext(segment, false);
        filled = 0;
      }
      const taken = piece.subarray(offset, offset + segmentBytes - filled);
      segment.set(taken, filled);
      filled += taken.length;
      offset += taken.length;
    }
  }
  await sealNext(segment.subarray(0, filled), true);
  segment.fill(0);
  key.fill(0);
  return (index - 1) * segmentBytes + filled;
}

/** A sealed spool file for reading. */
export interface OpenedStream {
  readonly size: number;
  /** @throws BullaError store/corrupt */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** @throws BullaError store/corrupt – also when the end is missing */
export async function openStream(
  file: FileHandle,
  id: string,
  storeKey: StoreKey,
  primitives: SpoolPrimitives,
): Promise<OpenedStream> {
  const salt = await readExactly(file, 0, saltBytes);
  const key = primitives.hkdfSha256(storeKey, salt, labelBytes("spool"), 32);
  const sealedBytes = (await file.stat()).size - saltBytes;
  const last = Math.max(0, Math.ceil(sealedBytes / (segmentBytes + tagBytes)) - 1);
  const size = sealedBytes - (last + 1) * tagBytes;
  if (size < 0) throw corrupt();
  const openSegment = async (index: number): Promise<Uint8Array> => {
    const length = Math.min(segmentBytes, size - index * segmentBytes) + tagBytes;
    const sealed = await readExactly(file, positionOf(index), length);
    const plain = await primitives.openAes256Gcm(key, nonceOf(index, index === last), spoolData(id), sealed);
    if (plain === undefined) throw corrupt();
    return plain;
  };
  await openSegment(last);
  return {
    size,
    async read(offset, length) {
      const end = Math.min(offset + length, size);
      const parts: Uint8Array[] = [];
      for (let at = offset; at < end; ) {
        const index = Math.floor(at / segmentBytes);
        const start = index * segmentBytes;
        const plain = await openSegment(index);
        parts.push(plain.subarray(at - start, Math.min(end - start, segmentBytes)));
        at = start + segmentBytes;
      }
      return concatBytes(...parts);
    },
  };
}

function nonceOf(index: number, last: boolean): Uint8Array {
  return concatBytes(new Uint8Array(7), uintBytes(index, 4), Uint8Array.of(last ? 1 : 0));
}

function positionOf(index: number): number {
  return saltBytes + index * (segmentBytes + tagBytes);
}

function spoolData(id: string): Uint8Array {
  return concatBytes(labelBytes("spool"), utf8(id));
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(out, filled, length - filled, position + filled);
    if (bytesRead === 0) throw corrupt();
    filled += bytesRead;
  }
  return out;
}

/** A write is short when the disk is nearly full; the next one says so. */
async function writeExactly(file: FileHandle, position: number, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; )
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
}

function corrupt(): BullaError {
  return new BullaError("store/corrupt", "spooled input does not open", { hint: "send it again" });
}
