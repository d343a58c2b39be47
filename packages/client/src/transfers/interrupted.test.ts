import { open, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { abortAt, expectSame, filesIn, MiB, type Person, paths, pattern, refusal, World } from "./world.fixture.ts";

let world: World;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  world = await World.start();
  alice = await world.person("alice");
  bob = await world.person("bob");
});
afterAll(() => world[Symbol.asyncDispose]());

describe("a stop and the same command again", () => {
  test("on the sender's side goes on: nothing is sent twice, and it is one transfer", async () => {
    const files = { "big.bin": pattern(41 * MiB, 77), "small.txt": pattern(10) };
    const folder = await alice.write(files);
    const before = (await world.chunks()).length;
    const request = { source: paths(join(folder, "big.bin"), join(folder, "small.txt")), to: [bob.handle] } as const;
    // Of 12 chunks: whatever is still on its way at a stop may arrive, and enough are left to stop at again.
    for (const n of [1, 6, 4]) {
      const signal = abortAt(alice, "putChunk", n);
      await expect(alice.transfers.send(request, { signal })).rejects.toThrow("stopped");
      alice.restart();
    }
    const [queued] = await alice.transfers.sent();
    expect(queued?.state).toBe("queued");
    await expect(alice.transfers.receipt(queued?.transfer ?? "")).rejects.toEqual(refusal("receipt/none"));
    let puts = 0;
    const there = (await world.chunks()).length - before;
    expect(there).toBeGreaterThan(0);
    alice.mail.calls.before = (name) => void (name === "putChunk" && puts++);
    const [view] = await alice.transfers.send(request);
    expect(puts).toBeLessThan(12);
    expect((await world.chunks()).length - before).toBe(12);
    expect(await alice.transfers.resume()).toEqual([]);
    alice.mail.calls.before = () => undefined;
    const out = bob.newFolder();
    expect((await bob.receive(out)).map((one) => one.kind === "file" && one.transfer)).toEqual([
      view?.transfer,
      view?.transfer,
    ]);
    expectSame(await filesIn(out), files);
  });

  test("on the sender's side between queueing and the service's answer goes on with that one", async () => {
    const folder = await alice.write({ "said.txt": pattern(30, 88) });
    const request = { source: paths(join(folder, "said.txt")), to: [bob.handle] } as const;
    alice.mail.holdsBack = true;
    const [first] = await alice.transfers.send(request);
    expect(first?.state).toBe("queued");
    alice.restart();
    const [again] = await alice.transfers.send(request);
    expect(again?.transfer).toBe(first?.transfer);
    alice.mail.holdsBack = false;
    alice.restart();
    // Another part of the program may have brought it out meanwhile.
    await alice.mail.flush();
    expect(await alice.transfers.send(request)).toEqual([
      expect.objectContaining({ transfer: first?.transfer, state: "sent" }),
    ]);
    const [other] = await alice.transfers.send(request);
    expect(other?.transfer).not.toBe(first?.transfer);
    expect(await alice.transfers.resume()).toEqual([]);
    expect(await alice.store.list("upload")).toEqual([]);
    expect(await bob.receive(bob.newFolder())).toHaveLength(2);
  });

  test("on the sender's side before anybody learned of the answer sends nothing twice", async () => {
    const folder = await alice.write({ "told.txt": pattern(30, 89) });
    const request = { source: paths(join(folder, "told.txt")), to: [bob.handle] } as const;
    const [first] = await alice.transfers.send(request);
    alice.restart();
    expect(await alice.transfers.send(request)).toEqual([
      expect.objectContaining({ transfer: first?.transfer, state: "sent" }),
    ]);
    await alice.transfers[Symbol.asyncDispose]();
    expect(await alice.store.list("upload")).toEqual([]);
    alice.restart();
    expect((await alice.transfers.send(request))[0]?.transfer).not.toBe(first?.transfer);
    expect(await alice.transfers.resume()).toEqual([]);
    expect(await bob.receive(bob.newFolder())).toHaveLength(2);
  });

  test("on the sender's side with a file that was written since sends that one too", async () => {
    const folder = await alice.write({ "edited.txt": pattern(30, 90) });
    const request = { source: paths(join(folder, "edited.txt")), to: [bob.handle] } as const;
    alice.mail.holdsBack = true;
    const [first] = await alice.transfers.send(request);
    alice.mail.holdsBack = false;
    await alice.write({ "edited.txt": pattern(31, 91) }, folder);
    alice.restart();
    const [second] = await alice.transfers.send(request);
    expect(second?.transfer).not.toBe(first?.transfer);
    expect(await alice.transfers.resume()).toEqual([]);
    expect(await alice.store.list("upload")).toEqual([]);
    const out = bob.newFolder();
    await bob.receive(out);
    const contents = [...(await filesIn(out)).values()].sort((a, b) => a.length - b.length);
    expect(contents).toEqual([pattern(30, 90), pattern(31, 91)]);
  });

  test("on the recipient's side goes on: no second copy, nothing left over", async () => {
    const files = { "big.bin": pattern(41 * MiB, 78), "small.txt": pattern(10) };
    const folder = await alice.write(files);
    await alice.transfers.send({ source: paths(join(folder, "big.bin"), join(folder, "small.txt")), to: [bob.handle] });
    const out = bob.newFolder();
    let kept = 0;
    for (const n of [2, 5, 9, 7]) {
      const signal = abortAt(bob, "getChunk", n);
      try {
        for await (const view of bob.transfers.receive({ out }, { signal })) if (view.kind === "file") kept++;
      } catch (error) {
        expect(error).toEqual(new Error("stopped"));
      }
      bob.restart();
    }
    bob.mail.calls.before = () => undefined;
    kept += (await bob.receive(out)).length;
    expectSame(await filesIn(out), files);
    expect(kept).toBeLessThanOrEqual(2);
    expect((await alice.transfers.sent())[0]?.state).toBe("received");
  });

  test("on the recipient's side fetches little more than what is missing", async () => {
    const folder = await alice.write({ "big.bin": pattern(41 * MiB, 79) });
    await alice.transfers.send({ source: paths(join(folder, "big.bin")), to: [bob.handle] });
    const out = bob.newFolder();
    await expect(bob.receive(out, abortAt(bob, "getChunk", 9))).rejects.toThrow("stopped");
    bob.restart();
    let gets = 0;
    bob.mail.calls.before = (name) => void (name === "getChunk" && gets++);
    await bob.receive(out);
    bob.mail.calls.before = () => undefined;
    expect(gets).toBeLessThan(12);
    expectSame(await filesIn(out), { "big.bin": pattern(41 * MiB, 79) });
  });

  test("on the recipient's side after a power cut: what the disk lost is fetched again", async () => {
    const folder = await alice.write({ "big.bin": pattern(41 * MiB, 85) });
    await alice.transfers.send({ source: paths(join(folder, "big.bin")), to: [bob.handle] });
    const out = bob.newFolder();
    await expect(bob.receive(out, abortAt(bob, "getChunk", 9))).rejects.toThrow("stopped");
    bob.mail.calls.before = () => undefined;
    const [part] = [...(await filesIn(out))].filter(([, { length }]) => length > 0);
    if (part === undefined) return expect.unreachable();
    await writeFile(join(out, part[0]), new Uint8Array(part[1].length));
    bob.restart();
    expect(await bob.receive(out)).toEqual([expect.objectContaining({ kind: "file" })]);
    expectSame(await filesIn(out), { "big.bin": pattern(41 * MiB, 85) });
  });

  test("on the recipient's side into another folder leaves nothing in the first", async () => {
    const folder = await alice.write({ "big.bin": pattern(41 * MiB, 86) });
    await alice.transfers.send({ source: paths(join(folder, "big.bin")), to: [bob.handle] });
    const [first, second] = [bob.newFolder(), bob.newFolder()];
    await expect(bob.receive(first, abortAt(bob, "getChunk", 9))).rejects.toThrow("stopped");
    bob.mail.calls.before = () => undefined;
    expect(await bob.receive(second)).toHaveLength(1);
    expect((await filesIn(first)).size).toBe(0);
    expectSame(await filesIn(second), { "big.bin": pattern(41 * MiB, 86) });
  });

  test("whose folder holds other files by now is a new transfer, and the old one's chunks are let go", async () => {
    const folder = await alice.write({ "in/a.bin": pattern(9 * MiB, 87) });
    const request = { source: paths(join(folder, "in")), to: [bob.handle] } as const;
    await expect(alice.transfers.send(request, { signal: abortAt(alice, "putChunk", 3) })).rejects.toThrow("stopped");
    await alice.write({ "in/b.txt": pattern(3) }, folder);
    let ended = 0;
    alice.mail.calls.before = (name) => void (name === "endLeases" && ended++);
    await alice.transfers.send(request);
    alice.mail.calls.before = () => undefined;
    expect(ended).toBe(1);
    expect(await alice.transfers.resume()).toEqual([]);
    expect((await alice.store.list("upload")).length).toBe(0);
    expect(await bob.receive(bob.newFolder())).toHaveLength(2);
  });

  test("at any point, on either side, ends with the same files once", async () => {
    let seed = 100;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
        async (sending, receiving) => {
          const files = {
            "big.bin": pattern(9 * MiB, seed++),
            "a.txt": pattern(10, seed++),
            "b.bin": pattern(5 * MiB, seed++),
            empty: pattern(0),
          };
          const folder = await alice.write(files);
          const request = {
            source: paths(...Object.keys(files).map((name) => join(folder, name))),
            to: [bob.handle],
          } as const;
          const quietly = (error: unknown): void => expect(error).toEqual(new Error("stopped"));
          for (const n of sending) {
            const isDone = await alice.transfers
              .send(request, { signal: abortAt(alice, "putChunk", n) })
              .then(() => true, quietly);
            alice.restart();
            if (isDone === true) break;
          }
          alice.mail.calls.before = () => undefined;
          const waiting = (await alice.store.list("upload/")).length;
          if (waiting > 0) expect(await alice.transfers.resume()).toEqual([]);
          const out = bob.newFolder();
          if (sending.length === 0) await alice.transfers.send(request);
          for (const n of receiving) {
            await bob.receive(out, abortAt(bob, "getChunk", n)).catch(quietly);
            bob.restart();
          }
          bob.mail.calls.before = () => undefined;
          await bob.receive(out);
          expectSame(await filesIn(out), files);
          expect((await alice.transfers.sent())[0]?.state).toBe("received");
        },
      ),
      { numRuns: 4 },
    );
  }, 60_000);

  test("with another source seals it under another key, so that no key ever seals two things", async () => {
    const folder = await alice.write({ "log.txt": pattern(13 * MiB, 80) });
    const path = join(folder, "log.txt");
    const request = { source: paths(path), to: [bob.handle] } as const;
    await expect(alice.transfers.send(request, { signal: abortAt(alice, "putChunk", 3) })).rejects.toThrow("stopped");
    const keyBefore = (await alice.store.list("upload-blob/"))[0]?.value;
    expect(keyBefore).toBeDefined();
    alice.mail.calls.before = () => undefined;
    await writeFile(path, pattern(13 * MiB, 81));
    alice.restart();
    let ended = 0;
    alice.mail.calls.before = (name) => void (name === "endLeases" && ended++);
    await alice.transfers.send(request);
    alice.mail.calls.before = () => undefined;
    expect(ended).toBe(1);
    const out = bob.newFolder();
    expect(await bob.receive(out)).toHaveLength(1);
    expectSame(await filesIn(out), { "log.txt": pattern(13 * MiB, 81) });
  });

  test("with a source that changed behind its own back is noticed by the journal", async () => {
    const folder = await alice.write({ "sly.bin": pattern(13 * MiB, 82) });
    const path = join(folder, "sly.bin");
    const when = new Date(1_700_000_000_000);
    await utimes(path, when, when);
    const request = { source: paths(path), to: [bob.handle] } as const;
    await expect(alice.transfers.send(request, { signal: abortAt(alice, "putChunk", 3) })).rejects.toThrow("stopped");
    const file = await open(path, "r+");
    await file.write(pattern(13 * MiB, 83), 0, 13 * MiB, 0);
    await file.close();
    await utimes(path, when, when);
    alice.restart();
    let ended = 0;
    alice.mail.calls.before = (name) => void (name === "endLeases" && ended++);
    await alice.transfers.send(request);
    alice.mail.calls.before = () => undefined;
    expect(ended).toBe(1);
    const out = bob.newFolder();
    await bob.receive(out);
    expectSame(await filesIn(out), { "sly.bin": pattern(13 * MiB, 83) });
  });

  test("after the service was restarted asks for admission again", async () => {
    const folder = await alice.write({ "big.bin": pattern(20 * MiB, 84) });
    let puts = 0;
    alice.mail.calls.before = async (name) => {
      if (name === "putChunk" && ++puts === 3) await world.restart();
    };
    const [view] = await alice.transfers.send({ source: paths(join(folder, "big.bin")), to: [bob.handle] });
    alice.mail.calls.before = () => undefined;
    if (view?.state === "queued") expect(await alice.transfers.resume()).toEqual([]);
    const out = bob.newFolder();
    await bob.receive(out);
    expectSame(await filesIn(out), { "big.bin": pattern(20 * MiB, 84) });
  });
});

test("a file that shrinks while it is sent is noticed and sent as it then is", async () => {
  const folder = await alice.write({ "shrinks.bin": pattern(13 * MiB, 91) });
  const path = join(folder, "shrinks.bin");
  let puts = 0;
  alice.mail.calls.before = async (name) => {
    if (name === "putChunk" && ++puts === 2) await truncate(path, 5 * MiB);
  };
  await alice.transfers.send({ source: paths(path), to: [bob.handle] });
  alice.mail.calls.before = () => undefined;
  const out = bob.newFolder();
  await bob.receive(out);
  expectSame(await filesIn(out), { "shrinks.bin": pattern(13 * MiB, 91).subarray(0, 5 * MiB) });
});
