import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Swap } from "../../attacks/swap.ts";
import { buildSwapped } from "../../attacks/variant.ts";

const sourceOf = { service: "apps/service/src/main.ts", device: "apps/cli/src/main.ts" } as const;
export type Whose = keyof typeof sourceOf;

const lazyDatabase: Swap = {
  file: "service/src/storage/sqlite/database.ts",
  code: "PRAGMA synchronous = FULL;",
  by: "PRAGMA synchronous = OFF;",
};
const lazyChunks: readonly Swap[] = [
  { file: "service/src/objects/fs/chunk-writer.ts", code: "await this.#file.sync();", by: "" },
  { file: "service/src/objects/fs/durable-file.ts", function: "syncFolder", by: "async () => undefined" },
];

/** What the programs would be if they did not bring to the disk what they acknowledge. They exist only here. */
export const forgetful = {
  /** Everything is left to the system. */
  "a service that syncs nothing": { whose: "service", swaps: [lazyDatabase, ...lazyChunks] },
  /** SQLite's own default with a write-ahead log: consistent after a cut, and without the last commits. */
  "a service that syncs at checkpoints only": {
    whose: "service",
    swaps: [{ ...lazyDatabase, by: "PRAGMA synchronous = NORMAL;" }],
  },
  "a service that syncs its databases, not its chunks": { whose: "service", swaps: lazyChunks },
  "a device that syncs nothing": {
    whose: "device",
    swaps: [
      {
        file: "client/src/platform/node/store/sqlite-store.ts",
        code: "PRAGMA synchronous = FULL;",
        by: "PRAGMA synchronous = OFF;",
      },
      { file: "client/src/platform/node/home/private-files.ts", function: "syncFolder", by: "async () => undefined" },
      { file: "client/src/platform/node/home/private-files.ts", code: "await file.sync();", by: "" },
      { file: "client/src/platform/node/home/spool.ts", code: "await file.sync();", by: "" },
      { file: "client/src/platform/node/files/incoming.ts", code: "await file.datasync();", by: "" },
    ],
  },
  "a device that syncs its store, not the files it receives": {
    whose: "device",
    swaps: [
      { file: "client/src/platform/node/files/incoming.ts", code: "await file.datasync();", by: "" },
      { file: "client/src/platform/node/files/folder-sync.ts", code: "syncFolder(folder)", by: "Promise.resolve()" },
    ],
  },
} as const satisfies Readonly<Record<string, { readonly whose: Whose; readonly swaps: readonly Swap[] }>>;

export type ForgetfulName = keyof typeof forgetful;

/** @returns a command that takes the place of `bulla` */
export async function buildForgetful(name: ForgetfulName): Promise<string> {
  const { whose, swaps } = forgetful[name];
  const folder = await buildSwapped(swaps, {
    program: sourceOf[whose],
    "worker/seal-worker": "packages/client/src/platform/node/worker/seal-worker.ts",
  });
  const command = join(folder, "bulla");
  const quoted = [process.execPath, join(folder, "program.mjs")].map((word) => `'${word}'`).join(" ");
  writeFileSync(command, `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o755 });
  return command;
}
