import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { type SegmentCipher, segmentNonce } from "@bulla/core";
import { dropBuffer } from "./drop-buffer.ts";

const segmentBytes = 16384;
const tagBytes = 16;

/** Cobblestone segments on node:crypto, synchronously: for worker threads. */
export function createNodeSegmentCipher(): SegmentCipher {
  return {
    sealSegments(keys, first, plaintext, sealed) {
      // A KeyObject is imported once per run. With raw bytes Node imports the key again for every segment, which costs more than sealing it.
      const key = createSecretKey(keys.key);
      let at = 0;
      for (let i = 0; at < sealed.length; i++) {
        const cipher = createCipheriv("aes-256-gcm", key, segmentNonce(keys.baseNonce, first + i));
        const body = cipher.update(plaintext.subarray(i * segmentBytes, (i + 1) * segmentBytes));
        cipher.final();
        sealed.set(body, at);
        at += body.length;
        dropBuffer(body);
        sealed.set(cipher.getAuthTag(), at);
        at += tagBytes;
      }
    },
    openSegments(keys, first, sealed, plaintext) {
      const key = createSecretKey(keys.key);
      let at = 0;
      for (let i = 0; i * (segmentBytes + tagBytes) < sealed.length; i++) {
        const segment = sealed.subarray(i * (segmentBytes + tagBytes), (i + 1) * (segmentBytes + tagBytes));
        const bodyBytes = segment.length - tagBytes;
        const decipher = createDecipheriv("aes-256-gcm", key, segmentNonce(keys.baseNonce, first + i), authTag);
        decipher.setAuthTag(segment.subarray(bodyBytes));
        const body = decipher.update(segment.subarray(0, bodyBytes));
        try {
          decipher.final();
        } catch {
          return false;
        }
        plaintext.set(body, at);
        at += bodyBytes;
        dropBuffer(body);
      }
      return true;
    },
  };
}

const authTag = { authTagLength: tagBytes } as const;
