/** Free the memory behind bytes that nobody uses any more, at once. Left to the garbage collector, every 25 MB of chunks that pass through call for a full collection. */
export function dropBuffer(bytes: Uint8Array): void {
  const { buffer } = bytes;
  // What is part of something larger, such as Node's shared pool, stays.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength && bytes.byteLength > 0)
    buffer.transfer(0);
}
