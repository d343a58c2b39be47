import { execFile } from "node:child_process";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { decodeTransfer, encodeTransfer } from "@bulla/content";
import { decodeReceiptFile, verifyReceiptFile } from "@bulla/wire/receipt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectSame, filesIn, MiB, type Person, paths, pattern, primitives, refusal, World } from "./world.fixture.ts";

let world: World;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  world = await World.start();
  alice = await world.person("alice");
  bob = await world.person("bob");
});
afterAll(() => world[Symbol.asyncDispose]());

describe("a transfer", () => {
  test("arrives as it was, and its sender gets a receipt that verifies on its own", async () => {
    const files = { "a.txt": pattern(5, 1), "deep/er/b.bin": pattern(3 * MiB, 2) };
    const folder = await alice.write(files);
    const [view] = await alice.transfers.send({
      source: paths(join(folder, "a.txt"), join(folder, "deep")),
      to: [bob.handle],
      note: "hello",
    });
    expect(view).toMatchObject({ state: "sent", to: bob.handle });
    const out = bob.newFolder();
    const received = await bob.receive(out);
    expect(received.map((one) => one.kind === "file" && [one.name, one.note])).toEqual(
      expect.arrayContaining([
        ["a.txt", "hello"],
        ["deep/er/b.bin", "hello"],
      ]),
    );
    expectSame(await filesIn(out), files);
    const [sent] = await alice.transfers.sent();
    expect(sent).toMatchObject({ transfer: view?.transfer, state: "received" });
    const receipt = await alice.transfers.receipt(view?.transfer ?? "");
    const verified = await verifyReceiptFile(primitives, decodeReceiptFile(receipt.file));
    expect(verified.statement).toMatchObject({ sender: alice.handle, recipient: bob.handle });
    expect(await bob.receive(out)).toEqual([]);
  });

  test.each([0, 1, 65_000, 65_536, 4 * MiB - 4200, 4 * MiB - 1, 4 * MiB, 4 * MiB + 1, 9 * MiB])(
    "of %d bytes arrives",
    async (size) => {
      const files = { "one.bin": pattern(size, size) };
      const folder = await alice.write(files);
      await alice.transfers.send({ source: paths(join(folder, "one.bin")), to: [bob.handle] });
      const out = bob.newFolder();
      await bob.receive(out);
      expectSame(await filesIn(out), files);
      expect((await alice.transfers.sent())[0]?.state).toBe("received");
    },
  );

  test("of 2,000 small files, some of them empty, arrives in few chunks", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 2000 }, (_, i) => [
        `all/${i % 40}/file ${i}.txt`,
        pattern(i % 97 === 0 ? 0 : (i * 37) % 6000, i),
      ]),
    );
    const folder = await alice.write(files);
    const before = (await world.chunks()).length;
    await alice.transfers.send({ source: paths(join(folder, "all")), to: [bob.handle] });
    expect((await world.chunks()).length - before).toBeLessThan(6);
    const out = bob.newFolder();
    expect(await bob.receive(out)).toHaveLength(2000);
    expectSame(await filesIn(out), files);
    expect((await alice.transfers.sent())[0]?.state).toBe("received");
  });

  test("of nothing is refused, as is one that expires at no time it may", async () => {
    const folder = alice.newFolder();
    await mkdir(folder, { recursive: true });
    await expect(alice.transfers.send({ source: paths(folder), to: [bob.handle] })).rejects.toEqual(
      refusal("transfer/empty"),
    );
    await alice.write({ a: pattern(1) }, folder);
    for (const expiresDays of [0, 366, 1.5]) {
      await expect(alice.transfers.send({ source: paths(folder), to: [bob.handle], expiresDays })).rejects.toEqual(
        refusal("transfer/refused"),
      );
    }
  });

  test("to several people is on the service once, and each of them signs for an own one", async () => {
    const carol = await world.person("carol");
    const folder = await alice.write({ "for all.bin": pattern(9 * MiB, 5) });
    const before = (await world.chunks()).length;
    const views = await alice.transfers.send({ source: paths(folder), to: [bob.handle, carol.handle, bob.handle] });
    expect(views.map(({ to }) => to)).toEqual([bob.handle, carol.handle]);
    expect(new Set(views.map(({ transfer }) => transfer)).size).toBe(2);
    expect((await world.chunks()).length - before).toBe(3);
    for (const person of [bob, carol]) expect(await person.receive(person.newFolder())).toHaveLength(1);
    for (const { transfer } of views) expect((await alice.transfers.receipt(transfer)).transfer).toBe(transfer);
  });

  test("to somebody unknown among others goes to nobody, and nothing is uploaded", async () => {
    const folder = await alice.write({ a: pattern(100) });
    const before = (await world.chunks()).length;
    const nobody = `nobody@${world.domain}` as typeof bob.handle;
    await expect(alice.transfers.send({ source: paths(folder), to: [bob.handle, nobody] })).rejects.toEqual(
      refusal("contact/unknown-recipient"),
    );
    expect((await world.chunks()).length).toBe(before);
    expect(await bob.receive(bob.newFolder())).toEqual([]);
  });

  test("of the same thing again is another transfer", async () => {
    const folder = await alice.write({ "twice.txt": pattern(10) });
    const request = { source: paths(join(folder, "twice.txt")), to: [bob.handle] } as const;
    const [first] = await alice.transfers.send(request);
    const [second] = await alice.transfers.send(request);
    expect(first?.transfer).not.toBe(second?.transfer);
    const out = bob.newFolder();
    await bob.receive(out);
    expect([...(await filesIn(out)).keys()].sort()).toEqual(["twice (1).txt", "twice.txt"]);
  });

  test("from a stream arrives, and nothing of the stream stays", async () => {
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 10; i++) yield pattern(MiB, i);
    }
    await alice.transfers.send({ source: { kind: "stream", stream: stream(), name: "stdin.bin" }, to: [bob.handle] });
    const out = bob.newFolder();
    await bob.receive(out);
    expect(alice.spool.kept.size).toBe(0);
    expectSame(await filesIn(out), {
      "stdin.bin": new Uint8Array(Buffer.concat(Array.from({ length: 10 }, (_, i) => pattern(MiB, i)))),
    });
  });
});

