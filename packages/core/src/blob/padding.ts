import { limits } from "@bulla/wire";
import { openedLength, sealedLength } from "./cobblestone.ts";

/** The length of the padded plaintext of a blob of `size` bytes. The rule, exactly:
 *
 *  1. `t = 56 + size + 16 × (⌊size / 16384⌋ + 1)`, what Cobblestone makes of it.
 *  2. `T = Padmé(max(t, 64 KiB))`.
 *  3. If no message takes T bytes, which is so when `(T − 56) mod 16400 < 16`, then `T = Padmé(T + 1)`. Up to 1 TiB that happens for
 *     T = 64 MiB only, which becomes 66 MiB.
 *  4. The plaintext is followed by zeros until the message takes T bytes.
 *
 *  So it depends on `size` alone, never falls when `size` grows, and T is below max(64 KiB, 1.0625 t + 4096). */
export function paddedSize(size: number): number {
  let total = padme(Math.max(sealedLength(size), limits.blobFloorBytes));
  let padded = openedLength(total);
  while (padded === undefined) {
    total = padme(total + 1);
    padded = openedLength(total);
  }
  return padded;
}

/** Padmé (Nikitin et al., PETS 2019): the smallest length ≥ `length` whose binary mantissa is no longer than its exponent's. For lengths from 2 to 2^52. */
export function padme(length: number): number {
  const exponent = floorLog2(length);
  const unit = 2 ** (exponent - floorLog2(exponent) - 1);
  return unit <= 1 ? length : Math.ceil(length / unit) * unit;
}

/** Whether all bytes are zero, in time that depends on the length only. */
export function isZero(bytes: Uint8Array): boolean {
  let any = 0;
  for (let i = 0; i < bytes.length; i++) any |= bytes[i] ?? 0;
  return any === 0;
}

function floorLog2(value: number): number {
  let exponent = 0;
  for (let power = 2; power <= value; power *= 2) exponent++;
  return exponent;
}
