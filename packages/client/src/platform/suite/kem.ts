/** What a sender makes: the encapsulated key that travels, and the shared secret that does not. */
export interface Encapsulation {
  readonly enc: Uint8Array;
  readonly sharedSecret: Uint8Array;
}

/** A key encapsulation mechanism as RFC 9180 §4 uses it. Private keys are raw 32-byte seeds; importing keeps what would otherwise be
 *  computed again at every use. Every method that takes outside bytes throws BullaError core/bad-key for what is not a key or not an
 *  encapsulation, and never tells more. */
export interface Kem {
  /** IANA HPKE KEM identifier. */
  readonly id: number;
  readonly name: string;
  readonly seedBytes: number;
  importPublicKey(raw: Uint8Array): KemPublicKey;
  importPrivateKey(seed: Uint8Array): KemPrivateKey;
  /** The seed that DeriveKeyPair makes of input keying material. */
  deriveSeed(inputKeyingMaterial: Uint8Array): Uint8Array;
}

export interface KemPublicKey {
  readonly raw: Uint8Array;
  /** `ephemeral` is 32 fresh random bytes: the sender's X25519 private key. */
  encapsulate(ephemeral: Uint8Array): Encapsulation;
}

export interface KemPrivateKey {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  /** @returns the shared secret */
  decapsulate(enc: Uint8Array): Uint8Array;
}
