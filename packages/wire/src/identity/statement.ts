import { concatBytes } from "../encoding/bytes.ts";
import {
  bytes,
  type Codec,
  type CodecValue,
  decode,
  encode,
  refine,
  struct,
  text,
  uint,
  variant,
  version,
} from "../encoding/codec.ts";
import { type Handle, isHandle } from "../handle.ts";
import { labelBytes } from "../labels.ts";
import { limits } from "../limits.ts";
import type { Verifier } from "../verifier.ts";
import { deviceCertificateCodec } from "./device-certificate.ts";

/** A handle in its canonical spelling. */
export const handleCodec: Codec<Handle> = refine(text(limits.maxHandleBytes) as Codec<Handle>, "a handle", isHandle);

const bodyShape = variant({
  /** First link of every chain. */
  create: [1, struct({ handle: handleCodec, device: deviceCertificateCodec })],
  addDevice: [2, struct({ device: deviceCertificateCodec })],
  /** Suspends the device from this position on. */
  revokeDevice: [3, struct({ deviceId: bytes(16) })],
  /** Seam: names the key of the recovery kit. Refused until the rules of authority and time exist. */
  setRecovery: [4, struct({ recoveryKey: bytes(32) })],
  /** Seam: starts the account anew. Refused until then as well. */
  reset: [5, struct({ device: deviceCertificateCodec })],
});

export type StatementBody = CodecValue<typeof bodyShape>;
export const statementBodyCodec: Codec<StatementBody> = bodyShape;

const statementShape = struct({
  version: version(1),
  /** 0 for the create statement, then +1. */
  index: uint(limits.maxChainStatements - 1),
  /** Hash of the signed statement before; 32 zero bytes for the first. */
  previous: bytes(32),
  /** UTC day that the signer claims. */
  day: uint(10_000_000),
  body: statementBodyCodec,
});

export type Statement = CodecValue<typeof statementShape>;
export const statementCodec: Codec<Statement> = statementShape;

const signedStatementShape = struct({
  statement: bytes({ min: 1, max: limits.maxStatementBytes }),
  /** Device whose chain key signed. */
  signer: bytes(16),
  signature: bytes(64),
});

export type SignedStatement = CodecValue<typeof signedStatementShape>;
export const signedStatementCodec: Codec<SignedStatement> = signedStatementShape;

const signedStatementLimits = { maxBytes: limits.maxStatementBytes + 256 } as const;

/** What the chain key signs. */
export function statementSigningBytes(statement: Uint8Array, signer: Uint8Array): Uint8Array {
  return concatBytes(labelBytes("statement"), signer, statement);
}

/** Hash of one link: what the next link names as `previous`, and what others pin. */
export function statementHash(verifier: Verifier, signed: SignedStatement): Uint8Array {
  return verifier.sha256(labelBytes("statementHash"), encode(signedStatementCodec, signed));
}

/** Fingerprint of an account's first link, for people who compare by hand. */
export function createFingerprint(verifier: Verifier, first: SignedStatement): Uint8Array {
  return verifier.sha256(labelBytes("createFingerprint"), encode(signedStatementCodec, first));
}

/** @throws BullaError wire/malformed, wire/too-large, wire/unsupported-version */
export function decodeSignedStatement(input: Uint8Array): SignedStatement {
  return decode(signedStatementCodec, input, signedStatementLimits);
}
