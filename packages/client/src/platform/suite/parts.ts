import type { AeadName, HashName } from "./algorithms.ts";
import type { Encapsulation } from "./kem.ts";

/** What suites are built from and a platform brings. Hashes are synchronous; an AEAD may answer at once or later. */
export interface SymmetricParts {
  digest(hash: HashName | "sha3-256", ...parts: readonly Uint8Array[]): Uint8Array;
  shake256(input: Uint8Array, length: number): Uint8Array;
  /** HMAC over the parts one after the other. */
  hmac(hash: HashName, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** RFC 5869 §2.2. An empty salt means a hash-sized salt of zeros. */
  hkdfExtract(hash: HashName, salt: Uint8Array, ...inputKeyingMaterial: readonly Uint8Array[]): Uint8Array;
  /** RFC 5869 §2.3. */
  hkdfExpand(hash: HashName, pseudorandomKey: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** Ciphertext followed by the tag.
   *  @throws BullaError core/bad-key – the key has another length */
  sealAead(
    aead: AeadName,
    key: Uint8Array,
    nonce: Uint8Array,
    associatedData: Uint8Array,
    plaintext: Uint8Array,
  ): Uint8Array | Promise<Uint8Array>;
  /** The plaintext, or undefined for every cause of failure. */
  openAead(
    aead: AeadName,
    key: Uint8Array,
    nonce: Uint8Array,
    associatedData: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** X25519 (RFC 7748) on keys that were imported once. Everything that takes outside bytes throws BullaError core/bad-key. */
export interface X25519<Public, Private> {
  importPublic(raw: Uint8Array): Public;
  importPrivate(raw: Uint8Array): Private;
  rawPublic(key: Private): Uint8Array;
  /** Refuses a public key of small order, whose shared secret everybody knows (RFC 9180 §7.1.4). */
  sharedSecret(mine: Private, theirs: Public): Uint8Array;
}

/** ML-KEM-768 (FIPS 203) on keys that were imported once; private keys are the 64-byte seed d ‖ z. */
export interface MlKem768<Public, Private> {
  importPublic(raw: Uint8Array): Public;
  importPrivate(seed: Uint8Array): Private;
  rawPublic(key: Private): Uint8Array;
  /** Its randomness is the platform's own. */
  encapsulate(recipient: Public): Encapsulation;
  /** A changed ciphertext gives a secret that nobody else has, not an error. */
  decapsulate(recipient: Private, ciphertext: Uint8Array): Uint8Array;
}

/** Ed25519 (RFC 8032) with 32-byte seeds and 32-byte public keys. */
export interface Ed25519 {
  /** @throws BullaError core/bad-key – the seed is not 32 bytes */
  publicKey(seed: Uint8Array): Uint8Array;
  /** @throws BullaError core/bad-key – the seed is not 32 bytes */
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** False for anything that is not a valid signature, also for a malformed key. All platforms give the same verdicts: no cofactor,
   *  no public key of small order, S below the group order. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/** The lengths of raw keys and ciphertexts. */
export const x25519KeyBytes = 32;
export const mlKem768PublicBytes = 1184;
export const mlKem768SeedBytes = 64;
export const mlKem768CiphertextBytes = 1088;
export const ed25519KeyBytes = 32;
export const ed25519SignatureBytes = 64;
