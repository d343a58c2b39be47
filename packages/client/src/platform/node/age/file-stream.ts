import type { FileHandle } from "node:fs/promises";
import { EarlySync } from "../files/early-sync.ts";

const pieceBytes = 512 * 1024;
/** Pieces under way on either side, so that a thread which is late holds up nobody. */
const depth = 6;

/** The bytes of a file, read ahead of what is being worked on. Each piece is valid until the next is asked for. The handle stays open. */
export async function* readAhead(file: FileHandle): AsyncGenerator<Uint8Array, void, undefined> {
  const reads: ReturnType<typeof readPiece>[] = [];
  let last: Promise<unknown> = Promise.resolve();
  const start = (buffer: Buffer): void => {
    const read = last.then(() => readPiece(file, buffer));
    // If the reader stops early nobody looks at this any more.
    read.catch(() => {});
    last = read;
    reads.push(read);
  };
  for (let i = 0; i < depth; i++) start(Buffer.allocUnsafeSlow(pieceBytes));
  for (let next = reads.shift(); next !== undefined; next = reads.shift()) {
    const { bytesRead, buffer } = await next;
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    start(buffer);
  }
}

function readPiece(file: FileHandle, buffer: Buffer): Promise<{ readonly bytesRead: number; readonly buffer: Buffer }> {
  return file.read(buffer, 0, pieceBytes, null);
}

/** Write all pieces to a file, behind what is being worked on. Each piece may be used again when {@link rotatingBuffers} comes round to it.
 *  @returns the bytes written, after the last of them is with the system (not all of them synced) */
export async function writeBehind(file: FileHandle, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  const sync = new EarlySync();
  const writes: Promise<void>[] = [];
  let total = 0;
  let last: Promise<void> = Promise.resolve();
  try {
    for await (const piece of pieces) {
      last = last.then(() => writeAll(file, piece));
      last.catch(() => {});
      writes.push(last);
      total += piece.length;
      if (writes.length < depth) continue;
      await writes.shift();
      sync.wrote(file, piece.length);
    }
  } finally {
    await last;
  }
  await sync.settle();
  return total;
}

/** Output memory for {@link writeBehind}, which holds all but one of the buffers while the next piece is made. */
export function rotatingBuffers(): (length: number) => Uint8Array {
  const buffers: Uint8Array[] = [];
  let turn = 0;
  return (length) => {
    turn = (turn + 1) % depth;
    const buffer = buffers[turn];
    if (buffer !== undefined && buffer.length >= length) return buffer.subarray(0, length);
    const larger = new Uint8Array(length);
    buffers[turn] = larger;
    return larger;
  };
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; ) {
    const { bytesWritten } = await file.write(piece, at, piece.length - at, null);
    at += bytesWritten;
  }
}
