import { type FileHandle, open } from "node:fs/promises";
import { isatty } from "node:tty";
import { usage } from "./command-line.ts";
import type { Context } from "./context.ts";
import { folderFailure, readFailure } from "./file-failures.ts";
import { assertFree, writeNewFile } from "./new-file.ts";
import type { Output } from "./output.ts";

export type Pieces = AsyncIterable<Uint8Array>;

/** One way to turn a source into a result; between two files there may be a faster one. */
export interface Conversion {
  stream(source: Pieces): Pieces;
  /** @returns bytes written */
  files(source: FileHandle, target: FileHandle): Promise<number>;
}

export interface Converted {
  readonly out: string;
  readonly size: number;
}

/** Where it comes from and where it goes to: a path, or `-`. */
export interface Route {
  readonly from: string;
  readonly to: string;
  /** Permission bits of a new file, before the umask. */
  readonly mode: number;
}

/** @throws BullaError file/*, cli/usage; whatever the conversion throws */
export async function convert(route: Route, conversion: Conversion, { output, signal }: Context): Promise<Converted> {
  const { from, to, mode } = route;
  await using source = from === "-" ? undefined : await openSource(from);
  if (to === "-")
    return { out: "-", size: await toStandardOutput(conversion.stream(piecesOf(source)), output, signal) };
  const size = await writeNewFile(to, mode, signal, (target) =>
    source === undefined ? writePieces(conversion.stream(process.stdin), target) : conversion.files(source, target),
  );
  return { out: to, size };
}

/** Refuse what cannot work before anybody is asked for a passphrase. @throws BullaError cli/usage, file/* */
export async function checkRoute({ from, to }: Pick<Route, "from" | "to">, output: Output): Promise<void> {
  if (to === "-" && output.json) throw usage("--json and -o - do not go together", "give -o a file");
  if (to === "-" && isatty(1))
    throw usage("that would put binary data on the terminal", "give -o a file, or redirect standard output");
  if (from !== "-") await (await openSource(from)).close();
  if (to !== "-") await assertFree(to);
}

export async function openSource(path: string): Promise<FileHandle> {
  const file = await open(path, "r").catch((error: unknown) => {
    throw readFailure(error, "the file");
  });
  if (!(await file.stat()).isDirectory()) return file;
  await file.close();
  throw folderFailure("that");
}

/** Read a file to its end; pieces stay valid. */
export async function* piecesOf(file: FileHandle | undefined): Pieces {
  if (file === undefined) return yield* process.stdin;
  const pieceBytes = 1024 * 1024;
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function writePieces(pieces: Pieces, target: FileHandle): Promise<number> {
  let size = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) at += (await target.write(piece, at)).bytesWritten;
    size += piece.length;
  }
  return size;
}

async function toStandardOutput(pieces: Pieces, output: Output, signal: AbortSignal): Promise<number> {
  let size = 0;
  for await (const piece of pieces) {
    signal.throwIfAborted();
    output.raw(piece);
    size += piece.length;
    if (output.closed) break;
    // A signal is only seen between turns of the event loop.
    await new Promise(setImmediate);
  }
  return size;
}
