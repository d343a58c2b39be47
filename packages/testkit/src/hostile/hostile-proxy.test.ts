import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StreamConnection } from "@bulla/client";
import { createAccount, createNodePrimitives, NodeTransport, systemClock } from "@bulla/client/node";
import { streamSecrets } from "@bulla/core";
import { createService } from "@bulla/service";
import { accountAnswerCodec, routes } from "@bulla/wire/api";
import { decode } from "@bulla/wire/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flipBit } from "./flip-bit.ts";
import { HostileProxy } from "./hostile-proxy.ts";

const folder = mkdtempSync(join(tmpdir(), "bulla-hostile-"));
let proxy: HostileProxy;
let service: AsyncDisposable;

beforeAll(async () => {
  proxy = await HostileProxy.start();
  const started = await createService({ dataFolder: join(folder, "service"), port: 0, domain: proxy.authority });
  proxy.target = started.url;
  service = started;
  await createAccount({ home: join(folder, "alice"), handle: "alice", service: proxy.url });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function statements(): Promise<readonly Uint8Array[]> {
  const answer = await fetch(proxy.url + routes.account("alice"));
  return decode(accountAnswerCodec, new Uint8Array(await answer.arrayBuffer()), { maxBytes: 100_000 }).statements;
}

describe("a hostile proxy", () => {
  test("without lies changes nothing, so that a real client makes its account through it", async () => {
    expect(await statements()).toHaveLength(1);
    expect(proxy.seen.requests.some(({ method }) => method === "PUT")).toBe(true);
  });

  test("shows another identity chain when it is told to", async () => {
    proxy.lies = {
      statements: (name, from, honest) => (name === "alice" && from === 0 ? [...honest, ...honest] : honest),
    };
    expect(await statements()).toHaveLength(2);
    proxy.lies = {};
    expect(await statements()).toHaveLength(1);
  });

  test("answers a request that the service never sees", async () => {
    proxy.lies = { answer: ({ path }) => (path === routes.about ? { status: 418 } : undefined) };
    expect((await fetch(proxy.url + routes.about)).status).toBe(418);
    proxy.lies = {};
    expect((await fetch(proxy.url + routes.about)).status).toBe(200);
  });

  test("shows records that nobody appended", async () => {
    const primitives = createNodePrimitives();
    const stream = streamSecrets(primitives, primitives.random(32) as Parameters<typeof streamSecrets>[1], 0);
    await using transport = new NodeTransport();
    await using connection = new StreamConnection({
      transport,
      verifier: primitives,
      clock: systemClock,
      random: primitives.random,
      url: proxy.url,
    });
    const patience = { timeoutMilliseconds: 5000 };
    await connection.attach(stream, (message) => primitives.signEd25519(stream.writeSeed, message), patience);
    const planted = { kind: "record", recordId: new Uint8Array(16), body: new Uint8Array(1024) } as const;
    proxy.lies = { records: (shown) => ({ ...shown, records: [...shown.records, planted] }) };
    const { records } = await connection.read(stream.sid, 0, 10, patience);
    expect(records).toEqual([planted]);
    proxy.lies = {};
    expect((await connection.read(stream.sid, 0, 10, patience)).records).toEqual([]);
  });
});

test("one flipped bit is one flipped bit", () => {
  expect(flipBit(Uint8Array.of(0, 0, 0), 1)).toEqual(Uint8Array.of(0, 1, 0));
  expect(flipBit(Uint8Array.of(0, 0, 0), -1)).toEqual(Uint8Array.of(0, 0, 1));
  expect(() => flipBit(Uint8Array.of(0), 1)).toThrow(RangeError);
});
