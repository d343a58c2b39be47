import { randomFillSync } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const pieceBytes = 4 * 1024 * 1024;

/** A file of random bytes, which nothing can shorten. */
export function makeFile(path: string, size: number): void {
  const piece = Buffer.alloc(pieceBytes);
  const file = openSync(path, "w");
  try {
    for (let at = 0; at < size; at += pieceBytes)
      writeSync(file, randomFillSync(piece), 0, Math.min(pieceBytes, size - at));
  } finally {
    closeSync(file);
  }
}

/** Files of 0 to 8 KiB, a hundred to a folder. @returns their bytes together */
export function makeSmallFiles(folder: string, count: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) {
    const inside = join(folder, `part-${Math.floor(i / 100)}`);
    if (i % 100 === 0) mkdirSync(inside, { recursive: true });
    const bytes = randomFillSync(Buffer.alloc((i * 37) % 8192));
    writeFileSync(join(inside, `file-${i}.bin`), bytes);
    total += bytes.length;
  }
  return total;
}
