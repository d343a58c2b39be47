import { type SegmentCipher, segmentNonce } from "@bulla/core";
import { webBytes } from "../crypto/web-bytes.ts";

const segmentBytes = 16384;
const sealedSegmentBytes = segmentBytes + 16;
/** WebCrypto works on other threads: with one call at a time they and this one wait for each other. */
const inFlight = 32;

/** Cobblestone segments on WebCrypto: the key is imported once per run, and many segments are on their way at once.
 *  Neither buffer may be changed before the answer. */
export function createBrowserSegmentCipher(): SegmentCipher {
  return {
    async sealSegments(keys, first, plaintext, sealed) {
      const key = await importKey(keys.key, "encrypt");
      await eachSegment(Math.ceil(sealed.length / sealedSegmentBytes), async (i) => {
        const part = plaintext.subarray(i * segmentBytes, (i + 1) * segmentBytes);
        const bytes = await crypto.subtle.encrypt(gcm(segmentNonce(keys.baseNonce, first + i)), key, webBytes(part));
        sealed.set(new Uint8Array(bytes), i * sealedSegmentBytes);
      });
    },
    async openSegments(keys, first, sealed, plaintext) {
      const key = await importKey(keys.key, "decrypt");
      let isOpen = true;
      await eachSegment(Math.ceil(sealed.length / sealedSegmentBytes), async (i) => {
        const part = sealed.subarray(i * sealedSegmentBytes, (i + 1) * sealedSegmentBytes);
        const bytes = await openSegment(key, segmentNonce(keys.baseNonce, first + i), part);
        if (bytes === undefined) isOpen = false;
        else plaintext.set(bytes, i * segmentBytes);
      });
      return isOpen;
    },
  };
}

function importKey(raw: Uint8Array, usage: KeyUsage): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", webBytes(raw), "AES-GCM", false, [usage]);
}

function gcm(nonce: Uint8Array): AesGcmParams {
  return { name: "AES-GCM", iv: webBytes(nonce), tagLength: 128 };
}

async function openSegment(key: CryptoKey, nonce: Uint8Array, sealed: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(gcm(nonce), key, webBytes(sealed)));
  } catch (error) {
    if (error instanceof DOMException && error.name === "OperationError") return undefined;
    throw error;
  }
}

async function eachSegment(count: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane));
}
