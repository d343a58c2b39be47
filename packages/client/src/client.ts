import type { Role } from "@bulla/core";
import type { Handle } from "@bulla/wire";
import type { Manifest, SignedReceipt } from "@bulla/wire/receipt";

/** One device of one account, ready to work. What the CLI, and later the web app and the SDK, talk to. All of it works on sealed local state first; what needs the service says so by `transport/unreachable`. */
export interface Client extends AsyncDisposable {
  readonly handle: Handle;
  readonly deviceId: Uint8Array;
  /** Devices of the own account, from its verified chain. */
  devices(): Promise<readonly DeviceView[]>;
  contacts(): Promise<readonly ContactView[]>;
  /** Let a stranger's waiting invitations in at the next `receive`. @throws BullaError contact/unknown-recipient */
  acceptContact(handle: Handle): Promise<void>;
  blockContact(handle: Handle): Promise<void>;
  unblockContact(handle: Handle): Promise<void>;
  /** Send files to one or more people. Resolves when everything was acknowledged, or could not be for now (`queued`). The same request after a crash goes on with the unfinished one. */
  send(request: SendRequest, options?: WorkOptions): Promise<readonly SentView[]>;
  /** Go on with whatever an earlier run left unfinished. Called by every command that talks to the service. @throws BullaError what stands in the way of the first thing that cannot go on */
  resume(options?: WorkOptions): Promise<void>;
  /** Read what came, keep the files of accepted people. Yields one entry per file as it gets its name, and one per refusal. */
  receive(request: ReceiveRequest, options?: WorkOptions): AsyncIterable<ReceivedView>;
  /** What this device sent, newest first. Looks for receipts when the service can be reached. */
  sent(options?: WorkOptions): Promise<readonly SentView[]>;
  /** The receipt file of a transfer that was received. @throws BullaError transfer/unknown, receipt/none when there is none yet */
  receipt(transferId: string): Promise<ReceiptView>;
  /** Conversations with people and groups, by name. Reads what is new first, when the service can be reached. */
  spaces(): Promise<readonly SpaceView[]>;
  /** @throws BullaError space/unknown */
  space(space: string): Promise<SpaceView>;
  /** The conversation with one person; founded when there is none yet. @throws BullaError contact/*, identity/*, transport/* */
  directSpace(handle: Handle): Promise<string>;
  /** Found a group. @returns its id. @throws BullaError contact/*, identity/*, transport/* */
  createSpace(name: string, members: readonly Handle[]): Promise<string>;
  /** @throws BullaError space/not-allowed, space/not-a-member, contact/*, identity/*, transport/* */
  addMembers(space: string, members: readonly Handle[], role?: Role): Promise<void>;
  /** @throws BullaError as `addMembers` */
  removeMembers(space: string, members: readonly Handle[]): Promise<void>;
  /** @throws BullaError as `addMembers` */
  setRole(space: string, member: Handle, role: Role): Promise<void>;
  /** What newcomers may read: everything that was said, or what is said from then on. Owners may. @throws BullaError as `addMembers` */
  setHistory(space: string, history: "all" | "now"): Promise<void>;
  /** @throws BullaError space/not-allowed */
  renameSpace(space: string, name: string): Promise<"sent" | "queued">;
  /** Fresh keys for everybody. @throws BullaError as `addMembers` */
  rotateSpace(space: string): Promise<void>;
  /** `said`: another member lets this account go at the next occasion. @throws BullaError space/not-allowed for the last owner */
  leaveSpace(space: string): Promise<"said" | "queued" | "gone">;
  /** Say something, as Markdown. @throws BullaError space/*, wire/too-large */
  say(space: string, text: string): Promise<LineView["state"]>;
  /** Say what was held back because people joined in between, or let it go. @returns how much that was, and whether it has gone out */
  settleHeld(
    space: string,
    choice: "say" | "drop",
  ): Promise<{ readonly count: number; readonly state: "sent" | "queued" }>;
  /** What was said and changed, oldest first. Reads what is new first, when the service can be reached. @throws BullaError space/unknown */
  lines(space: string): Promise<readonly LineView[]>;
  /** What this device pinned for an account, at that position or the last one before it: undefined when it never met the account. For checking receipts offline. */
  pinOf(
    handle: Handle,
    position?: number,
  ): Promise<
    { readonly position: number; readonly hash: Uint8Array; readonly createFingerprint: Uint8Array } | undefined
  >;
}

