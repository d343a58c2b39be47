import { randomBytes } from "node:crypto";
import { bytesOfBase64url, hexOf, limits, proofBytes } from "@bulla/wire";
import { encodeRequest, type Result } from "@bulla/wire/api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { sha256 } from "../node-verifier.ts";
import { body, TestConnection, TestStream } from "../testing/test-connection.fixture.ts";
import { type RunningService, startService } from "../testing/test-service.fixture.ts";

interface Ready extends RunningService {
  readonly ticket: string;
  readonly connection: TestConnection;
  openStream(): Promise<TestStream>;
}

async function ready(options: Parameters<typeof startService>[0] = {}): Promise<Ready> {
  const running = await startService(options);
  const ticket = await (await running.account("ann")).ticket({ streams: 50 });
  const connection = await TestConnection.open(running.url);
  const openStream = async (): Promise<TestStream> => {
    const stream = new TestStream();
    expect(await connection.attach(stream)).toEqual({ kind: "done" });
    expect(await connection.open(stream, ticket)).toEqual({ kind: "done" });
    return stream;
  };
  return { ...running, ticket, connection, openStream };
}

const codeOf = (result: Result): string => (result.kind === "failed" ? result.code : result.kind);
const bodiesOf = (result: Result): readonly string[] =>
  result.kind === "records"
    ? result.records.map((record) => (record.kind === "record" ? hexOf(record.body.subarray(0, 8)) : "expired"))
    : [codeOf(result)];

test("records come back in the order in which they were appended, from any position on", async () => {
  const { connection, openStream } = await ready();
  const stream = await openStream();
  const bodies = [1024, 4096, 16384, 1024].map((size) => body(size));
  const results = await Promise.all(bodies.map((bytes) => connection.append(stream, bytes)));
  expect(results).toEqual(bodies.map((_, position) => ({ kind: "appended", position })));
  expect(bodiesOf(await connection.read(stream))).toEqual(bodies.map((bytes) => hexOf(bytes.subarray(0, 8))));
  expect(await connection.read(stream, 1, 2)).toMatchObject({ kind: "records", from: 1, more: true, closed: false });
  expect(await connection.read(stream, 2)).toMatchObject({ from: 2, more: false });
  expect(await connection.read(stream, 99)).toMatchObject({ kind: "records", records: [], more: false });
});

test("the same record again is a duplicate at its position, the same id with another body a conflict, also after the close", async () => {
  const { connection, openStream } = await ready();
  const stream = await openStream();
  const recordId = randomBytes(16);
  const bytes = body();
  expect(await connection.append(stream, bytes, { recordId })).toEqual({ kind: "appended", position: 0 });
  expect(await connection.append(stream, bytes, { recordId })).toEqual({ kind: "duplicate", position: 0 });
  expect(await connection.append(stream, body(), { recordId })).toEqual({ kind: "conflict" });
  expect(await connection.append(stream, body(), { close: true })).toEqual({ kind: "appended", position: 1 });
  expect(await connection.append(stream, bytes, { recordId })).toEqual({ kind: "duplicate", position: 0 });
  expect(await connection.append(stream, body(), { recordId })).toEqual({ kind: "conflict" });
  expect(await connection.append(stream, body())).toEqual({ kind: "closed", length: 2 });
});

test("of two closes at once on two connections the first wins and the other learns the length", async () => {
  const { connection, openStream, url } = await ready();
  const stream = await openStream();
  await using other = await TestConnection.open(url);
  await other.attach(stream);
  const results = await Promise.all([connection, other].map((one) => one.append(stream, body(), { close: true })));
  expect(results.map(({ kind }) => kind).sort()).toEqual(["appended", "closed"]);
  expect(results.find(({ kind }) => kind === "closed")).toEqual({ kind: "closed", length: 1 });
});

test("an append pipelined behind its open finds the stream open", async () => {
  const { connection, ticket } = await ready();
  const stream = new TestStream();
  const results = await Promise.all([
    connection.attach(stream),
    connection.open(stream, ticket),
    connection.append(stream, body()),
  ]);
  expect(results.map(codeOf)).toEqual(["done", "done", "appended"]);
});

