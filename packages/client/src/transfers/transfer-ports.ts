import type { DeviceSecrets, Primitives } from "@bulla/core";
import type { Handle } from "@bulla/wire";
import type { SpaceMail } from "../engine/space-mail.ts";
import type { Clock, Files, Locks, Sealer, Spool, Store } from "../ports.ts";

/** What transfers work with. */
export interface TransferPorts {
  readonly mail: SpaceMail;
  readonly store: Store;
  readonly files: Files;
  readonly sealer: Sealer;
  readonly primitives: Primitives;
  /** For signing receipts. */
  readonly secrets: DeviceSecrets;
  readonly clock: Clock;
  /** Default: none but those of this process, for a home that no other uses. */
  readonly locks?: Locks;
  readonly spool: Spool;
  /** Whether the person behind a space became a contact with what is being received. */
  readonly isFirstContact: (space: string) => Promise<boolean>;
  /** What blocked people sent stays where it is: it comes when they are unblocked. Default: nobody is blocked. */
  readonly isBlocked?: (handle: Handle) => Promise<boolean>;
  /** A receipt that came was refused. Default: nothing. */
  readonly onRefusedReceipt?: (code: string) => void;
}

/** Locks for a home that only one process uses. */
export function createLocalLocks(): Locks {
  const held = new Set<string>();
  return {
    async tryLock(name) {
      if (held.has(name)) return undefined;
      held.add(name);
      return { [Symbol.asyncDispose]: async () => void held.delete(name) };
    },
  };
}