/** A conversation: with one person, or a group. */
export interface SpaceView {
  /** 32 hex digits. */
  readonly space: string;
  readonly kind: "direct" | "group";
  /** A group's name, a person's handle; null before a name is known. */
  readonly name: string | null;
  /** Host of the service that keeps it. */
  readonly home: string;
  /** `frozen`: its members are shown different things. `stuck`: this device cannot follow, and has to be let in again. `removed`: no longer in it. */
  readonly state: "active" | "removed" | "frozen" | "stuck";
  /** Of this account; null when it is not in it any more. */
  readonly role: Role | null;
  readonly chapter: number;
  /** What newcomers may read. */
  readonly history: "all" | "now";
  readonly members: readonly { readonly handle: Handle; readonly role: Role; readonly devices: number }[];
}

/** One thing in a conversation. */
export type LineView = {
  readonly space: string;
  readonly id: string;
  readonly from: Handle;
  /** Milliseconds since 1970: what the author's clock said, or when this device read it. */
  readonly at: number;
  readonly own: boolean;
  /** `queued`: sealed here, not acknowledged yet. `held`: others would read it now than when it was said, so a person has to decide. */
  readonly state: "sent" | "queued" | "held";
} & (
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "file"; readonly transfer: string; readonly text: string | null }
  | { readonly type: "named"; readonly text: string }
  /** `shared`: gave them what was said before. */
  | { readonly type: "added" | "removed" | "shared"; readonly who: Handle }
  | { readonly type: "role"; readonly who: Handle; readonly role: Role }
  | { readonly type: "leaving" }
  /** From a newer version of the program. */
  | { readonly type: "unknown" }
);

export interface DeviceView {
  readonly deviceId: string;
  readonly thisDevice: boolean;
  readonly state: "active" | "suspended";
}

export interface ContactView {
  readonly handle: Handle;
  readonly state: "accepted" | "waiting" | "blocked";
  /** 64 hex digits. */
  readonly createFingerprint: string;
  /** Host of the service that would be asked once accepted. */
  readonly host: string;
}

export interface WorkOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly phase: "scanning" | "hashing" | "uploading" | "sending" | "checking" | "downloading" | "verifying";
  /** Bytes, or 0 of 0 when unknown. */
  readonly done: number;
  readonly total: number;
  readonly files?: number;
}

/** What is to be sent: paths on this machine, or one stream under a name. */
export type SendSource =
  | { readonly kind: "paths"; readonly paths: readonly string[] }
  | { readonly kind: "stream"; readonly stream: AsyncIterable<Uint8Array>; readonly name: string };

export interface SendRequest {
  readonly source: SendSource;
  readonly to: readonly Handle[];
  readonly note?: string;
  /** 1 to 365; default 30. */
  readonly expiresDays?: number;
}

export interface FileView {
  /** Relative, names joined by `/`. */
  readonly name: string;
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

/** `queued`: sealed here, not acknowledged yet. `sent`: the service has it durably. `delivered`: the recipient's device knows of it. `received`: every byte is verified and kept there, the receipt is here. `refused`: the recipient's device refused some of it. */
export type TransferState = "queued" | "sent" | "delivered" | "received" | "refused" | "expired";

export interface SentView {
  readonly transfer: string;
  readonly to: Handle;
  readonly files: readonly FileView[];
  readonly state: TransferState;
  readonly day: number;
  /** Why it cannot go on by itself, if that is so. */
  readonly problem?: string;
  /** Things that were left out: links, sockets, unreadable files. */
  readonly skipped: readonly { readonly path: string; readonly why: string }[];
}

export interface ReceiveRequest {
  /** Absolute folder; made when absent. */
  readonly out: string;
  /** Only from this person; also accepts a first contact from them, wherever their service is. */
  readonly from?: Handle;
  /** Go on until the signal; first contacts wait for `acceptContact`. */
  readonly watch?: boolean;
}

export type ReceivedView =
  | {
      readonly kind: "file";
      readonly transfer: string;
      readonly from: Handle;
      readonly firstContact: boolean;
      /** Relative to the out folder, as it was written. */
      readonly name: string;
      readonly path: string;
      readonly size: number;
      readonly sha256: string;
      readonly note: string | null;
    }
  /** Something was refused for safety; nothing of it was kept. */
  | {
      readonly kind: "refused";
      readonly transfer: string | null;
      readonly from: Handle | null;
      readonly name: string | null;
      readonly code: string;
      readonly message: string;
    }
  /** The person behind a handle waits to be accepted. */
  | { readonly kind: "waiting"; readonly from: Handle; readonly host: string };

export interface ReceiptView {
  readonly transfer: string;
  readonly recipient: Handle;
  readonly day: number;
  readonly manifest: Manifest;
  readonly receipt: SignedReceipt;
  /** The whole receipt file, see `encodeReceiptFile`. */
  readonly file: Uint8Array;
}