test("a stream must be attached to be read, its key proven to be appended to, and opened before either finds anything", async () => {
  const { connection, url, openStream, ticket } = await ready();
  const stream = await openStream();
  await connection.append(stream, body());
  await using reader = await TestConnection.open(url);
  expect(codeOf(await reader.read(stream))).toBe("service/unauthorized");
  expect(codeOf(await reader.follow(stream))).toBe("service/unauthorized");
  expect(codeOf(await reader.open(stream, ticket))).toBe("service/unauthorized");
  await reader.attach(stream, false);
  expect(bodiesOf(await reader.read(stream))).toHaveLength(1);
  expect(codeOf(await reader.append(stream, body()))).toBe("service/forbidden");
  const fresh = new TestStream();
  await reader.attach(fresh);
  expect(codeOf(await reader.append(fresh, body()))).toBe("service/not-found");
  expect(await reader.read(fresh)).toMatchObject({ kind: "records", records: [], closed: false, more: false });
});

test("a wrong read secret leads to another, empty stream", async () => {
  const { connection, openStream, url } = await ready();
  const stream = await openStream();
  await connection.append(stream, body());
  await using reader = await TestConnection.open(url);
  await reader.request({
    kind: "attach",
    streamKind: 1,
    writeKey: stream.write.publicKey,
    readSecret: new Uint8Array(32),
    proof: null,
  });
  expect(codeOf(await reader.read(stream))).toBe("service/unauthorized");
});

test("a proof by another key, for another stream, or of another connection is refused; the right one passes", async () => {
  const { connection, openStream, url } = await ready();
  const stream = await openStream();
  await using other = await TestConnection.open(url);
  const attach = (proof: Uint8Array): Promise<Result> =>
    other.request({
      kind: "attach",
      streamKind: 1,
      writeKey: stream.write.publicKey,
      readSecret: stream.readSecret,
      proof,
    });
  const { sid, write } = stream;
  expect(codeOf(await attach(new TestStream().write.sign(proofBytes(other.nonce, sid))))).toBe("service/unauthorized");
  expect(codeOf(await attach(write.sign(proofBytes(other.nonce, new TestStream().sid))))).toBe("service/unauthorized");
  expect(codeOf(await attach(write.sign(proofBytes(connection.nonce, sid))))).toBe("service/unauthorized");
  expect(codeOf(await other.append(stream, body()))).toBe("service/unauthorized");
  expect(codeOf(await attach(write.sign(proofBytes(other.nonce, sid))))).toBe("done");
  expect(codeOf(await other.append(stream, body()))).toBe("appended");
});

test("opening costs one stream of the ticket, opening again costs nothing, and without a ticket nothing opens", async () => {
  const { connection, account } = await ready();
  const ticket = await (await account("bob")).ticket({ streams: 1 });
  const [one, two] = [new TestStream(), new TestStream()];
  await connection.attach(one);
  await connection.attach(two);
  expect(codeOf(await connection.open(two, "A".repeat(43)))).toBe("service/forbidden");
  expect(codeOf(await connection.open(one, ticket))).toBe("done");
  expect(codeOf(await connection.open(one, ticket))).toBe("done");
  expect(codeOf(await connection.open(two, ticket))).toBe("service/quota");
});

test("a closed stream's write key opens eight streams and no ninth; an open stream's opens none", async () => {
  const { connection, openStream, url } = await ready();
  const stream = await openStream();
  const open = async (by: TestConnection, sid: Uint8Array): Promise<string> =>
    codeOf(await by.request({ kind: "open", sid, admission: { kind: "closed", sid: stream.sid } }));
  const next = Array.from({ length: 9 }, () => new TestStream());
  for (const one of next) await connection.attach(one);
  expect(await open(connection, next[0]?.sid ?? stream.sid)).toBe("service/forbidden");
  await connection.append(stream, body(), { close: true });
  await using reader = await TestConnection.open(url);
  await reader.attach(stream, false);
  await reader.attach(next[0] ?? stream);
  expect(await open(reader, next[0]?.sid ?? stream.sid)).toBe("service/forbidden");
  const codes = [];
  for (const { sid } of next) codes.push(await open(connection, sid));
  expect(codes).toEqual([...Array(8).fill("done"), "service/forbidden"]);
  expect(await open(connection, next[3]?.sid ?? stream.sid)).toBe("done");
});

