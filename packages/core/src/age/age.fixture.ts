import { createPrimitives } from "@bulla/client/crypto";
import { concatBytes, hexOf } from "@bulla/wire";
import { type AgeCipher, createPortableAgeCipher } from "./age-cipher.ts";
import type { AgePlatform } from "./age-file.ts";
import { openAge, sealAge } from "./age-file.ts";
import type { AgeAudience, AgeSecret } from "./age-header.ts";

const cipher: AgeCipher = createPortableAgeCipher();

const primitives = createPrimitives();

export const platform: AgePlatform = { primitives, cipher };

export async function* streamOf(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
}

export function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part.slice());
  return concatBytes(...parts);
}

export const open = (file: Uint8Array, secret: AgeSecret, pieceBytes = Number.MAX_SAFE_INTEGER): Promise<Uint8Array> =>
  collect(openAge(platform, streamOf(cut(file, pieceBytes)), secret));

export const sha256 = (bytes: Uint8Array): string => hexOf(primitives.sha256(bytes));

export const seal = (plaintext: Uint8Array, audience: AgeAudience, pieceBytes = 100_000): Promise<Uint8Array> =>
  collect(sealAge(platform, streamOf(cut(plaintext, pieceBytes)), audience));

/** Around every boundary of segments and of runs of them. */
export const boundarySizes = [
  0,
  1,
  65535,
  65536,
  65537,
  131072,
  16 * 65536 - 1,
  16 * 65536,
  16 * 65536 + 1,
  17 * 65536,
];

export const bytesOfLength = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
