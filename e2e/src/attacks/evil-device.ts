import type { DeviceSecrets, MemberDevice, Primitives } from "@bulla/core";
import type { HostileProxy, ProxiedRequest } from "@bulla/testkit";
import { dayOf, type Handle, hexOf } from "@bulla/wire";
import { envelopePostCodec } from "@bulla/wire/api";
import { decode, encode } from "@bulla/wire/encoding";
import { type DeviceCertificate, signedStatementCodec } from "@bulla/wire/identity";
import { storedRecords } from "./inner-view.ts";
import type { Inside } from "./inside.ts";

export const today: number = dayOf(Date.now());

/** A device that the service made for itself, in somebody's name. */
export interface EvilDevice {
  readonly primitives: Primitives;
  readonly me: MemberDevice;
  readonly secrets: DeviceSecrets;
  readonly certificate: DeviceCertificate;
  /** A chain in which it is the only device. */
  readonly chain: readonly Uint8Array[];
  readonly keyPackage: Uint8Array;
}

export async function createEvilDevice({ core, node }: Inside, handle: Handle): Promise<EvilDevice> {
  const primitives = node.createNodePrimitives();
  const secrets = core.createDeviceSecrets(primitives);
  const me = { handle, deviceId: secrets.deviceId };
  const { statement } = await core.createChain(primitives, handle, secrets, today);
  const { publicPackage } = await core.createKeyPackage(primitives, me, secrets, today);
  const certificate = await core.certifyDevice(primitives, handle, secrets);
  return {
    primitives,
    me,
    secrets,
    certificate,
    chain: [encode(signedStatementCodec, statement)],
    keyPackage: publicPackage,
  };
}

/** Takes what is posted to a device that the service knows nothing of. */
export function takePostsFor(
  deviceId: Uint8Array,
): (request: ProxiedRequest) => { readonly status: number } | undefined {
  return ({ method, path }) =>
    method === "POST" && path.includes(`/devices/${hexOf(deviceId)}/inbox`) ? { status: 204 } : undefined;
}

/** Whether the service, with that device's secrets, opens an invitation that went by and reads `needle` in the space it leads to. */
export async function canRead(
  inside: Inside,
  proxy: HostileProxy,
  dataFolder: string,
  me: MemberDevice,
  secrets: DeviceSecrets,
  needle: string,
): Promise<boolean> {
  const { core, node, openAtPlace, unwrapRecord } = inside;
  const primitives = node.createNodePrimitives();
  for (const { method, path, body } of proxy.seen.requests) {
    if (
      method !== "POST" ||
      !path.includes(`/devices/${hexOf(me.deviceId)}/inbox`) ||
      path.endsWith("acknowledgements")
    )
      continue;
    const { envelope } = decode(envelopePostCodec, body, { maxBytes: 32768 });
    const opened = await core.openEnvelope(primitives, me, secrets, envelope).catch(() => undefined);
    if (opened?.body.kind !== "invitation") continue;
    const { space, chapter } = opened.body;
    const stream = core.streamSecrets(primitives, chapter.key.slice() as Parameters<typeof core.streamSecrets>[1], 0);
    for (const record of storedRecords(dataFolder, stream.sid)) {
      const { kind, sealed } = await unwrapRecord(primitives, stream, record);
      if (kind !== "lasting") continue;
      const plaintext = await openAtPlace(
        primitives,
        stream,
        { space, number: chapter.number, retry: 0, kind },
        sealed,
      );
      if (Buffer.from(plaintext).includes(needle)) return true;
    }
  }
  return false;
}
