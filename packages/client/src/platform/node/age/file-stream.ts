import type { FileHandle } from "node:fs/promises";

import { EarlySync } from "../files/early-sync.ts";

const pieceBytes = 1024 * 1024;

/** The bytes of a file, read one piece ahead of what is being worked on. Each piece is valid until the next is asked for. The handle stays open. */
export async function* readAhead(file: FileHandle): AsyncGenerator<Uint8Array, void, undefined> {
  let spare = Buffer.allocUnsafeSlow(pieceBytes);
  let reading = file.read(Buffer.allocUnsafeSlow(pieceBytes), 0, pieceBytes, null);
  // If the reader stops early nobody looks at this any more.
  reading.catch(() => {});
  for (;;) {
    const { bytesRead, buffer } = await reading;
    if (bytesRead === 0) return;
    reading = file.read(spare, 0, pieceBytes, null);
    reading.catch(() => {});
    yield buffer.subarray(0, bytesRead);
    spare = buffer;
  }
}

/** Write all pieces to a file, one piece behind what is being worked on.
 *  @returns the bytes written, after the last of them is with the system (not all of them synced) */
export async function writeBehind(file: FileHandle, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  const sync = new EarlySync();
  let total = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const piece of pieces) {
      await writing;
      sync.wrote(file, piece.length);
      writing = writeAll(file, piece);
      writing.catch(() => {});
      total += piece.length;
    }
  } finally {
    await writing;
  }
  await sync.settle();
  return total;
}

/** Output memory for {@link writeBehind}, which holds one piece while the next is made: two buffers that take turns. */
export function rotatingBuffers(): (length: number) => Uint8Array {
  let [next, other] = [new Uint8Array(0), new Uint8Array(0)];
  return (length) => {
    [next, other] = [other, next];
    if (next.length < length) next = new Uint8Array(length);
    return next.subarray(0, length);
  };
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; ) {
    const { bytesWritten } = await file.write(piece, at, piece.length - at, null);
    at += bytesWritten;
  }
}
