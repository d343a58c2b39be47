import { createServer, type RequestListener, type Server } from "node:http";
import { capabilityHash, isBullaError, leaseName, limits } from "@bulla/wire";
import { accountAnswerCodec, mediaTypes } from "@bulla/wire/api";
import { encode } from "@bulla/wire/encoding";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NodeTransport, systemClock } from "../platform/node/index.ts";
import { discoverService } from "./discover-service.ts";
import { createTestAccount, primitives, RunningService, signerOf, type TestAccount } from "./service.fixture.ts";
import { createServiceClient, type ServiceClient } from "./service-client.ts";
import { refusal } from "./service-refusal.ts";
import { withRetries } from "./with-retries.ts";

let service: RunningService;
let alice: TestAccount;
const transport = new NodeTransport();

beforeAll(async () => {
  service = await RunningService.start();
  alice = await createTestAccount(transport, service, "alice");
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await transport[Symbol.asyncDispose]();
});

/** Runs against a server that answers as it likes. */
async function withServer<T>(listener: RequestListener, run: (url: string) => Promise<T>): Promise<T> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    return await run(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const clientAt = (url: string): ServiceClient =>
  createServiceClient({ transport, verifier: primitives, url, signer: signerOf("alice", alice.secrets) });
const refusedWith = (code: string): unknown => expect.objectContaining({ code });
const today = (): number => Math.floor(Date.now() / 86_400_000);

describe("against the service", () => {
  test("a host leads to its service, and the service says who it is", async () => {
    const url = await discoverService(transport, service.domain);
    expect(url).toBe(service.url);
    expect(await clientAt(url).about()).toMatchObject({ version: 1, host: service.domain });
  });

  test("an account's statements come back as they were published, and a taken name is refused", async () => {
    expect(await alice.client.getStatements("alice", 0)).toEqual([alice.statement]);
    expect(await alice.client.getStatements("alice", 1)).toEqual([]);
    await expect(createTestAccount(transport, service, "alice")).rejects.toThrow(refusedWith("service/conflict"));
    await expect(alice.client.getStatements("nobody", 0)).rejects.toThrow(refusedWith("service/not-found"));
    await expect(alice.client.appendStatement("alice", alice.statement)).rejects.toThrow(
      refusedWith("identity/bad-chain"),
    );
  });

  test("uploaded KeyPackages are claimed once each, and then the last resort again and again", async () => {
    const [one, two] = [primitives.random(900), primitives.random(900)];
    expect(await alice.client.uploadKeyPackages({ keyPackages: [one], lastResort: two })).toMatchObject({
      remaining: 1,
    });
    const stranger = createServiceClient({ transport, verifier: primitives, url: service.url });
    expect((await stranger.claimKeyPackages("alice")).packages).toEqual([
      { deviceId: alice.secrets.deviceId, keyPackage: one, lastResort: false },
    ]);
    expect((await alice.client.claimKeyPackages("alice")).packages).toMatchObject([
      { keyPackage: two, lastResort: true },
    ]);
    expect(await alice.client.poolState()).toMatchObject({ remaining: 0 });
  });

  test("an envelope reaches the inbox by capability, by ticket and as a stranger's, and is gone after it was acknowledged", async () => {
    const { client, secrets } = alice;
    const stranger = createServiceClient({ transport, verifier: primitives, url: service.url });
    const secret = primitives.random(32);
    await client.changeCapabilities({ add: [capabilityHash(primitives, secret)], remove: [] });
    const { ticket } = await client.requestTicket({ bytes: 0, days: 0, streams: 0, envelopes: 1 });
    const envelopes = [primitives.random(4096), primitives.random(4096), primitives.random(16384)];
    const rights = [
      { kind: "capability", secret } as const,
      { kind: "ticket", ticket } as const,
      { kind: "stranger" } as const,
    ];
    for (const [i, right] of rights.entries())
      await stranger.postEnvelope("alice", secrets.deviceId, right, envelopes[i] ?? new Uint8Array());
    const read = await client.readInbox(0);
    expect(read.envelopes.map(({ envelope }) => envelope)).toEqual(envelopes);
    await client.acknowledgeInbox(read.envelopes.at(-1)?.position ?? 0);
    expect((await client.readInbox(0)).envelopes).toEqual([]);
    await expect(
      stranger.postEnvelope(
        "alice",
        secrets.deviceId,
        { kind: "capability", secret: primitives.random(32) },
        primitives.random(4096),
      ),
    ).rejects.toThrow(refusedWith("service/forbidden"));
  });

  test("a chunk is missing until it was put, comes back whole, and is gone when its lease ended", async () => {
    const { client } = alice;
    const bytes = primitives.random(limits.blobFloorBytes);
    const hash = primitives.sha256(bytes);
    const token = primitives.random(32);
    const lease = leaseName(primitives, token);
    const expiryDay = today() + 3;
    const { ticket } = await client.requestTicket({ bytes: bytes.length, days: 3, streams: 0, envelopes: 0 });
    expect(await client.missingChunks({ expiryDay, chunks: [{ chunk: hash, lease }] })).toEqual([hash]);
    await client.putChunk({ hash, lease, expiryDay, ticket, bytes });
    expect(await client.missingChunks({ expiryDay, chunks: [{ chunk: hash, lease }] })).toEqual([]);
    expect(await client.getChunk(hash)).toEqual(bytes);
    await expect(client.putChunk({ hash: primitives.random(32), lease, expiryDay, ticket, bytes })).rejects.toThrow(
      expect.objectContaining({ name: "BullaError" }),
    );
    await client.endLeases({ leases: [{ chunk: hash, token }] });
    await expect(client.getChunk(hash)).rejects.toThrow(refusedWith("service/not-found"));
  });

  test("signed requests go on when the service has forgotten every nonce, also many at once", async () => {
    await alice.client.poolState();
    await service.stop();
    await service.restart();
    expect(await alice.client.poolState()).toMatchObject({ remaining: 0 });
    const many = await Promise.all(Array.from({ length: 20 }, () => alice.client.poolState()));
    expect(many).toHaveLength(20);
  });

  test("another device's key is refused for good, not in a loop", async () => {
    const impostor = createServiceClient({
      transport,
      verifier: primitives,
      url: service.url,
      signer: signerOf("alice", { ...alice.secrets, requestSeed: primitives.random(32) }),
    });
    await expect(impostor.poolState()).rejects.toThrow(refusedWith("service/unauthorized"));
  });
});

describe("against a service that lies", () => {
  test("a chunk with other bytes than its name is refused", async () => {
    const bytes = primitives.random(1000);
    const serve: RequestListener = (_request, response) =>
      response.writeHead(200, { "content-type": mediaTypes.octets }).end(bytes);
    await withServer(serve, async (url) => {
      await expect(clientAt(url).getChunk(primitives.random(32))).rejects.toThrow(refusedWith("blob/refused"));
      // Control: under its own name the same answer is taken.
      expect(await clientAt(url).getChunk(primitives.sha256(bytes))).toEqual(new Uint8Array(bytes));
    });
  });

  test("an answer above the limit is refused, with its length announced or not", async () => {
    for (const announce of [true, false]) {
      const serve: RequestListener = (_request, response) => {
        response.writeHead(200, {
          "content-type": mediaTypes.octets,
          ...(announce ? { "content-length": limits.chunkBytes + 1 } : {}),
        });
        response.end(new Uint8Array(limits.chunkBytes + 1));
      };
      await withServer(serve, (url) =>
        expect(clientAt(url).getChunk(primitives.random(32))).rejects.toThrow(refusedWith("transport/bad-answer")),
      );
    }
  });

  test("an answer of another type, of another shape, or a redirect is refused", async () => {
    const good = encode(accountAnswerCodec, { statements: [], evidence: null });
    const answers: readonly (readonly [number, Readonly<Record<string, string>>, Uint8Array | string])[] = [
      [200, { "content-type": "text/html" }, good],
      [200, {}, good],
      [200, { "content-type": mediaTypes.cbor }, good.subarray(1)],
      [200, { "content-type": mediaTypes.cbor }, new Uint8Array()],
      [
        200,
        { "content-type": mediaTypes.cbor },
        encode(accountAnswerCodec, { statements: [primitives.random(40)], evidence: null }),
      ],
      [302, { location: "/v1/about" }, ""],
      [404, { "content-type": "text/html" }, "<p>not here</p>"],
      [500, { "content-type": mediaTypes.json }, JSON.stringify({ error: { code: "space/fork", message: "" } })],
      [500, { "content-type": mediaTypes.json }, JSON.stringify({ error: { code: "constructor", message: "" } })],
    ];
    for (const [status, headers, body] of answers) {
      await withServer(
        (_request, response) => response.writeHead(status, headers).end(body),
        (url) => expect(clientAt(url).getStatements("alice", 0)).rejects.toThrow(refusedWith("transport/bad-answer")),
      );
    }
    const control: RequestListener = (_request, response) =>
      response.writeHead(200, { "content-type": mediaTypes.cbor }).end(good);
    expect(await withServer(control, (url) => clientAt(url).getStatements("alice", 0))).toEqual([]);
  });

  test("a host whose service calls itself by another name, or lives at no web address, is refused", async () => {
    const cases = [
      { bulla: 1, service: "https://example.org", host: "another.example" },
      { bulla: 1, service: "ftp://example.org", host: "HOST" },
      { bulla: 1, service: "https://user@example.org", host: "HOST" },
      { bulla: 2, service: "https://example.org", host: "HOST" },
    ];
    for (const known of cases) {
      await withServer(
        (request, response) =>
          response
            .writeHead(200, { "content-type": mediaTypes.json })
            .end(JSON.stringify(known).replace("HOST", request.headers.host ?? "")),
        (url) =>
          expect(discoverService(transport, new URL(url).host)).rejects.toThrow(refusedWith("transport/bad-answer")),
      );
    }
    await expect(discoverService(transport, "Not A Host")).rejects.toThrow(refusedWith("wire/bad-handle"));
    expect(await discoverService(transport, "acme.example", new Map([["acme.example", "http://127.0.0.1:1/"]]))).toBe(
      "http://127.0.0.1:1",
    );
  });

  test("a refused nonce is replaced once and not again", async () => {
    let signed = 0;
    const serve: RequestListener = (request, response) => {
      if (request.url === "/v1/nonces")
        return response.writeHead(200, { "content-type": mediaTypes.json }).end(JSON.stringify({ nonce: "abc" }));
      signed++;
      return response
        .writeHead(401, { "content-type": mediaTypes.json })
        .end(JSON.stringify({ error: { code: "service/unauthorized", message: "no" } }));
    };
    await withServer(serve, (url) =>
      expect(clientAt(url).poolState()).rejects.toThrow(refusedWith("service/unauthorized")),
    );
    expect(signed).toBe(2);
  });

  test("a proxy's outage page counts as an outage", async () => {
    await withServer(
      (_request, response) => response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>"),
      (url) => expect(clientAt(url).about()).rejects.toThrow(refusedWith("service/unavailable")),
    );
  });
});

test("whatever a service says is shown bounded and printable", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 400 }),
      fc.string({ unit: "binary", maxLength: 200 }),
      (message, hint) => {
        const shown = refusal("service/quota", message, hint);
        expect(`${shown.message}${shown.hint}`).toMatch(/^[\x20-\x7e]{1,400}$/);
      },
    ),
  );
});

test("retries stop at success, at a cause that does not pass, and when they are used up", async () => {
  const options = { attempts: 3, firstWaitMilliseconds: 1 };
  let calls = 0;
  const failing = (code: string, until: number) => async (): Promise<number> => {
    if (++calls < until) throw refusal(code, "");
    return calls;
  };
  expect(await withRetries(systemClock, primitives.random, failing("service/unavailable", 3), options)).toBe(3);
  calls = 0;
  await expect(
    withRetries(systemClock, primitives.random, failing("service/rate-limited", 9), options),
  ).rejects.toThrow(refusedWith("service/rate-limited"));
  expect(calls).toBe(3);
  calls = 0;
  await expect(withRetries(systemClock, primitives.random, failing("service/quota", 9), options)).rejects.toSatisfy(
    (error) => isBullaError(error, "service/quota"),
  );
  expect(calls).toBe(1);
});
