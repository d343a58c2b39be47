import { BullaError } from "@bulla/wire";

// https://www.sqlite.org/rescode.html: the low byte is the primary result code.
const primary = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
} as const;

/** The index of the write-ahead log could not be made as long as it has to be. */
const noRoomForIndex = 4874;

/** Whether another connection holds the lock, so that trying again later may help. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === primary.busy || code === primary.locked;
}

/** SQLite's failure as one of ours; anything else comes back unchanged. */
export function storeError(error: unknown): unknown {
  const extended = extendedCode(error);
  const code = extended === noRoomForIndex ? primary.full : resultCode(error);
  const cause = extended === undefined ? undefined : `sqlite result ${extended}`;
  switch (code) {
    case primary.full:
      return new BullaError("file/no-space", "no space left for the device's store", {
        cause,
        hint: "free some space, then run this again",
      });
    case primary.corrupt:
    case primary.notADatabase:
      return new BullaError("store/corrupt", "the device's store is damaged", {
        cause,
        hint: "restore the device's folder from a backup",
      });
    case primary.readOnly:
    case primary.cantOpen:
    case primary.inputOutput:
      return new BullaError("file/unwritable", "the device's store cannot be read and written", {
        cause,
        hint: "check the disk, its free space, and who owns the device's folder",
      });
    default:
      return error;
  }
}

function resultCode(error: unknown): number | undefined {
  const code = extendedCode(error);
  return code === undefined ? undefined : code & 0xff;
}

function extendedCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : undefined;
}
