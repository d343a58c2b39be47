import { spawnSync } from "node:child_process";
import { rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

/** Take all room of a disk but so much.
 *  @returns gives it back */
export function fill(folder: string, leaveBytes: number): () => void {
  const filler = join(folder, "filler");
  const { bavail, bsize } = statfsSync(folder);
  const size = bavail * bsize - leaveBytes;
  if (size > 0) spawnSync("fallocate", ["-l", String(size), filler]);
  return () => rmSync(filler, { force: true });
}
