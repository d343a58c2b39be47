import { isBullaError } from "@bulla/wire";
import { sha256 } from "@noble/hashes/sha2.js";

export function present<T>(value: T | undefined | null, what = "a value"): T {
  if (value === undefined || value === null) throw new Error(`the test expected ${what}`);
  return value;
}

export function digest(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

/** The error code that an action is refused with, `accepted`, or what broke. */
export async function answer(action: () => unknown): Promise<string> {
  try {
    await action();
    return "accepted";
  } catch (error) {
    return isBullaError(error) ? error.code : `broke: ${String(error)}`;
  }
}

export function flipped(bytes: Uint8Array, at: number, bit = 1): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ bit;
  return copy;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
