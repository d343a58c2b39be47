import { BullaError, concatBytes, type Handle, labelBytes, limits, uintBytes } from "@bulla/wire";
import {
  bytes,
  type Codec,
  type CodecValue,
  decode,
  encode,
  list,
  struct,
  text,
  uint,
  variant,
  version,
} from "@bulla/wire/encoding";
import { activeDevice, decodeSignedStatement, type VerifiedChain, verifyChain } from "@bulla/wire/identity";
import type { DeviceSecrets } from "../identity/device-secrets.ts";
import type { Primitives } from "../primitives.ts";
import { encodeIdentity, type MemberDevice, memberDeviceCodec, sameDevice } from "./member-device.ts";

const keyringEntryShape = struct({ number: uint(), key: bytes(32), previousEnd: bytes(32) });

/** Chapter keys that one envelope carries. */
export const maxGrantedKeys = 128;

const bodyShape = variant({
  /** Come into a space. The chapter key is a hint until the recipient has recomputed it. */
  invitation: [
    1,
    struct({
      /** Host of the service that keeps the space's streams. */
      home: text(260, 1),
      keyPackage: bytes({ max: 64 }),
      space: bytes(16),
      chapter: keyringEntryShape,
      welcome: bytes({ min: 1, max: 14_000 }),
    }),
  ],
  /** Keys of chapters that are over, for a member whom the policy lets read them. As many of these as it takes. */
  history: [2, struct({ space: bytes(16), entries: list(keyringEntryShape, maxGrantedKeys) })],
});
export type EnvelopeBody = CodecValue<typeof bodyShape>;
export type Invitation = Omit<Extract<EnvelopeBody, { kind: "invitation" }>, "kind">;
export type GrantedHistory = Omit<Extract<EnvelopeBody, { kind: "history" }>, "kind">;

const statementShape = struct({
  version: version(1),
  sender: memberDeviceCodec,
  /** The sender's identity chain, so that the recipient need not ask anybody before a person has accepted. */
  chain: list(bytes({ min: 1, max: limits.maxStatementBytes + 256 }), limits.maxChainStatements),
  recipient: memberDeviceCodec,
  day: uint(10_000_000),
  body: bodyShape,
});
type EnvelopeStatement = CodecValue<typeof statementShape>;
const statementCodec: Codec<EnvelopeStatement> = statementShape;

const signedCodec = struct({ statement: bytes({ min: 1, max: 16384 }), signature: bytes(64) });

const encBytes = 1120;
const tagBytes = 16;

/** Sign for one device, seal to its inbox key (X-Wing HPKE), pad to an envelope size.
 *  @throws BullaError wire/too-large */
export async function sealEnvelope(
  primitives: Primitives,
  sender: MemberDevice,
  secrets: DeviceSecrets,
  chain: readonly Uint8Array[],
  recipient: MemberDevice,
  inboxKey: Uint8Array,
  day: number,
  body: EnvelopeBody,
): Promise<Uint8Array> {
  const statement = encode(statementCodec, { version: 1, sender, chain, recipient, day, body });
  const signature = await primitives.signEd25519(secrets.recordSeed, envelopeSigningBytes(statement));
  const signed = encode(signedCodec, { statement, signature });
  const size = limits.envelopeSizes.find((candidate) => candidate >= encBytes + tagBytes + 4 + signed.length);
  if (size === undefined) throw new BullaError("wire/too-large", `envelope is ${signed.length} bytes`);
  const padded = new Uint8Array(size - encBytes - tagBytes);
  padded.set(uintBytes(signed.length, 4));
  padded.set(signed, 4);
  const { enc, ciphertext } = await primitives.sealHpke(
    inboxKey,
    labelBytes("envelope"),
    encodeIdentity(recipient),
    padded,
  );
  return concatBytes(enc, ciphertext);
}

/** An envelope that this device opened and whose signature fits the chain that came with it. Whether that chain is the account's own is for the directory and the pins to say. */
export interface OpenedEnvelope {
  readonly sender: MemberDevice;
  readonly chain: VerifiedChain;
  readonly day: number;
  readonly body: EnvelopeBody;
}

/** One answer for every cause of failure.
 *  @throws BullaError core/open-failed */
export async function openEnvelope(
  primitives: Primitives,
  recipient: MemberDevice,
  secrets: DeviceSecrets,
  envelope: Uint8Array,
): Promise<OpenedEnvelope> {
  const failed = (cause?: unknown): BullaError =>
    new BullaError("core/open-failed", "envelope cannot be opened", { cause });
  const box = { enc: envelope.subarray(0, encBytes), ciphertext: envelope.subarray(encBytes) };
  const padded = await primitives.openHpke(secrets.inboxSeed, labelBytes("envelope"), encodeIdentity(recipient), box);
  if (padded === undefined || padded.length < 4) throw failed();
  const length = new DataView(padded.buffer, padded.byteOffset, padded.byteLength).getUint32(0);
  if (length > padded.length - 4 || padded.subarray(4 + length).some((byte) => byte !== 0)) throw failed();
  try {
    return await verifyEnvelope(primitives, recipient, padded.subarray(4, 4 + length));
  } catch (cause) {
    throw failed(cause);
  }
}

async function verifyEnvelope(
  primitives: Primitives,
  recipient: MemberDevice,
  input: Uint8Array,
): Promise<OpenedEnvelope> {
  const { statement, signature } = decode(signedCodec, input, { maxBytes: 32768 });
  const decoded = decode(statementCodec, statement, { maxBytes: 16384, maxDepth: 10 });
  if (!sameDevice(decoded.recipient, recipient))
    throw new BullaError("core/open-failed", "envelope is for another device");
  const chain = await verifyChain(primitives, senderHandle(decoded), decoded.chain.map(decodeSignedStatement));
  const device = activeDevice(chain, decoded.sender.deviceId);
  if (
    device === undefined ||
    !(await primitives.verifyEd25519(device.keys.recordKey, envelopeSigningBytes(statement), signature))
  ) {
    throw new BullaError("core/open-failed", "envelope is not signed by its sender");
  }
  return { sender: decoded.sender, chain, day: decoded.day, body: decoded.body };
}

function envelopeSigningBytes(statement: Uint8Array): Uint8Array {
  return concatBytes(labelBytes("envelopeSignature"), statement);
}

function senderHandle({ sender }: EnvelopeStatement): Handle {
  return sender.handle;
}
