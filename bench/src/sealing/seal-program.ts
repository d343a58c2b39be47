import { availableParallelism } from "node:os";
import { createNodePrimitives, createNodeSegmentCipher, createPlaintextSource, SealPool } from "@bulla/client/node";
import { createBlobKey, createBlobSalt, segmentTail, startOpening, startSealing } from "@bulla/core";

// Seals with the product's own code and says on standard output what that took. Arguments: what, a file, its size.
// `segments`: the cipher alone, on one thread, from memory to memory. `seal`: what happens to a file that is sent, on all threads:
// read, seal, hash. `open`: what happens to chunks that came: hash, open.

const [, , what = "", path = "", length = "0"] = process.argv;
const size = Number(length);
const primitives = createNodePrimitives();
const key = createBlobKey(primitives.random);
const sealing = startSealing(primitives, key, createBlobSalt(primitives.random), size);
const { plan } = sealing;

const usage = what === "segments" ? await sealSegments() : what === "seal" ? await sealChunks() : await openChunks();
process.stdout.write(`${JSON.stringify(usage)}\n`);
process.exit(0);

interface Usage {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Once for warming up, once for the count. */
async function counted(work: () => Promise<void>): Promise<Usage> {
  await work();
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
}

function sealSegments(): Promise<Usage> {
  const cipher = createNodeSegmentCipher();
  const runSegments = 256;
  const runBytes = runSegments * 16384;
  const [plaintext, sealed] = [new Uint8Array(runBytes), new Uint8Array(runBytes + runSegments * 16)];
  return counted(async () => {
    for (let at = 0; at < size; at += runBytes)
      await cipher.sealSegments(sealing.keys, (at / runBytes) * runSegments, plaintext, sealed);
  });
}

function sealChunks(): Promise<Usage> {
  const pool = new SealPool();
  const source = createPlaintextSource([{ kind: "file", path, offset: 0, length: size }]);
  return counted(() =>
    inLanes(pool, async (index) => {
      using _chunk = await pool.sealChunk(sealing, index, source);
    }),
  );
}

async function openChunks(): Promise<Usage> {
  const pool = new SealPool();
  const source = createPlaintextSource([{ kind: "file", path, offset: 0, length: size }]);
  const chunks: { readonly bytes: Uint8Array; readonly hash: Uint8Array }[] = [];
  // As many chunks as there is memory for are opened again and again.
  const kept = Math.min(8, plan.chunkCount);
  for (let index = 0; index < kept; index++) {
    using chunk = await pool.sealChunk(sealing, index, source);
    chunks[index] = { bytes: new Uint8Array(chunk.bytes), hash: chunk.hash };
  }
  const [first] = chunks;
  if (first === undefined) throw new Error("nothing to open");
  const opening = startOpening(primitives, key, size, first.bytes);
  return counted(() =>
    inLanes(pool, async (turn) => {
      const index = turn % kept;
      const [chunk, before] = [chunks[index], chunks[index - 1]];
      if (chunk === undefined) throw new Error("a chunk is missing");
      const tail = before === undefined ? new Uint8Array(0) : segmentTail(plan, index - 1, before.bytes);
      using _opened = await pool.openChunk({
        opening,
        index,
        chunk: new Uint8Array(chunk.bytes),
        before: tail,
        hash: chunk.hash,
      });
    }),
  );
}

async function inLanes(pool: SealPool, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < plan.chunkCount) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism() + 2, pool.maxHeld) }, lane));
}
