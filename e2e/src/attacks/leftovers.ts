import { rmSync } from "node:fs";

const folders: string[] = [];

/** Remove a folder when this process ends, and not before: seal workers load their code, and services write, until then. */
export function removeAtEnd(folder: string): void {
  if (folders.length === 0) process.once("exit", removeLeftovers);
  folders.push(folder);
}

/** What the end of the process does; for test runners, whose processes are stopped from outside. */
export function removeLeftovers(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
