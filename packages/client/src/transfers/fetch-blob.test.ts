import { decodeTransfer, encodeTransfer } from "@bulla/content";
import { chunkRoot } from "@bulla/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filesIn, MiB, type Person, paths, pattern, primitives, World } from "./world.fixture.ts";

let world: World;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  world = await World.start();
  alice = await world.person("alice");
  bob = await world.person("bob");
});
afterAll(() => world[Symbol.asyncDispose]());

describe("a chunk that", () => {
  test.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [2, 2],
  ])(
    "is wrong on its way is fetched again: from answer %d on %d are wrong, and all of it arrives",
    async (first, wrong) => {
      const folder = await alice.write({ "four chunks.bin": pattern(13 * MiB, 92) });
      await alice.transfers.send({ source: paths(folder), to: [bob.handle] });
      let answers = 0;
      bob.mail.calls.serve = (chunk) => {
        answers++;
        if (answers < first || answers >= first + wrong) return chunk;
        // The whole of it, so that the tail which the next chunk needs is wrong as well.
        return new Uint8Array(chunk.length);
      };
      const out = bob.newFolder();
      const received = await bob.receive(out);
      bob.mail.calls.serve = (chunk) => chunk;
      expect(received.map(({ kind }) => kind)).toEqual(["file"]);
      const [[, bytes] = ["", new Uint8Array()]] = [...(await filesIn(out))];
      expect(Buffer.compare(bytes, pattern(13 * MiB, 92))).toBe(0);
      expect((await alice.transfers.sent())[0]?.state).toBe("received");
    },
  );

  test("is wrong three times is not had this time, and is asked for again next time", async () => {
    const folder = await alice.write({ "liar.bin": pattern(9 * MiB, 93) });
    await alice.transfers.send({ source: paths(folder), to: [bob.handle] });
    bob.mail.calls.serve = (chunk) => new Uint8Array(chunk.length);
    const out = bob.newFolder();
    expect(await bob.receive(out)).toEqual([expect.objectContaining({ kind: "refused", code: "blob/refused" })]);
    expect((await filesIn(out)).size).toBe(0);
    bob.mail.calls.serve = (chunk) => chunk;
    expect(await bob.receive(out)).toHaveLength(1);
  });

  test("is the one that was named and does not open is refused for good, and fetched once", async () => {
    const folder = await alice.write({ "bent.bin": pattern(9 * MiB, 94) });
    alice.mail.tamper = (body) => {
      if (body.kind !== "file" || body.transfer.kind !== "inline") return body;
      const transfer = decodeTransfer(body.transfer.transfer);
      const blobs = transfer.blobs.map(({ files, reference }) => {
        const [a, b, c] = reference.chunks;
        if (a === undefined || b === undefined || c === undefined) return expect.unreachable();
        const chunks = [a, a, c];
        return { files, reference: { ...reference, chunks, root: chunkRoot(primitives, chunks) } };
      });
      return { ...body, transfer: { kind: "inline", transfer: encodeTransfer({ ...transfer, blobs }) } };
    };
    await alice.transfers.send({ source: paths(folder), to: [bob.handle] });
    alice.mail.tamper = (body) => body;
    let answers = 0;
    bob.mail.calls.serve = (chunk) => {
      answers++;
      return chunk;
    };
    expect(await bob.receive(bob.newFolder())).toEqual([
      expect.objectContaining({ kind: "refused", code: "blob/refused" }),
    ]);
    bob.mail.calls.serve = (chunk) => chunk;
    expect(answers).toBeLessThanOrEqual(3);
    expect((await alice.transfers.sent())[0]?.state).toBe("refused");
    expect(await bob.receive(bob.newFolder())).toEqual([]);
  });
});
