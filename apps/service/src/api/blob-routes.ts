import { Readable } from "node:stream";
import { BullaError, bytesOfBase64url, limits } from "@bulla/wire";
import { headerNames, leaseEndCodec, mediaTypes, missingAnswerCodec, missingQuestionCodec } from "@bulla/wire/api";
import { encode } from "@bulla/wire/encoding";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { dropBuffer } from "../objects/fs/drop-buffer.ts";
import type { ApiContext } from "./context.ts";
import { decodeBody, parameterOf } from "./request-body.ts";

const questionBytes = limits.maxChunksPerQuestion * 80 + 64;

/** Chunks and leases. */
export function blobRoutes(app: FastifyInstance, context: ApiContext): void {
  const { blobs, tickets } = context;

  app.get("/v1/chunks/:hash", async (request, reply) => {
    const hash = bytesOfBase64url(parameterOf(request, "hash"));
    const chunk = hash?.length === 32 ? await blobs.open(hash) : undefined;
    if (chunk === undefined) throw new BullaError("service/not-found", "there is no such chunk, or no longer");
    // Whoever asked may be gone already: then no event will tell.
    if (reply.raw.destroyed) {
      await chunk[Symbol.asyncDispose]();
      return reply.hijack();
    }
    reply.raw.once("close", () => void chunk[Symbol.asyncDispose]());
    const pieces: Uint8Array[] = [];
    // All of it is with the system then. Of an answer that was cut off, some may still be under way.
    reply.raw.once("finish", () => pieces.forEach(dropBuffer));
    return reply
      .type(mediaTypes.octets)
      .header("content-length", chunk.size)
      .send(Readable.from(noting(chunk.read(), pieces), { objectMode: false, highWaterMark: 1 }));
  });

  app.post("/v1/leases/missing", { bodyLimit: questionBytes }, async (request, reply) => {
    const missing = await blobs.missing(decodeBody(request, missingQuestionCodec));
    return reply.type(mediaTypes.cbor).send(Buffer.from(encode(missingAnswerCodec, { missing })));
  });

  app.post("/v1/leases/end", { bodyLimit: questionBytes }, async (request, reply) => {
    await blobs.end(decodeBody(request, leaseEndCodec));
    return reply.code(204).send();
  });

  void app.register(async (uploads) => {
    // The body goes to the disk as it comes, and is never in memory as a whole.
    uploads.removeAllContentTypeParsers();
    uploads.addContentTypeParser("*", (_request, _payload, done) => done(null));
    uploads.put("/v1/chunks/:hash", { bodyLimit: limits.chunkBytes }, async (request, reply) => {
      const chunk = bytes32(parameterOf(request, "hash"), "hash");
      const lease = bytes32(headerOf(request, headerNames.lease), headerNames.lease);
      const expiryDay = numberHeader(request, headerNames.expiryDay);
      const size = numberHeader(request, "content-length");
      if (size > limits.chunkBytes)
        throw new BullaError("service/too-large", `chunk is ${size} bytes, limit is ${limits.chunkBytes}`);
      const giveBack = tickets.spendBytes(headerOf(request, headerNames.ticket), size, blobs.leaseDays(expiryDay));
      try {
        if (!(await blobs.put({ chunk, lease, expiryDay }, request.raw.iterator({ destroyOnReturn: false }), size)))
          giveBack();
      } catch (error) {
        giveBack();
        // What is still coming of the body has no taker, and would stand before the next request.
        reply.header("connection", "close");
        request.raw.resume();
        throw error;
      }
      return reply.code(204).send();
    });
  });
}

async function* noting<T>(items: AsyncIterable<T>, noted: T[]): AsyncIterable<T> {
  for await (const item of items) {
    noted.push(item);
    yield item;
  }
}

function bytes32(text: string, what: string): Uint8Array {
  const bytes = bytesOfBase64url(text);
  if (bytes?.length !== 32) throw new BullaError("service/malformed", `${what} is not 32 bytes in base64url`);
  return bytes;
}

function headerOf(request: FastifyRequest, name: string): string {
  const value = request.headers[name];
  if (typeof value !== "string") throw new BullaError("service/malformed", `header ${name} is missing`);
  return value;
}

function numberHeader(request: FastifyRequest, name: string): number {
  const value = headerOf(request, name);
  if (!/^\d{1,10}$/.test(value)) throw new BullaError("service/malformed", `header ${name} is not a number`);
  return Number(value);
}
