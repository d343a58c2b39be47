import { homedir } from "node:os";
import { resolve } from "node:path";
import { defaultHomeFolder } from "@bulla/client/node";
import type { Options } from "./command-line.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The device's folder, absolute. */
export function homeFolderOf(options: Options, environment: Environment): string {
  return resolve(options.value("home") ?? defaultHomeFolder(environment, homedir()));
}
