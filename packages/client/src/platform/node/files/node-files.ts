import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { BullaError } from "@bulla/wire";
import type { Files } from "../../../ports.ts";
import { readError } from "./file-errors.ts";
import { openIncoming } from "./incoming.ts";
import { scanPaths } from "./scan.ts";

/** The files of this machine. */
export function createNodeFiles(): Files {
  return { scan: scanPaths, readRange, incoming: openIncoming };
}

async function readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
  try {
    // Without O_NONBLOCK, opening a pipe that took the file's place would wait for a writer.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const out = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await file.read(out, filled, length - filled, offset + filled);
      if (bytesRead === 0) {
        throw new BullaError(
          "blob/source-changed",
          `a file ended at ${offset + filled} bytes, expected ${offset + length} or more`,
          {
            hint: "the file changed while it was sent: send it again",
          },
        );
      }
      filled += bytesRead;
    }
    return out;
  } catch (error) {
    throw readError(error);
  }
}
