import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BullaError, type Handle, isHandle, splitHandle, textOf, utf8 } from "@bulla/wire";
import { readError, systemCode } from "../files/file-errors.ts";

/** What may be read of a device without any key: what `whoami` prints. */
export interface DeviceCard {
  readonly handle: Handle;
  readonly host: string;
  /** URL of the home service. */
  readonly service: string;
  /** Hex. */
  readonly deviceId: string;
  readonly deviceName: string;
  /** UTC days since 1970. */
  readonly createdDay: number;
  /** Hex. */
  readonly createFingerprint: string;
}

export const cardFile = "device.json";
const version = 1;

/** @throws BullaError store/missing, store/corrupt, store/unsupported-version, file/unreadable */
export async function readDeviceCard(folder: string): Promise<DeviceCard> {
  return decodeCard(await readCardBytes(folder));
}

/** @throws BullaError store/missing, file/unreadable */
export async function readCardBytes(folder: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, cardFile));
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw readError(error);
    throw new BullaError("store/missing", "this folder holds no bulla device", {
      hint: "run `bulla init` first, or point BULLA_HOME at the device's folder",
    });
  }
}

export function encodeCard(card: DeviceCard): Uint8Array {
  const { handle, host, service, deviceId, deviceName, createdDay, createFingerprint } = card;
  return utf8(
    `${JSON.stringify({ version, handle, host, service, deviceId, deviceName, createdDay, createFingerprint }, undefined, 2)}\n`,
  );
}

/** @throws BullaError store/corrupt, store/unsupported-version */
export function decodeCard(bytes: Uint8Array): DeviceCard {
  const fields = fieldsOf(bytes);
  const written = fields["version"];
  if (typeof written === "number" && written > version) {
    throw new BullaError(
      "store/unsupported-version",
      `this device's folder has version ${written}, this program knows up to ${version}`,
      {
        hint: "update bulla, then try again",
      },
    );
  }
  const text = (name: string, pattern = /^.{1,1024}$/u): string => {
    const value = fields[name];
    if (typeof value !== "string" || !pattern.test(value)) throw damaged(`${name} is missing or malformed`);
    return value;
  };
  const handle = text("handle");
  const createdDay = fields["createdDay"];
  if (
    written !== version ||
    !isHandle(handle) ||
    splitHandle(handle).host !== fields["host"] ||
    typeof createdDay !== "number"
  )
    throw damaged("fields do not fit");
  return {
    handle,
    host: splitHandle(handle).host,
    service: text("service"),
    deviceId: text("deviceId", /^([0-9a-f]{2}){1,64}$/),
    deviceName: text("deviceName"),
    createdDay,
    createFingerprint: text("createFingerprint", /^([0-9a-f]{2}){1,64}$/),
  };
}

function fieldsOf(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(textOf(bytes));
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Answered below: not JSON and not an object are the same to the person.
  }
  throw damaged("not a JSON object");
}

function damaged(what: string): BullaError {
  return new BullaError("store/corrupt", `device.json is damaged: ${what}`, {
    hint: "restore the device's folder from a backup",
  });
}
