/** The public-key primitives that checking needs; no secret ever passes through it. Platforms bring it. */
export interface Verifier {
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  /** RFC 8032 Ed25519. Resolves to false for anything that is not a valid signature, also for a malformed key. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}
