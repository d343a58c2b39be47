import type { Primitives } from "../primitives.ts";
import { type SegmentKeys, sealedSegmentBytes, segmentBytes, segmentNonce, tagBytes } from "./cobblestone.ts";

/** Seals and opens runs of consecutive segments, many per call, so that a platform can reuse buffers or keep several operations in flight.
 *  In a run every segment is full except that the very last of a message is shorter; lengths alone say whether the run ends with it:
 *  `sealed.length = plaintext.length + 16 × segments`. Callers pass lengths that fit. */
export interface SegmentCipher {
  /** Seal `plaintext`, whose first segment has number `first`, into all of `sealed`. The two must not overlap. */
  sealSegments(keys: SegmentKeys, first: number, plaintext: Uint8Array, sealed: Uint8Array): void | Promise<void>;
  /** Open `sealed` into all of `plaintext`. False when any segment fails; `plaintext` then holds nothing to be used. */
  openSegments(keys: SegmentKeys, first: number, sealed: Uint8Array, plaintext: Uint8Array): boolean | Promise<boolean>;
}

/** Works wherever `Primitives` do, with `inFlight` operations at once (WebCrypto wants 16 or more). */
export function createSegmentCipher(
  primitives: Pick<Primitives, "sealAes256Gcm" | "openAes256Gcm">,
  inFlight = 32,
): SegmentCipher {
  return {
    sealSegments: (keys, first, plaintext, sealed) =>
      eachSegment(runLength(plaintext.length, sealed.length), inFlight, async (i) => {
        const part = plaintext.subarray(i * segmentBytes, (i + 1) * segmentBytes);
        sealed.set(
          await primitives.sealAes256Gcm(keys.key, segmentNonce(keys.baseNonce, first + i), noData, part),
          i * sealedSegmentBytes,
        );
      }),
    async openSegments(keys, first, sealed, plaintext) {
      let opened = true;
      await eachSegment(runLength(plaintext.length, sealed.length), inFlight, async (i) => {
        const part = sealed.subarray(i * sealedSegmentBytes, (i + 1) * sealedSegmentBytes);
        const bytes = await primitives.openAes256Gcm(keys.key, segmentNonce(keys.baseNonce, first + i), noData, part);
        if (bytes === undefined) opened = false;
        else plaintext.set(bytes, i * segmentBytes);
      });
      return opened;
    },
  };
}

/** Segments in a run of these lengths.
 *  @throws RangeError when no run has them: a bug of the caller */
export function runLength(plaintextBytes: number, sealedBytes: number): number {
  const segments = (sealedBytes - plaintextBytes) / tagBytes;
  const full = Math.floor(plaintextBytes / segmentBytes);
  const fits = segments === full + 1 || (segments === full && plaintextBytes === full * segmentBytes);
  if (!fits) throw new RangeError(`no run of segments takes ${plaintextBytes} bytes to ${sealedBytes}`);
  return segments;
}

const noData = new Uint8Array(0);

async function eachSegment(count: number, inFlight: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane));
}
