import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { scryptAsync } from "@noble/hashes/scrypt.js";

export const ageSegmentBytes = 65536;
export const ageTagBytes = 16;
export const sealedAgeSegmentBytes: number = ageSegmentBytes + ageTagBytes;

/** What an age file needs beyond its header, many segments per call so that a platform can reuse buffers.
 *  A run is of full segments of 64 KiB; when it `ends` the file, its last one may be shorter and carries the final flag. */
export interface AgeCipher {
  /** Seal `plaintext`, whose first segment has number `first`, into all of `sealed` (16 bytes longer per segment). */
  sealSegments(
    key: Uint8Array,
    first: number,
    plaintext: Uint8Array,
    ends: boolean,
    sealed: Uint8Array,
  ): void | Promise<void>;
  /** Open into all of `plaintext`. False when any segment fails; `plaintext` then holds nothing to be used. */
  openSegments(
    key: Uint8Array,
    first: number,
    sealed: Uint8Array,
    ends: boolean,
    plaintext: Uint8Array,
  ): boolean | Promise<boolean>;
  /** scrypt with N = 2^logN, r = 8, p = 1, 32 bytes. */
  scrypt(passphrase: string, salt: Uint8Array, logN: number): Promise<Uint8Array>;
}

/** The portable implementation, for platforms without a native ChaCha20-Poly1305. */
export function createPortableAgeCipher(): AgeCipher {
  return {
    sealSegments(key, first, plaintext, ends, sealed) {
      const count = ageSegmentsIn(plaintext.length);
      for (let i = 0; i < count; i++) {
        const part = plaintext.subarray(i * ageSegmentBytes, (i + 1) * ageSegmentBytes);
        sealed.set(
          chacha20poly1305(key, ageNonce(first + i, ends && i === count - 1)).encrypt(part),
          i * sealedAgeSegmentBytes,
        );
      }
    },
    openSegments(key, first, sealed, ends, plaintext) {
      const count = Math.ceil(sealed.length / sealedAgeSegmentBytes);
      for (let i = 0; i < count; i++) {
        const part = sealed.subarray(i * sealedAgeSegmentBytes, (i + 1) * sealedAgeSegmentBytes);
        try {
          plaintext.set(
            chacha20poly1305(key, ageNonce(first + i, ends && i === count - 1)).decrypt(part),
            i * ageSegmentBytes,
          );
        } catch {
          return false;
        }
      }
      return true;
    },
    scrypt: (passphrase, salt, logN) => scryptAsync(passphrase, salt, { N: 2 ** logN, r: 8, p: 1, dkLen: 32 }),
  };
}

/** How many segments a plaintext has: at least one, which may be empty. */
export function ageSegmentsIn(plaintextBytes: number): number {
  return Math.max(1, Math.ceil(plaintextBytes / ageSegmentBytes));
}

/** STREAM: an 11-byte big-endian counter and the final flag. */
export function ageNonce(segment: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12);
  let rest = segment;
  for (let i = 10; rest > 0; i--) {
    nonce[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  nonce[11] = last ? 1 : 0;
  return nonce;
}
