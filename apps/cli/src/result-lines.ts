import type { ContactView, DeviceView, FileView, LineView, ReceivedView, SentView, SpaceView } from "@bulla/client";
import { hexOf } from "@bulla/wire";
import type { Manifest } from "@bulla/wire/receipt";
import { countText, dateOf, sizeText } from "./terminal-text.ts";

// What programs read with --json: part of the contract, described in docs/cli.md. Fields are added, never renamed.

export interface FileJson {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export interface SentJson {
  readonly transfer: string;
  readonly to: string;
  readonly files: readonly FileJson[];
  readonly state: SentView["state"];
  readonly day: string;
  readonly skipped: readonly { readonly path: string; readonly why: string }[];
}

export function sentJson({ transfer, to, files, state, day, skipped }: SentView): SentJson {
  return {
    transfer,
    to,
    files: files.map(fileJson),
    state,
    day: dateOf(day),
    skipped: skipped.map(({ path, why }) => ({ path, why })),
  };
}

export interface ReceivedJson {
  readonly transfer: string;
  readonly from: string;
  readonly first_contact: boolean;
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly note: string | null;
}

export function receivedJson(view: Extract<ReceivedView, { kind: "file" }>): ReceivedJson {
  const { transfer, from, firstContact, name, path, size, sha256, note } = view;
  return { transfer, from, first_contact: firstContact, name, path, size, sha256, note };
}

export interface RefusedJson {
  readonly refused: {
    readonly transfer: string | null;
    readonly from: string | null;
    readonly name: string | null;
    readonly code: string;
    readonly message: string;
  };
}

export function refusedJson({
  transfer,
  from,
  name,
  code,
  message,
}: Extract<ReceivedView, { kind: "refused" }>): RefusedJson {
  return { refused: { transfer, from, name, code, message } };
}

export interface WaitingJson {
  readonly waiting: { readonly from: string; readonly host: string };
}

export function waitingJson({ from, host }: Extract<ReceivedView, { kind: "waiting" }>): WaitingJson {
  return { waiting: { from, host } };
}

export interface DeviceJson {
  readonly device: string;
  readonly this_device: boolean;
  readonly state: DeviceView["state"];
}

export function deviceJson({ deviceId, thisDevice, state }: DeviceView): DeviceJson {
  return { device: deviceId, this_device: thisDevice, state };
}

export interface ContactJson {
  readonly handle: string;
  readonly state: ContactView["state"];
  readonly fingerprint: string;
  readonly host: string;
}

export function contactJson({ handle, state, createFingerprint, host }: ContactView): ContactJson {
  return { handle, state, fingerprint: createFingerprint, host };
}

export interface SpaceJson {
  readonly space: string;
  readonly kind: SpaceView["kind"];
  readonly name: string | null;
  readonly home: string;
  readonly state: SpaceView["state"];
  readonly role: string | null;
  readonly history: SpaceView["history"];
  readonly members: readonly { readonly handle: string; readonly role: string; readonly devices: number }[];
}

export function spaceJson({ space, kind, name, home, state, role, history, members }: SpaceView): SpaceJson {
  return {
    space,
    kind,
    name,
    home,
    state,
    role,
    history,
    members: members.map((member) => ({ handle: member.handle, role: member.role, devices: member.devices })),
  };
}

export interface SaidJson {
  readonly space: string;
  readonly state: LineView["state"];
}

export interface HeldJson {
  readonly space: string;
  readonly count: number;
  readonly state: "sent" | "queued" | "dropped";
}

export interface LineJson {
  readonly space: string;
  readonly id: string;
  readonly from: string;
  /** UTC, as of RFC 3339. */
  readonly at: string;
  readonly type: LineView["type"];
  readonly state: LineView["state"];
  readonly text: string | null;
  /** Whom it is about. */
  readonly who: string | null;
  readonly role: string | null;
  readonly transfer: string | null;
}

export function lineJson(line: LineView): LineJson {
  const { space, id, from, at, type, state } = line;
  return {
    space,
    id,
    from,
    at: new Date(at).toISOString(),
    type,
    state,
    text: "text" in line ? line.text : null,
    who: "who" in line ? line.who : null,
    role: line.type === "role" ? line.role : null,
    transfer: line.type === "file" ? line.transfer : null,
  };
}

export interface ReceiptShownJson {
  readonly transfer: string;
  readonly recipient: string;
  readonly day: string;
  readonly files: readonly FileJson[];
  readonly out: string | null;
}

export interface ReceiptVerifiedJson {
  readonly transfer: string;
  readonly recipient: string;
  readonly sender: string;
  readonly day: string;
  readonly files: readonly FileJson[];
  readonly fingerprint: string;
  readonly pinned: boolean;
  /** Null when no file was given. */
  readonly file_matches: boolean | null;
}

function fileJson({ name, size, sha256 }: FileView): FileJson {
  return { name, size, sha256 };
}

export function manifestFiles(manifest: Manifest): readonly FileJson[] {
  return manifest.files.map(({ path, size, sha256 }) => ({ name: path, size, sha256: hexOf(sha256) }));
}

/** `3 files, 1.2 MB` */
export function filesText(files: readonly Pick<FileView, "size">[]): string {
  return `${countText(files.length, "file")}, ${sizeText(files.reduce((sum, { size }) => sum + size, 0))}`;
}
