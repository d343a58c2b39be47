/** A copy with one bit changed; positions below zero count from the end. */
export function flipBit(bytes: Uint8Array, position: number): Uint8Array {
  const changed = bytes.slice();
  const at = position < 0 ? bytes.length + position : position;
  const byte = changed[at];
  if (byte === undefined) throw new RangeError(`there is no byte ${position} in ${bytes.length}`);
  changed[at] = byte ^ 1;
  return changed;
}
