import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

/** Something that must not be there, in every spelling that software gives to text or bytes. */
export interface Needle {
  readonly what: string;
  readonly spellings: readonly Buffer[];
}

/** A text as UTF-8, UTF-16, hex and base64. */
export function textNeedle(what: string, text: string): Needle {
  const bytes = Buffer.from(text);
  return { what, spellings: [bytes, Buffer.from(text, "utf16le"), ...encodedSpellings(bytes)] };
}

/** Raw bytes, hex and base64. */
export function bytesNeedle(what: string, bytes: Buffer): Needle {
  return { what, spellings: [bytes, ...encodedSpellings(bytes)] };
}

function encodedSpellings(bytes: Buffer): readonly Buffer[] {
  const hex = bytes.toString("hex");
  // Base64 depends on the place in the text: the letters that all three places have for certain are the middle.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from(
      Buffer.concat([Buffer.alloc(shift), bytes])
        .toString("base64")
        .slice(4, -4),
    ),
  );
  return [Buffer.from(hex), Buffer.from(hex.toUpperCase()), ...base64];
}

export interface Found {
  readonly searchedBytes: number;
  readonly hits: number;
}

export function searchBytes(bytes: Buffer, needles: readonly Needle[]): number {
  return needles.flatMap(({ spellings }) => spellings).filter((spelling) => bytes.includes(spelling)).length;
}

/** Every file below a folder, and every name. */
export function searchFolder(folder: string, needles: readonly Needle[]): Found {
  let [searchedBytes, hits] = [0, 0];
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    hits += searchBytes(Buffer.from(name), needles);
    const path = join(folder, name);
    if (!statSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    searchedBytes += bytes.length;
    hits += searchBytes(bytes, needles);
  }
  return { searchedBytes, hits };
}

/** All memory of a process of ours that it can write, see proc(5). */
export function searchMemory(pid: number, needles: readonly Needle[]): Found {
  const regions = readFileSync(`/proc/${pid}/maps`, "utf8").split("\n").flatMap(regionOf);
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const longest = Math.max(...needles.flatMap(({ spellings }) => spellings.map(({ length }) => length)));
  let [searchedBytes, hits] = [0, 0];
  try {
    const piece = Buffer.alloc(pieceBytes + longest);
    for (const { start, end } of regions) {
      for (let at = start; at < end; at += pieceBytes) {
        const length = readAt(memory, piece, Math.min(piece.length, end - at), at);
        searchedBytes += Math.min(length, pieceBytes);
        hits += searchBytes(piece.subarray(0, length), needles);
      }
    }
  } finally {
    closeSync(memory);
  }
  return { searchedBytes, hits };
}

const pieceBytes = 16 * 1024 * 1024;

function regionOf(line: string): readonly { readonly start: number; readonly end: number }[] {
  const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
  return start === undefined || end === undefined
    ? []
    : [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }];
}

/** Memory may go away while it is looked at. */
function readAt(file: number, into: Buffer, length: number, position: number): number {
  try {
    return readSync(file, into, 0, length, position);
  } catch {
    return 0;
  }
}
