import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

/** Bytes that no compression shortens, the same for the same seed. */
export function seededBytes(seed: string, size: number): Buffer {
  return Buffer.from(createHash("shake256", { outputLength: size }).update(seed).digest());
}

/** A file of that size with seeded content, written in pieces. */
export function makeFile(path: string, size: number, seed: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "w");
  try {
    for (let at = 0, piece = 0; at < size; piece++) {
      const bytes = seededBytes(`${seed}/${piece}`, Math.min(pieceBytes, size - at));
      writeSync(file, bytes);
      at += bytes.length;
    }
  } finally {
    closeSync(file);
  }
}

const pieceBytes = 4 * 1024 * 1024;

/** Many small files of 0 to about 8 KB, a hundred to a folder. */
export function makeSmallFiles(folder: string, count: number, seed: string): void {
  for (let i = 0; i < count; i++) {
    const name = join(folder, `part-${Math.floor(i / 100)}`, `file-${String(i).padStart(5, "0")}.txt`);
    makeFile(name, (i * 37) % 8192, `${seed}/${i}`);
  }
}
