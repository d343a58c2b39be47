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
  /** What this device pinned for an account, at that position or the last one before it: undefined when it never met the account. For checking receipts offline. */
  pinOf(
    handle: Handle,
    position?: number,
  ): Promise<
    { readonly position: number; readonly hash: Uint8Array; readonly createFingerprint: Uint8Array } | undefined
  >;
}

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
