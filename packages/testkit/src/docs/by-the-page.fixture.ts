import { createDecipheriv, createHash, createHmac, createPublicKey, hkdfSync, verify } from "node:crypto";
import { type Cbor, decodeCbor, encodeCbor } from "@bulla/wire/encoding";

/** The protocol written down a second time, straight from the pages and on nothing but node:crypto and the CBOR profile, so that the formulas of the pages are known to be
 *  those of the code. Names and order follow docs/protocol. */

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
export const label = (text: string): Uint8Array => ascii(`${text}\0`);
export const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
export const zeros = (length: number): Uint8Array => new Uint8Array(length);

function u(value: number, length: number): Uint8Array {
  const out = Buffer.alloc(length);
  if (length === 8) out.writeBigUInt64BE(BigInt(value));
  else out.writeUInt32BE(value);
  return new Uint8Array(out);
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHash("sha256")
      .update(join(...parts))
      .digest(),
  );
}

function hkdf256(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, salt, info, length));
}

export function isSigned(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const der = join(bytes("302a300506032b6570032100"), publicKey);
  return verify(null, message, createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" }), signature);
}

function openGcm(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
  const opening = createDecipheriv("aes-256-gcm", key, nonce);
  opening.setAAD(associatedData);
  opening.setAuthTag(sealed.subarray(sealed.length - 16));
  return new Uint8Array(Buffer.concat([opening.update(sealed.subarray(0, -16)), opening.final()]));
}

/** spaces.md, context of a chapter. */
export function contextOf(
  space: Uint8Array,
  number: number,
  transcript: Uint8Array,
  constitutionHash: Uint8Array,
): Uint8Array {
  return sha256(label("bulla/1 context"), encodeCbor([space, number, transcript, constitutionHash]));
}

/** RFC 9420 §8.5 with SHA-512: what K_n is made by. */
export function mlsExporter(exporterSecret: Uint8Array, name: string, context: Uint8Array, length: number): Uint8Array {
  const derived = expandWithLabel(exporterSecret, name, zeros(0), 64);
  return expandWithLabel(derived, "exported", new Uint8Array(createHash("sha512").update(context).digest()), length);
}

function expandWithLabel(secret: Uint8Array, name: string, context: Uint8Array, length: number): Uint8Array {
  const full = ascii(`MLS 1.0 ${name}`);
  const info = join(
    Uint8Array.of(length >> 8, length & 255),
    Uint8Array.of(full.length),
    full,
    Uint8Array.of(context.length >= 64 ? 0x40 : context.length),
    context.length >= 64 ? Uint8Array.of(context.length) : zeros(0),
    context,
  );
  let block: Uint8Array = zeros(0);
  let out: Uint8Array = zeros(0);
  for (let i = 1; out.length < length; i++) {
    block = new Uint8Array(
      createHmac("sha512", secret)
        .update(join(block, info, Uint8Array.of(i)))
        .digest(),
    );
    out = join(out, block);
  }
  return out.subarray(0, length);
}

/** streams.md and spaces.md: everything that follows from (K_n, r). */
export function streamOf(key: Uint8Array, retry: number, publicKeyOf: (seed: Uint8Array) => Uint8Array) {
  const derive = (name: string): Uint8Array => hkdf256(key, zeros(32), join(label(name), u(retry, 4)), 32);
  const writeSeed = derive("bulla/1 stream write");
  const writeKey = publicKeyOf(writeSeed);
  const readSecret = derive("bulla/1 stream read");
  const sid = sha256(label("bulla/1 stream id"), Uint8Array.of(1), writeKey, sha256(readSecret));
  return {
    writeSeed,
    writeKey,
    readSecret,
    outerKey: derive("bulla/1 stream outer"),
    recordSecret: derive("bulla/1 chapter records"),
    sid,
  };
}

export function firstHead(context: Uint8Array, retry: number, previousEnd: Uint8Array): Uint8Array {
  return sha256(label("bulla/1 head"), context, u(retry, 4), previousEnd);
}

export function nextHead(head: Uint8Array, recordId: Uint8Array, body: Uint8Array): Uint8Array {
  return sha256(label("bulla/1 head"), head, recordId, sha256(body));
}

/** What lies inside a record's body. */
export function unwrap(
  outerKey: Uint8Array,
  sid: Uint8Array,
  recordId: Uint8Array,
  body: Uint8Array,
): { readonly kind: number; readonly sealed: Uint8Array } {
  const key = hkdf256(outerKey, recordId, label("bulla/1 outer record"), 32);
  const inner = openGcm(key, zeros(12), join(sid, recordId), body);
  if (hex(sha256(label("bulla/1 record id"), sid, inner).subarray(0, 16)) !== hex(recordId))
    throw new Error("another record id");
  const length = Buffer.from(inner).readUInt32BE(1);
  if (inner.subarray(5 + length).some((byte) => byte !== 0)) throw new Error("padding is not zero");
  return { kind: inner[0] ?? 0, sealed: inner.subarray(5, 5 + length) };
}

export interface Place {
  readonly space: Uint8Array;
  readonly number: number;
  readonly retry: number;
  readonly kind: number;
}

/** salt ‖ commitment ‖ AES-256-GCM. */
export function openSealed(
  recordSecret: Uint8Array,
  { space, number, retry, kind }: Place,
  sealed: Uint8Array,
): Uint8Array {
  const material = hkdf256(recordSecret, sealed.subarray(0, 32), label("bulla/1 record key"), 64);
  if (hex(material.subarray(32)) !== hex(sealed.subarray(32, 64))) throw new Error("another key commitment");
  const associatedData = join(label("bulla/1 record place"), space, u(number, 8), u(retry, 4), Uint8Array.of(kind));
  return openGcm(material.subarray(0, 32), zeros(12), associatedData, sealed.subarray(64));
}

export interface Signed {
  readonly claims: readonly Cbor[];
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

/** [claims, content, signature] */
export function decodeSigned(plaintext: Uint8Array): Signed {
  const [claims, content, signature] = asList(decodeCbor(plaintext, { maxBytes: 16384 }));
  return { claims: asList(claims), content: asBytes(content), signature: asBytes(signature) };
}

export function signedBytes(
  context: Uint8Array,
  { space, number, retry, kind }: Place,
  { claims, content }: Signed,
): Uint8Array {
  return join(
    label("bulla/1 record signature"),
    encodeCbor([context, space, number, retry, kind, claims, sha256(content)]),
  );
}

export function partHash(object: Uint8Array): Uint8Array {
  return sha256(label("bulla/1 part"), object);
}

export function commitBinding(
  space: Uint8Array,
  number: number,
  constitutionHash: Uint8Array,
  head: Uint8Array,
  count: number,
): Uint8Array {
  return sha256(label("bulla/1 commit binding"), space, u(number, 8), constitutionHash, head, u(count, 8));
}

export function asList(value: Cbor | undefined): readonly Cbor[] {
  if (!Array.isArray(value)) throw new Error("not a list");
  return value as readonly Cbor[];
}

export function asBytes(value: Cbor | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error("not bytes");
  return value;
}

/** blobs.md: length of the whole ciphertext of a blob of `size` bytes. */
export function blobBytes(size: number): number {
  const message = 56 + size + 16 * (Math.floor(size / 16384) + 1);
  let total = padme(Math.max(message, 65536));
  while ((total - 56) % 16400 < 16) total = padme(total + 1);
  return total;
}

function padme(length: number): number {
  const e = Math.floor(Math.log2(length));
  const s = Math.floor(Math.log2(e)) + 1;
  const unit = 2 ** (e - s);
  return unit <= 1 ? length : Math.ceil(length / unit) * unit;
}

/** c2sp.org/chunked-encryption, Cobblestone-256. */
export function openCobblestone(key: Uint8Array, context: Uint8Array, message: Uint8Array): Uint8Array {
  const salt = message.subarray(0, 24);
  const info = join(label("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM"), salt, context);
  let block: Uint8Array = zeros(0);
  let material: Uint8Array = zeros(0);
  for (let i = 1; material.length < 76; i++) {
    block = new Uint8Array(
      createHmac("sha512", key)
        .update(join(block, info, Uint8Array.of(i)))
        .digest(),
    );
    material = join(material, block);
  }
  if (hex(material.subarray(44, 76)) !== hex(message.subarray(24, 56))) throw new Error("another key commitment");
  const out: Uint8Array[] = [];
  for (let at = 56, segment = 0; at < message.length; at += 16400, segment++) {
    const nonce = Buffer.from(material.subarray(32, 44));
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ segment) >>> 0, 8);
    out.push(openGcm(material.subarray(0, 32), nonce, zeros(0), message.subarray(at, at + 16400)));
  }
  return join(...out);
}
