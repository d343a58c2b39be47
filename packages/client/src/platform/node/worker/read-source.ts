import { closeSync, constants, openSync, readSync } from "node:fs";
import { BullaError } from "@bulla/wire";
import type { SourcePart } from "../../../ports.ts";

/** Fill `into` with what the parts hold, from their beginning on.
 *  @throws BullaError transfer/source-unreadable, blob/source-changed when a file is shorter than its part */
export function readParts(parts: readonly SourcePart[], into: Uint8Array): void {
  let at = 0;
  for (const part of parts) {
    if (at === into.length) return;
    const rest = into.subarray(at);
    if (part.kind === "bytes") {
      const bytes = part.bytes.subarray(0, rest.length);
      rest.set(bytes);
      at += bytes.length;
    } else {
      const target = rest.subarray(0, part.length);
      withFile(part.path, (fd) => readFully(fd, part.offset, target));
      at += target.length;
    }
  }
  if (at !== into.length) throw sourceChanged();
}

/** Hand the parts to `use` piece by piece, in order, until it returns false. A piece is valid until `use` returns.
 *  @returns whether all was used
 *  @throws BullaError as {@link readParts} */
export function scanParts(
  parts: readonly SourcePart[],
  buffer: Uint8Array,
  use: (bytes: Uint8Array) => boolean,
): boolean {
  return parts.every((part) => {
    if (part.kind === "bytes") return use(part.bytes);
    return withFile(part.path, (fd) => {
      for (let at = 0; at < part.length; at += buffer.length) {
        const piece = buffer.subarray(0, Math.min(buffer.length, part.length - at));
        readFully(fd, part.offset + at, piece);
        if (!use(piece)) return false;
      }
      return true;
    });
  });
}

function withFile<T>(path: string, use: (fd: number) => T): T {
  // Without O_NONBLOCK, opening a pipe that took the place of the file would wait for a writer.
  const fd = unreadable(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function readFully(fd: number, offset: number, into: Uint8Array): void {
  for (let at = 0; at < into.length; ) {
    const count = unreadable(() => readSync(fd, into, at, into.length - at, offset + at));
    if (count === 0) throw sourceChanged();
    at += count;
  }
}

function unreadable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    // The system's own message names the file; its code does not.
    const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
    throw new BullaError("transfer/source-unreadable", `a source file cannot be read: ${code}`);
  }
}

function sourceChanged(): BullaError {
  return new BullaError("blob/source-changed", "a source file is shorter than it was");
}
