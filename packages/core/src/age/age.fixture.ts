import { createHash, hkdfSync, randomBytes } from "node:crypto";
import { type AgeCipher, createPortableAgeCipher } from "./age-cipher.ts";
import type { AgePlatform } from "./age-file.ts";
import { openAge } from "./age-file.ts";
import type { AgeSecret } from "./age-header.ts";

const cipher: AgeCipher = createPortableAgeCipher();

export const platform: AgePlatform = {
  primitives: {
    random: (length) => new Uint8Array(randomBytes(length)),
    hkdfSha256: (secret, salt, info, length) => new Uint8Array(hkdfSync("sha256", secret, salt, info, length)),
  },
  cipher,
};

export async function* streamOf(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
}

export function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part.slice());
  return new Uint8Array(Buffer.concat(parts));
}

export const open = (file: Uint8Array, secret: AgeSecret, pieceBytes = Number.MAX_SAFE_INTEGER): Promise<Uint8Array> =>
  collect(openAge(platform, streamOf(cut(file, pieceBytes)), secret));

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
