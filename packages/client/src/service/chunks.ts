import { BullaError, base64urlOf, equalBytes, limits, type Verifier } from "@bulla/wire";
import {
  headerNames,
  type LeaseEnd,
  leaseEndCodec,
  type MissingQuestion,
  mediaTypes,
  missingAnswerCodec,
  missingQuestionCodec,
  routes,
} from "@bulla/wire/api";
import { cborBody, decodeAnswerBody, type Exchange } from "./exchange.ts";

/** One chunk on its way to the service. */
export interface ChunkPut {
  /** SHA-256 of `bytes`: the chunk's name. */
  readonly hash: Uint8Array;
  /** Hash of the delete token. */
  readonly lease: Uint8Array;
  readonly expiryDay: number;
  readonly ticket: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Chunks of blobs, and the leases that keep them. */
export interface Chunks {
  /** Which of those chunks their leases do not hold to that day yet. */
  missingChunks(question: MissingQuestion, signal?: AbortSignal): Promise<readonly Uint8Array[]>;
  /** Durable once this resolves. @throws BullaError service/forbidden, service/quota, service/too-large */
  putChunk(put: ChunkPut, signal?: AbortSignal): Promise<void>;
  /** Resolves to bytes that hash to the chunk's name.
   *  @throws BullaError blob/refused when the service sent other bytes, service/not-found, service/expired */
  getChunk(hash: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
  /** The same, but the bytes are whatever the service sent: for a caller that has their hash checked elsewhere before it believes them.
   *  @param into memory for them, if the transport can use it */
  getChunkUnchecked(hash: Uint8Array, signal?: AbortSignal, into?: Uint8Array): Promise<Uint8Array>;
  endLeases(end: LeaseEnd): Promise<void>;
}

const maxMissingAnswerBytes = limits.maxChunksPerQuestion * 34 + 16;

export function createChunks(exchange: Exchange, verifier: Verifier): Chunks {
  const getChunkUnchecked = (hash: Uint8Array, signal?: AbortSignal, into?: Uint8Array): Promise<Uint8Array> =>
    exchange.ask({
      method: "GET",
      path: routes.chunk(hash),
      expect: "octets",
      maxAnswerBytes: limits.chunkBytes,
      into,
      signal,
    });
  return {
    getChunkUnchecked,
    async missingChunks(question: MissingQuestion, signal?: AbortSignal): Promise<readonly Uint8Array[]> {
      const body = cborBody(missingQuestionCodec, question);
      const answer = await exchange.ask({
        method: "POST",
        path: routes.missingChunks,
        body,
        expect: "cbor",
        maxAnswerBytes: maxMissingAnswerBytes,
        signal,
      });
      return decodeAnswerBody(missingAnswerCodec, answer, maxMissingAnswerBytes).missing;
    },
    async putChunk({ hash, lease, expiryDay, ticket, bytes }: ChunkPut, signal?: AbortSignal): Promise<void> {
      const headers = {
        [headerNames.ticket]: base64urlOf(ticket),
        [headerNames.lease]: base64urlOf(lease),
        [headerNames.expiryDay]: String(expiryDay),
      };
      const body = { type: mediaTypes.octets, bytes };
      await exchange.ask({
        method: "PUT",
        path: routes.chunk(hash),
        headers,
        body,
        expect: "nothing",
        maxAnswerBytes: 0,
        signal,
      });
    },
    async getChunk(hash: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
      const bytes = await getChunkUnchecked(hash, signal);
      if (!equalBytes(verifier.sha256(bytes), hash))
        throw new BullaError("blob/refused", "chunk is not the one that was asked for");
      return bytes;
    },
    async endLeases(end: LeaseEnd): Promise<void> {
      await exchange.ask({
        method: "POST",
        path: routes.endLeases,
        body: cborBody(leaseEndCodec, end),
        expect: "nothing",
        maxAnswerBytes: 0,
      });
    },
  };
}
