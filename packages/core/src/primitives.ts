import type { Verifier } from "@bulla/wire";
import type { CiphersuiteImpl } from "ts-mls";

/** Random bytes from the platform's cryptographic generator; tests may replay a seed. */
export type Random = (length: number) => Uint8Array;

/** HPKE single-shot ciphertext, RFC 9180 §6.1. */
export interface HpkeBox {
  readonly enc: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** The primitives that sealing and opening need. Platforms bring them: node:crypto on Node, WebCrypto and noble in a browser.
 *  Keys are raw: 32-byte seeds for Ed25519 and X-Wing, 32 bytes for AES-256. Opening resolves to undefined for every cause of failure. */
export interface Primitives extends Verifier {
  readonly random: Random;
  sha512(...parts: readonly Uint8Array[]): Uint8Array;
  /** RFC 5869, extract and expand. */
  hkdfSha256(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** RFC 5869, expand only. */
  hkdfExpandSha512(pseudorandomKey: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** Ciphertext followed by the 16-byte tag. */
  sealAes256Gcm(
    key: Uint8Array,
    nonce: Uint8Array,
    associatedData: Uint8Array,
    plaintext: Uint8Array,
  ): Promise<Uint8Array>;
  openAes256Gcm(
    key: Uint8Array,
    nonce: Uint8Array,
    associatedData: Uint8Array,
    sealed: Uint8Array,
  ): Promise<Uint8Array | undefined>;
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  signEd25519(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array>;
  /** X-Wing (draft-connolly-cfrg-xwing-kem): 1216-byte public key of a 32-byte seed. */
  xwingPublicKey(seed: Uint8Array): Promise<Uint8Array>;
  /** HPKE base mode: X-Wing, HKDF-SHA-512, AES-256-GCM. */
  sealHpke(
    publicKey: Uint8Array,
    info: Uint8Array,
    associatedData: Uint8Array,
    plaintext: Uint8Array,
  ): Promise<HpkeBox>;
  openHpke(
    seed: Uint8Array,
    info: Uint8Array,
    associatedData: Uint8Array,
    box: HpkeBox,
  ): Promise<Uint8Array | undefined>;
  /** RFC 9106, version 0x13. */
  argon2id(password: Uint8Array, salt: Uint8Array, parameters: Argon2Parameters): Promise<Uint8Array>;
  /** The suite of every group: MLS_256_XWING_AES256GCM_SHA512_Ed25519, private id 83. */
  readonly mls: CiphersuiteImpl;
}

export interface Argon2Parameters {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
  readonly length: number;
}
