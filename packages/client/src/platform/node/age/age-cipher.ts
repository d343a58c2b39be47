import { createCipheriv, createDecipheriv, createSecretKey, scrypt } from "node:crypto";
import { type AgeCipher, ageNonce, ageSegmentBytes, ageSegmentsIn, sealedAgeSegmentBytes } from "@bulla/core";
import { dropBuffer } from "../worker/drop-buffer.ts";

/** age payloads and scrypt on node:crypto; segments are sealed on the calling thread, scrypt is not. */
export function createNodeAgeCipher(): AgeCipher {
  return {
    sealSegments(rawKey, first, plaintext, ends, sealed) {
      const key = createSecretKey(rawKey);
      const count = ageSegmentsIn(plaintext.length);
      for (let i = 0; i < count; i++) {
        const cipher = createCipheriv(algorithm, key, ageNonce(first + i, ends && i === count - 1), authTag);
        const body = cipher.update(plaintext.subarray(i * ageSegmentBytes, (i + 1) * ageSegmentBytes));
        cipher.final();
        const at = i * sealedAgeSegmentBytes;
        sealed.set(body, at);
        sealed.set(cipher.getAuthTag(), at + body.length);
        dropBuffer(body);
      }
    },
    openSegments(rawKey, first, sealed, ends, plaintext) {
      const key = createSecretKey(rawKey);
      const count = Math.ceil(sealed.length / sealedAgeSegmentBytes);
      for (let i = 0; i < count; i++) {
        const segment = sealed.subarray(i * sealedAgeSegmentBytes, (i + 1) * sealedAgeSegmentBytes);
        const bodyBytes = segment.length - authTag.authTagLength;
        const decipher = createDecipheriv(algorithm, key, ageNonce(first + i, ends && i === count - 1), authTag);
        decipher.setAuthTag(segment.subarray(bodyBytes));
        const body = decipher.update(segment.subarray(0, bodyBytes));
        try {
          decipher.final();
        } catch {
          return false;
        }
        plaintext.set(body, i * ageSegmentBytes);
        dropBuffer(body);
      }
      return true;
    },
    scrypt: (passphrase, salt, logN) =>
      new Promise((resolve, reject) => {
        const cost = 2 ** logN;
        // OpenSSL wants a little more than the 128 × r × N that scrypt itself fills.
        scrypt(
          passphrase,
          salt,
          32,
          { cost, blockSize: 8, parallelization: 1, maxmem: 128 * 8 * (cost + 64) },
          (error, key) => {
            if (error === null) resolve(new Uint8Array(key));
            else reject(error);
          },
        );
      }),
  };
}

const algorithm = "chacha20-poly1305";
const authTag = { authTagLength: 16 } as const;
