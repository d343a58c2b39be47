import { bytesOfHex, equalBytes } from "@bulla/wire";

/** Bytes of a vector's hex. @throws Error when it is not hex */
export function hexBytes(hex: string): Uint8Array {
  const bytes = bytesOfHex(hex);
  if (bytes === undefined) throw new Error("the vector is not hex");
  return bytes;
}

/** Whether an outcome is the bytes that the vector names. */
export function isHex(actual: Uint8Array | undefined, hex: string): boolean {
  return actual !== undefined && equalBytes(actual, hexBytes(hex));
}