test("who follows a stream before it is opened gets everything once it is", async () => {
  const { connection, url, ticket } = await ready();
  const stream = new TestStream();
  await using follower = await TestConnection.open(url);
  await follower.attach(stream, false);
  expect(await follower.follow(stream)).toEqual({ kind: "done" });
  await connection.attach(stream);
  await connection.open(stream, ticket);
  for (let i = 0; i < 5; i++) await connection.append(stream, body(), { close: i === 4 });
  await follower.until(() => follower.pushed.some(({ closed }) => closed));
  expect(follower.pushedBodies(stream)).toEqual(bodiesOf(await connection.read(stream)));
});

test("a follower that comes back goes on from its cursor, without gap or repetition", async () => {
  const { connection, openStream, url } = await ready();
  const stream = await openStream();
  const got: string[] = [];
  for (let round = 0; round < 4; round++) {
    await using follower = await TestConnection.open(url);
    await follower.attach(stream, false);
    await follower.follow(stream, got.length);
    const appended = Array.from({ length: 20 }, () => connection.append(stream, body()));
    await follower.until(() => follower.pushedBodies(stream).length >= 10);
    got.push(...follower.pushedBodies(stream));
    await Promise.all(appended);
  }
  expect(got).toEqual(bodiesOf(await connection.read(stream)).slice(0, got.length));
});

test("an already closed stream is told to a follower once, and unfollowing ends the pushes", async () => {
  const { connection, openStream } = await ready();
  const [closed, open] = [await openStream(), await openStream()];
  await connection.append(closed, body(), { close: true });
  await connection.follow(closed, 1);
  await connection.until(() => connection.pushed.length === 1);
  expect(connection.pushed[0]).toMatchObject({ from: 1, records: [], closed: true });
  await connection.follow(open);
  await connection.append(open, body());
  await connection.until(() => connection.pushedBodies(open).length === 1);
  await connection.request({ kind: "unfollow", sid: open.sid });
  await connection.append(open, body());
  await connection.read(open);
  expect(connection.pushedBodies(open)).toHaveLength(1);
});

test("a record whose day has passed reads as its id and the hash of its body, before and after the sweep, and is still known", async () => {
  const { connection, openStream, clock, service, folder, url } = await ready();
  const stream = await openStream();
  const today = Math.floor(clock.now() / 86_400_000);
  const bytes = body();
  const recordId = new Uint8Array(randomBytes(16));
  for (const expiryDay of [today, today + 367])
    expect(codeOf(await connection.append(stream, body(), { expiryDay }))).toBe("service/malformed");
  await connection.append(stream, bytes, { recordId, expiryDay: today + 2 });
  clock.passDays(2);
  expect(bodiesOf(await connection.read(stream))).toEqual([hexOf(bytes.subarray(0, 8))]);
  clock.passDays(1);
  const expired = { kind: "records", records: [{ kind: "expired", recordId, bodyHash: sha256(bytes) }] };
  expect(await connection.read(stream)).toMatchObject(expired);
  await service[Symbol.asyncDispose]();
  await startService({ dataFolder: folder, port: Number(new URL(url).port), clock });
  await using later = await TestConnection.open(url);
  await later.attach(stream);
  await expect.poll(() => later.read(stream)).toMatchObject(expired);
  expect(await later.append(stream, bytes, { recordId })).toEqual({ kind: "duplicate", position: 0 });
  expect(await later.append(stream, body(), { recordId })).toEqual({ kind: "conflict" });
});