describe("offline", () => {
  test("a transfer is queued, and any later command goes on with it", async () => {
    const folder = await alice.write({ "later.txt": pattern(20) });
    alice.mail.isOffline = true;
    const [view] = await alice.transfers.send({ source: paths(join(folder, "later.txt")), to: [bob.handle] });
    expect(view?.state).toBe("queued");
    expect((await alice.transfers.sent())[0]).toMatchObject({ transfer: view?.transfer, state: "queued" });
    expect(await alice.transfers.resume()).toEqual([]);
    alice.mail.isOffline = false;
    alice.restart();
    expect(await alice.transfers.resume()).toEqual([]);
    expect((await alice.transfers.sent())[0]).toMatchObject({ transfer: view?.transfer, state: "sent" });
    const out = bob.newFolder();
    await bob.receive(out);
    expectSame(await filesIn(out), { "later.txt": pattern(20) });
  });

  test("a stream is kept sealed until it can be sent; one that was broken off is removed", async () => {
    alice.mail.isOffline = true;
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield pattern(100, 3);
    }
    await alice.transfers.send({ source: { kind: "stream", stream: stream(), name: "kept.bin" }, to: [bob.handle] });
    await alice.spool.take(stream());
    expect(alice.spool.kept.size).toBe(2);
    alice.mail.isOffline = false;
    alice.restart();
    await alice.transfers.resume();
    expect(alice.spool.kept.size).toBe(0);
    const out = bob.newFolder();
    await bob.receive(out);
    expectSame(await filesIn(out), { "kept.bin": pattern(100, 3) });
  });

  test("a file that is gone by then is reported once, and not sent behind anybody's back when it returns", async () => {
    const folder = await alice.write({ "gone.txt": pattern(20) });
    alice.mail.isOffline = true;
    await alice.transfers.send({ source: paths(join(folder, "gone.txt")), to: [bob.handle] });
    alice.mail.isOffline = false;
    await rename(join(folder, "gone.txt"), join(folder, "away"));
    expect(await alice.transfers.resume()).toEqual([
      expect.objectContaining({ error: refusal("transfer/source-unreadable") }),
    ]);
    expect(await bob.receive(bob.newFolder())).toEqual([]);
    await rename(join(folder, "away"), join(folder, "gone.txt"));
    expect(await alice.transfers.resume()).toEqual([]);
    expect(await bob.receive(bob.newFolder())).toEqual([]);
  });
});

