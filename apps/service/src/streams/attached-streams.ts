import { BullaError, hexOf, limits, proofBytes, streamId } from "@bulla/wire";
import type { Operation } from "@bulla/wire/api";
import { nodeVerifier, verifyEd25519Now } from "../node-verifier.ts";

type Attach = Operation & { readonly kind: "attach" };

/** The streams that one connection has shown its right to use. */
export class AttachedStreams {
  readonly #nonce: Uint8Array;
  /** By sid in hex; true when the write key was proven, too. */
  readonly #streams = new Map<string, boolean>();

  /** `nonce` is the one the service greeted this connection with. */
  constructor(nonce: Uint8Array) {
    this.#nonce = nonce;
  }

  /** The sid follows from key and secret, so nothing has to be looked up: a wrong secret is simply another stream.
   *  @throws BullaError service/unauthorized – the proof is wrong; service/quota – too many streams */
  attach({ streamKind, writeKey, readSecret, proof }: Attach): void {
    const sid = streamId(nodeVerifier, { kind: streamKind, writeKey, readSecret });
    if (proof !== null && !verifyEd25519Now(writeKey, proofBytes(this.#nonce, sid), proof)) {
      throw new BullaError("service/unauthorized", "proof of the write key is wrong");
    }
    const key = hexOf(sid);
    const proven = this.#streams.get(key);
    if (proven === undefined && this.#streams.size >= limits.maxStreamsPerConnection) {
      throw new BullaError("service/quota", `a connection uses at most ${limits.maxStreamsPerConnection} streams`);
    }
    this.#streams.set(key, proven === true || proof !== null);
  }

  /** @throws BullaError service/unauthorized – not attached here */
  checkRead(sid: Uint8Array): void {
    if (!this.#streams.has(hexOf(sid)))
      throw new BullaError("service/unauthorized", "stream is not attached to this connection");
  }

  /** @throws BullaError service/unauthorized – not attached here; service/forbidden – attached without proof */
  checkAppend(sid: Uint8Array): void {
    this.checkRead(sid);
    if (this.#streams.get(hexOf(sid)) !== true)
      throw new BullaError("service/forbidden", "write key of the stream was not proven");
  }
}