test("a reader that takes nothing does not make the service hold what it has asked for", async () => {
  const { connection, openStream, url } = await ready();
  const stream = await openStream();
  for (let i = 0; i < 8; i++)
    await Promise.all(Array.from({ length: 32 }, () => connection.append(stream, body(16384))));
  const before = process.memoryUsage();
  const lazy = await Promise.all(Array.from({ length: 8 }, () => TestConnection.open(url)));
  for (const one of lazy) {
    await one.attach(stream, false);
    one.socket.pause();
    // Each follower alone would be sent 4 MiB, and each read answered with 4 MiB: 3 GB together.
    one.socket.send(encodeRequest({ id: 1_000_000, operation: { kind: "follow", sid: stream.sid, from: 0 } }));
    for (let id = 0; id < 100; id++)
      one.socket.send(
        encodeRequest({ id: 2_000_000 + id, operation: { kind: "read", sid: stream.sid, from: 0, max: 256 } }),
      );
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const { rss, external, arrayBuffers } = process.memoryUsage();
  expect(external + arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(300 * 1024 * 1024);
  expect(rss - before.rss).toBeLessThan(500 * 1024 * 1024);
  // Control: it all comes once the reader takes it.
  const [first] = lazy;
  first?.socket.resume();
  await first?.until(() => first.pushedBodies(stream).length === 256);
  for (const one of lazy) await one[Symbol.asyncDispose]();
});

test("whatever bytes arrive as a frame, only that connection is lost", async () => {
  const { connection, openStream, url, log } = await ready();
  const stream = await openStream();
  const valid = encodeRequest({
    id: 1,
    operation: {
      kind: "append",
      sid: stream.sid,
      recordId: randomBytes(16),
      body: body(),
      expiryDay: null,
      close: false,
    },
  });
  const mutated = fc
    .tuple(fc.nat(valid.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([at, flip]) => valid.map((byte, i) => (i === at ? byte ^ flip : byte)));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), async (frame) => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/v1/connect`);
      await new Promise((resolve) => socket.once("message", resolve));
      const done = new Promise((resolve) => {
        socket.once("message", resolve);
        socket.once("close", resolve);
      });
      socket.send(frame);
      await done;
      socket.terminate();
    }),
    { numRuns: 200 },
  );
  expect(codeOf(await connection.append(stream, body()))).toBe("appended");
  expect(log).toEqual([]);
});

test("text frames and frames above the limit end the connection with its code", async () => {
  const { url } = await ready();
  const text = await TestConnection.open(url);
  text.socket.send("hello");
  expect(await text.closed()).toBe(1003);
  const long = await TestConnection.open(url);
  long.socket.send(new Uint8Array(limits.maxRecordBytes + 2000));
  expect(await long.closed()).toBe(1009);
});

test("a connection attaches so many streams and no more", async () => {
  const { connection } = await ready();
  const attach = (i: number): Promise<Result> =>
    connection.request({
      kind: "attach",
      streamKind: 1,
      writeKey: new Uint8Array(32),
      readSecret: sha256(Uint8Array.of(i >> 8, i & 255)),
      proof: null,
    });
  const results = await Promise.all(Array.from({ length: limits.maxStreamsPerConnection + 1 }, (_, i) => attach(i)));
  expect(results.filter(({ kind }) => kind === "done")).toHaveLength(limits.maxStreamsPerConnection);
  expect(codeOf(results.at(-1) ?? { kind: "done" })).toBe("service/quota");
});

test("an upgrade elsewhere is refused", async () => {
  const { url } = await ready();
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/elsewhere`);
  const error = await new Promise<Error>((resolve) => socket.once("error", resolve));
  expect(error.message).toMatch("404");
});

test("a ticket that fell out of memory still opens what it opened before", async () => {
  const { connection, ticket, clock } = await ready();
  const stream = new TestStream();
  await connection.attach(stream);
  await connection.open(stream, ticket);
  clock.milliseconds += 4_000_000;
  expect(bytesOfBase64url(ticket)).toHaveLength(32);
  expect(codeOf(await connection.open(stream, ticket))).toBe("done");
});