describe("what is bad", () => {
  test("is refused alone: a chunk that rotted on the service spoils its file, the others are kept, and nothing of it stays", async () => {
    const files = { "good 1.txt": pattern(100, 1), "bad.bin": pattern(9 * MiB, 90), "good 2.txt": pattern(100, 2) };
    const folder = await alice.write(files);
    const before = new Set(await world.chunks());
    await alice.transfers.send({
      source: paths(...Object.keys(files).map((name) => join(folder, name))),
      to: [bob.handle],
    });
    const added = (await world.chunks()).filter((path) => !before.has(path));
    const sizes = await Promise.all(added.map(async (path) => ({ path, bytes: await readFile(path) })));
    const large = sizes.find(({ bytes }) => bytes.length > MiB && bytes.length < 4 * MiB) ?? expect.unreachable();
    const rotten = new Uint8Array(large.bytes);
    rotten[77] = (rotten[77] ?? 0) ^ 1;
    await writeFile(large.path, rotten);
    const out = bob.newFolder();
    const received = await bob.receive(out);
    expect(received.filter(({ kind }) => kind === "refused")).toEqual([
      expect.objectContaining({ name: "bad.bin", code: "blob/refused" }),
    ]);
    const { "bad.bin": bad, ...good } = files;
    expectSame(await filesIn(out), good);
    expect((await alice.transfers.sent())[0]?.state).toBe("delivered");
    await writeFile(large.path, large.bytes);
    expect(await bob.receive(out)).toHaveLength(1);
    expectSame(await filesIn(out), { ...good, "bad.bin": bad });
    expect((await alice.transfers.sent())[0]?.state).toBe("received");
  });

  test("is refused for good when the sender lies about a file's hash, and the others are kept", async () => {
    const files = { a: pattern(100, 1), b: pattern(100, 2) };
    const folder = await alice.write(files);
    alice.mail.tamper = (body) => {
      if (body.kind !== "file" || body.transfer.kind !== "inline") return body;
      const transfer = decodeTransfer(body.transfer.transfer);
      const manifest = {
        ...transfer.manifest,
        files: transfer.manifest.files.map((file) =>
          file.path === "a" ? { ...file, sha256: new Uint8Array(32) } : file,
        ),
      };
      return { ...body, transfer: { kind: "inline", transfer: encodeTransfer({ ...transfer, manifest }) } };
    };
    await alice.transfers.send({ source: paths(join(folder, "a"), join(folder, "b")), to: [bob.handle] });
    alice.mail.tamper = (body) => body;
    const out = bob.newFolder();
    const received = await bob.receive(out);
    expect(received.filter(({ kind }) => kind === "refused")).toEqual([
      expect.objectContaining({ name: "a", code: "blob/refused" }),
    ]);
    expectSame(await filesIn(out), { b: files.b });
    expect((await alice.transfers.sent())[0]?.state).toBe("refused");
    expect(await bob.receive(out)).toEqual([]);
  });

  test("that is no transfer at all is refused as a whole, once", async () => {
    alice.mail.tamper = (body) =>
      body.kind === "file" ? { ...body, transfer: { kind: "inline", transfer: Uint8Array.of(1, 2, 3) } } : body;
    const folder = await alice.write({ a: pattern(1) });
    await alice.transfers.send({ source: paths(folder), to: [bob.handle] });
    alice.mail.tamper = (body) => body;
    expect(await bob.receive(bob.newFolder())).toEqual([
      expect.objectContaining({ kind: "refused", name: null, code: "wire/malformed" }),
    ]);
    expect(await bob.receive(bob.newFolder())).toEqual([]);
  });

  test("never leaves the out folder: path tricks are neutralised, and existing names are kept", async () => {
    const names = ["..\\..\\up.txt", ".hidden", "CON", "c:x", "a\u202eb"];
    const folder = await alice.write(
      Object.fromEntries(names.map((name, i) => [`tricks/${name}`, pattern(10 + i, i)])),
    );
    await alice.transfers.send({ source: paths(join(folder, "tricks")), to: [bob.handle] });
    const out = bob.newFolder();
    await bob.write({ "tricks/_hidden": pattern(1, 99) }, out);
    const received = await bob.receive(out);
    expect(received).toHaveLength(5);
    const found = await filesIn(out);
    expect([...found.keys()].sort()).toEqual([
      "tricks/_CON",
      "tricks/_hidden",
      "tricks/_hidden (1)",
      "tricks/a_b",
      "tricks/c_x",
      "tricks/up.txt",
    ]);
    expect(found.get("tricks/_hidden")).toEqual(pattern(1, 99));
  });

  test("lies at a service that may not be asked: the other transfers come all the same", async () => {
    const folder = await alice.write({ a: pattern(10), b: pattern(11) });
    for (const name of ["a", "b"]) await alice.transfers.send({ source: paths(join(folder, name)), to: [bob.handle] });
    const out = bob.newFolder();
    bob.mail.refusals = 1;
    expect((await bob.receive(out)).map((view) => [view.kind, view.kind === "refused" ? view.code : "file"])).toEqual([
      ["refused", "transport/refused-address"],
      ["file", "file"],
    ]);
    expect(await bob.receive(out)).toEqual([expect.objectContaining({ kind: "file" })]);
  });

  test("names another service than its sender's own: it is not looked at", async () => {
    const folder = await alice.write({ a: pattern(10) });
    alice.mail.tamper = (body) => (body.kind === "file" ? { ...body, host: "elsewhere.example" } : body);
    await alice.transfers.send({ source: paths(join(folder, "a")), to: [bob.handle] });
    alice.mail.tamper = (body) => body;
    expect(await bob.receive(bob.newFolder())).toEqual([]);
  });

  test("has a name that cannot be made here: the other files are kept, and it is tried again", async () => {
    const folder = await alice.write({ "top/in the way/x": pattern(10), "top/y": pattern(11) });
    await alice.transfers.send({ source: paths(join(folder, "top")), to: [bob.handle] });
    const out = bob.newFolder();
    const way = join(out, "top", "in the way");
    await mkdir(way, { recursive: true });
    // Root may write anywhere but here.
    await promisify(execFile)("chattr", ["+i", way]).catch(() => undefined);
    const received = await bob.receive(out);
    await promisify(execFile)("chattr", ["-i", way]).catch(() => undefined);
    if (received.every(({ kind }) => kind === "file")) return;
    expect(received).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: "refused", code: "file/unwritable" }),
        expect.objectContaining({ kind: "file", name: "top/y" }),
      ]),
    );
    expect([...(await filesIn(out)).keys()]).toEqual(["top/y"]);
    expect(await bob.receive(out)).toEqual([expect.objectContaining({ kind: "file", name: "top/in the way/x" })]);
  });

  test("expires: later the answer is expired, and what was received stays", async () => {
    const folder = await alice.write({ "soon.txt": pattern(10), "also.txt": pattern(11) });
    await alice.transfers.send({ source: paths(join(folder, "soon.txt")), to: [bob.handle], expiresDays: 1 });
    const out = bob.newFolder();
    await bob.receive(out);
    await alice.transfers.send({ source: paths(join(folder, "also.txt")), to: [bob.handle], expiresDays: 1 });
    world.clock.ahead = 2 * 86_400_000;
    try {
      expect((await alice.transfers.sent())[0]?.state).toBe("expired");
      expect(await bob.receive(out)).toEqual([
        expect.objectContaining({ kind: "refused", name: "also.txt", code: "blob/expired" }),
      ]);
      expect(await bob.receive(out)).toEqual([]);
      expect((await alice.transfers.sent()).slice(0, 2).map(({ state }) => state)).toEqual(["expired", "received"]);
    } finally {
      world.clock.ahead = 0;
    }
    expectSame(await filesIn(out), { "soon.txt": pattern(10) });
  });

  test("expires while its list of files is a blob: nobody calls that refused either", async () => {
    const folder = await alice.write(
      Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`${i}.txt`, pattern(1)])),
    );
    await alice.transfers.send({ source: paths(folder), to: [bob.handle], expiresDays: 1 });
    world.clock.ahead = 2 * 86_400_000;
    try {
      const out = bob.newFolder();
      expect(await bob.receive(out)).toEqual([expect.objectContaining({ kind: "refused", code: "blob/expired" })]);
      expect(await bob.receive(out)).toEqual([]);
      expect((await alice.transfers.sent())[0]?.state).toBe("expired");
    } finally {
      world.clock.ahead = 0;
    }
  });

  test("comes from somebody who is blocked: it stays where it is, and comes once they are unblocked", async () => {
    const folder = await alice.write({ "unwanted.txt": pattern(10) });
    await alice.transfers.send({ source: paths(folder), to: [bob.handle] });
    bob.blocked.add(alice.handle);
    const out = bob.newFolder();
    expect(await bob.receive(out)).toEqual([]);
    expect((await filesIn(out)).size).toBe(0);
    bob.blocked.clear();
    expect(await bob.receive(out)).toHaveLength(1);
    expect((await alice.transfers.sent())[0]?.state).toBe("received");
  });

  test("is said twice, or by another device under the same id: the first counts once, and nobody takes its place", async () => {
    const mallory = await world.person("mallory");
    const folder = await alice.write({ a: pattern(10) });
    const bodies: unknown[] = [];
    alice.mail.tamper = (body) => {
      if (body.kind === "file") bodies.push(body);
      return body;
    };
    await alice.transfers.send({ source: paths(join(folder, "a")), to: [bob.handle] });
    alice.mail.tamper = (body) => body;
    const body = bodies[0] as Parameters<typeof alice.mail.deliver>[1];
    await alice.mail.deliver(await alice.mail.directSpace(bob.handle), body);
    await mallory.mail.deliver(await mallory.mail.directSpace(bob.handle), body);
    const received = await bob.receive(bob.newFolder());
    expect(new Set(received.map(({ from }) => from))).toEqual(new Set([alice.handle, mallory.handle]));
    expect(received).toHaveLength(2);
  });
});

