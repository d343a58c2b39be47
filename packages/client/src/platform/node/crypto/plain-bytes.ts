/** The same bytes as a plain Uint8Array that owns its whole buffer, so that structuredClone or a look at `.buffer` reaches nothing else.
 *  Node hands out Buffers, small ones as windows into a shared pool. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  const ownsBuffer = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return ownsBuffer ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}
