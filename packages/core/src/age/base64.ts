const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const values = new Int16Array(128).fill(-1);
for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;

/** RFC 4648 §4 without padding. */
export function base64Of(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const digits = Math.min(bytes.length - i, 3) + 1;
    for (let d = 0; d < digits; d++) out += alphabet[(word >> (18 - 6 * d)) & 63];
  }
  return out;
}

/** @returns undefined unless the text (ASCII, as text or bytes) is the one spelling, padded or not as told, of some bytes */
export function bytesOfBase64(text: string | Uint8Array, padded: boolean): Uint8Array | undefined {
  const digits = typeof text === "string" ? Uint8Array.from(text, (digit) => Math.min(digit.charCodeAt(0), 127)) : text;
  let length = digits.length;
  if (padded) {
    if (length % 4 !== 0) return undefined;
    for (let pads = 0; pads < 2 && digits[length - 1] === 0x3d; pads++) length--;
  }
  if (length % 4 === 1) return undefined;
  const out = new Uint8Array(Math.floor((length * 3) / 4));
  let word = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    const value = values[digits[i] ?? 0] ?? -1;
    if (value < 0) return undefined;
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out[at++] = (word >> bits) & 255;
  }
  return (word & ((1 << bits) - 1)) === 0 ? out : undefined;
}