describe("a receipt", () => {
  test("that is forged, for another transfer or by somebody else is refused", async () => {
    const eve = await world.person("eve");
    const folder = await alice.write({ a: pattern(10), b: pattern(11) });
    const [first] = await alice.transfers.send({ source: paths(join(folder, "a")), to: [bob.handle] });
    const [second] = await alice.transfers.send({ source: paths(join(folder, "b")), to: [bob.handle] });
    const receipts: Extract<Parameters<typeof bob.mail.deliver>[1], { kind: "receipt" }>[] = [];
    bob.mail.tamper = (body) => {
      if (body.kind !== "receipt") return body;
      receipts.push(body);
      return { kind: "note", text: "held back" };
    };
    await bob.receive(bob.newFolder());
    bob.mail.tamper = (body) => body;
    const [one, two] = receipts;
    if (one?.state.kind !== "received" || two?.state.kind !== "received") return expect.fail();
    const space = await bob.mail.directSpace(alice.handle);
    const signature = new Uint8Array(one.state.receipt.signature);
    signature[0] = (signature[0] ?? 0) ^ 1;
    await bob.mail.deliver(space, {
      ...one,
      state: { kind: "received", receipt: { ...one.state.receipt, signature } },
    });
    await bob.mail.deliver(space, { ...one, state: two.state });
    expect(alice.refusedReceipts).toEqual(["receipt/refused", "receipt/refused"]);
    await eve.mail.deliver(await eve.mail.directSpace(alice.handle), one);
    await expect(alice.transfers.receipt(first?.transfer ?? "")).rejects.toEqual(refusal("receipt/none"));
    expect((await alice.transfers.sent()).slice(0, 2).map(({ state }) => state)).toEqual(["sent", "sent"]);
    await bob.mail.deliver(space, one);
    await bob.mail.deliver(space, two);
    expect((await alice.transfers.receipt(second?.transfer ?? "")).recipient).toBe(bob.handle);
    await expect(alice.transfers.receipt("00".repeat(16))).rejects.toEqual(refusal("transfer/unknown"));
  });
});
