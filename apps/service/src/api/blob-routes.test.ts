import { createHash, randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { base64urlOf, hexOf, leaseName, limits } from "@bulla/wire";
import { leaseEndCodec, missingAnswerCodec, missingQuestionCodec, routes } from "@bulla/wire/api";
import { decode, encode } from "@bulla/wire/encoding";
import { expect, test } from "vitest";
import { nodeVerifier } from "../node-verifier.ts";
import { type Answer, chunkHeaders, send, type TestAccount } from "../testing/test-client.fixture.ts";
import { type RunningService, startService } from "../testing/test-service.fixture.ts";

const hashOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const token = (): Uint8Array => new Uint8Array(randomBytes(32));
const day = ({ clock }: RunningService): number => Math.floor(clock.now() / 86_400_000);
const generousTicket = (account: TestAccount): Promise<string> => account.ticket({ bytes: 2 ** 30, days: 366 });

interface Put {
  readonly bytes: Uint8Array;
  readonly ticket: string;
  readonly token: Uint8Array;
  readonly expiryDay: number;
}
const put = (
  url: string,
  { bytes, ticket, token: secret, expiryDay }: Put,
  hash: Uint8Array = hashOf(bytes),
): Promise<Answer> =>
  send(url, routes.chunk(hash), {
    method: "PUT",
    body: bytes,
    headers: chunkHeaders(ticket, base64urlOf(leaseName(nodeVerifier, secret)), expiryDay),
  });
const get = (url: string, bytes: Uint8Array): Promise<Answer> => send(url, routes.chunk(hashOf(bytes)));
const end = (url: string, bytes: Uint8Array, secret: Uint8Array): Promise<Answer> =>
  send(url, routes.endLeases, {
    method: "POST",
    body: encode(leaseEndCodec, { leases: [{ chunk: hashOf(bytes), token: secret }] }),
  });
const missing = async (url: string, bytes: Uint8Array, secret: Uint8Array, expiryDay: number): Promise<number> => {
  const body = encode(missingQuestionCodec, {
    expiryDay,
    chunks: [{ chunk: hashOf(bytes), lease: leaseName(nodeVerifier, secret) }],
  });
  return decode(missingAnswerCodec, (await send(url, routes.missingChunks, { method: "POST", body })).body, {
    maxBytes: 1000,
  }).missing.length;
};

test("a chunk comes back byte for byte, also after a restart, and putting it again is fine", async () => {
  const running = await startService();
  const ticket = await generousTicket(await running.account("ann"));
  for (const size of [1, 65_536, limits.chunkBytes]) {
    const wanted: Put = { bytes: randomBytes(size), ticket, token: token(), expiryDay: day(running) + 30 };
    expect((await put(running.url, wanted)).status).toBe(204);
    expect((await put(running.url, wanted)).status).toBe(204);
    const got = await get(running.url, wanted.bytes);
    expect(got.headers["content-length"]).toBe(String(size));
    expect(Buffer.compare(got.body, wanted.bytes)).toBe(0);
  }
  const kept: Put = { bytes: randomBytes(1000), ticket, token: token(), expiryDay: day(running) + 30 };
  await put(running.url, kept);
  await running.service[Symbol.asyncDispose]();
  const again = await startService({ dataFolder: running.folder, port: Number(new URL(running.url).port) });
  expect((await get(again.url, kept.bytes)).status).toBe(200);
});

test("bytes of another hash leave nothing behind", async () => {
  const running = await startService();
  const ticket = await generousTicket(await running.account("ann"));
  const wanted: Put = { bytes: randomBytes(5000), ticket, token: token(), expiryDay: day(running) + 30 };
  const other = randomBytes(5000);
  expect((await put(running.url, wanted, hashOf(other))).code).toBe("service/malformed");
  expect((await get(running.url, other)).code).toBe("service/not-found");
  expect(await readdir(join(running.folder, "blobs", "incoming"))).toEqual([]);
  expect(await missing(running.url, other, wanted.token, wanted.expiryDay)).toBe(1);
});

test("an upload that breaks off leaves nothing behind, and its ticket is whole again", async () => {
  const running = await startService();
  const bytes = randomBytes(1_000_000);
  const ticket = await (await running.account("ann")).ticket({ bytes: bytes.length, days: 30 });
  const secret = token();
  const headers = Object.entries(
    chunkHeaders(ticket, base64urlOf(leaseName(nodeVerifier, secret)), day(running) + 30),
  ).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(Number(new URL(running.url).port), "127.0.0.1");
  socket.write(
    `PUT ${routes.chunk(hashOf(bytes))} HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes.length}\r\n${headers.join("")}\r\n`,
  );
  socket.write(bytes.subarray(0, 400_000));
  await expect.poll(async () => (await readdir(join(running.folder, "blobs", "incoming"))).length).toBe(1);
  socket.destroy();
  await expect.poll(async () => (await readdir(join(running.folder, "blobs", "incoming"))).length).toBe(0);
  expect((await get(running.url, bytes)).code).toBe("service/not-found");
  expect((await put(running.url, { bytes, ticket, token: secret, expiryDay: day(running) + 30 })).status).toBe(204);
});

test("a ticket covers so many bytes for so many days, and nothing comes in without one", async () => {
  const running = await startService();
  const ann = await running.account("ann");
  const ticket = await ann.ticket({ bytes: 2000, days: 10 });
  const attempt = async (size: number, days: number, use = ticket): Promise<string | undefined> =>
    (await put(running.url, { bytes: randomBytes(size), ticket: use, token: token(), expiryDay: day(running) + days }))
      .code;
  expect(await attempt(1000, 11)).toBe("service/quota");
  expect(await attempt(2001, 10)).toBe("service/quota");
  expect(await attempt(1500, 10)).toBe(undefined);
  expect(await attempt(501, 10)).toBe("service/quota");
  expect(await attempt(1, 0)).toBe("service/malformed");
  expect(await attempt(1, 367)).toBe("service/malformed");
  expect(await attempt(1, 1, base64urlOf(randomBytes(32)))).toBe("service/forbidden");
  running.clock.milliseconds += 3_600_001;
  expect(await attempt(1, 1)).toBe("service/forbidden");
});

test("a chunk above 4 MiB and one of unknown length are refused", async () => {
  const running = await startService();
  const ticket = await generousTicket(await running.account("ann"));
  const wanted: Put = {
    bytes: new Uint8Array(limits.chunkBytes + 1),
    ticket,
    token: token(),
    expiryDay: day(running) + 30,
  };
  expect((await put(running.url, wanted)).code).toBe("service/too-large");
  const lease = base64urlOf(leaseName(nodeVerifier, wanted.token));
  const response = await fetch(running.url + routes.chunk(hashOf(wanted.bytes)), {
    method: "PUT",
    headers: chunkHeaders(ticket, lease, wanted.expiryDay),
    body: new Blob([randomBytes(10)]).stream(),
    duplex: "half",
  } as RequestInit);
  expect(response.status).toBe(400);
});

test("a chunk lives while any lease lives; only the token ends a lease, and a lease is never shortened", async () => {
  const running = await startService();
  const { url } = running;
  const ticket = await generousTicket(await running.account("ann"));
  const bytes = randomBytes(3000);
  const [first, second] = [token(), token()];
  await put(url, { bytes, ticket, token: first, expiryDay: day(running) + 30 });
  await put(url, { bytes, ticket, token: second, expiryDay: day(running) + 40 });
  // A stranger who knows the chunk and the name of the lease can neither end nor shorten it.
  await end(url, bytes, leaseName(nodeVerifier, first));
  await put(url, { bytes, ticket, token: first, expiryDay: day(running) + 1 });
  expect(await missing(url, bytes, first, day(running) + 30)).toBe(0);
  expect(await missing(url, bytes, first, day(running) + 31)).toBe(1);
  await end(url, bytes, second);
  expect((await get(url, bytes)).status).toBe(200);
  await end(url, bytes, first);
  expect((await get(url, bytes)).code).toBe("service/not-found");
  const folder = hexOf(hashOf(bytes));
  expect(await readdir(join(running.folder, "blobs", folder.slice(0, 2), folder.slice(2, 4)))).toEqual([]);
});

test("a chunk is gone on the day after its last lease, and there again when the clock turns out to have been wrong", async () => {
  const running = await startService();
  const ticket = await generousTicket(await running.account("ann"));
  const bytes = randomBytes(3000);
  await put(running.url, { bytes, ticket, token: token(), expiryDay: day(running) + 2 });
  running.clock.passDays(2);
  expect((await get(running.url, bytes)).status).toBe(200);
  running.clock.passDays(1);
  expect((await get(running.url, bytes)).code).toBe("service/not-found");
  running.clock.passDays(-1);
  expect((await get(running.url, bytes)).status).toBe(200);
});

test("having a chunk without a lease of one's own needs all of its bytes", async () => {
  const running = await startService();
  const ticket = await generousTicket(await running.account("ann"));
  const bytes = randomBytes(3000);
  await put(running.url, { bytes, ticket, token: token(), expiryDay: day(running) + 30 });
  const mine = token();
  expect(await missing(running.url, bytes, mine, day(running) + 1)).toBe(1);
  expect(
    (
      await put(
        running.url,
        { bytes: new Uint8Array(0), ticket, token: mine, expiryDay: day(running) + 30 },
        hashOf(bytes),
      )
    ).code,
  ).toBe("service/malformed");
  expect(await missing(running.url, bytes, mine, day(running) + 1)).toBe(1);
});

test("the time on a chunk's file is midnight", async () => {
  const running = await startService();
  const ticket = await generousTicket(await running.account("ann"));
  const bytes = randomBytes(3000);
  await put(running.url, { bytes, ticket, token: token(), expiryDay: day(running) + 30 });
  const name = hexOf(hashOf(bytes));
  const { mtimeMs } = await stat(join(running.folder, "blobs", name.slice(0, 2), name.slice(2, 4), name));
  expect(mtimeMs % 86_400_000).toBe(0);
});

test("more uploads at once than the service takes are told to come back", async () => {
  const running = await startService({ limits: { maxUploads: 1 } });
  const ticket = await generousTicket(await running.account("ann"));
  const answers = await Promise.all(
    Array.from({ length: 4 }, () =>
      put(running.url, { bytes: randomBytes(2_000_000), ticket, token: token(), expiryDay: day(running) + 30 }),
    ),
  );
  expect(answers.some(({ code }) => code === "service/unavailable")).toBe(true);
  expect(answers.some(({ status }) => status === 204)).toBe(true);
});
