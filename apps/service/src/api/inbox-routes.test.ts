import { randomBytes } from "node:crypto";
import { bytesOfBase64url, capabilityHash, hexOf, limits } from "@bulla/wire";
import {
  capabilityChangeCodec,
  envelopePostCodec,
  type InboxAnswer,
  type InboxRight,
  inboxAcknowledgementCodec,
  inboxAnswerCodec,
  routes,
} from "@bulla/wire/api";
import { decode, encode } from "@bulla/wire/encoding";
import { expect, test } from "vitest";
import { nodeVerifier } from "../node-verifier.ts";
import { type Answer, send, type TestAccount } from "../testing/test-client.fixture.ts";
import { startService } from "../testing/test-service.fixture.ts";

const stranger: InboxRight = { kind: "stranger" };
const envelope = (size = 4096): Uint8Array => new Uint8Array(randomBytes(size));
const post = (url: string, to: TestAccount, right: InboxRight, bytes: Uint8Array = envelope()): Promise<Answer> =>
  send(url, routes.inbox(to.name, to.device.id), {
    method: "POST",
    body: encode(envelopePostCodec, { right, envelope: bytes }),
  });
const read = async (of: TestAccount, from = 0): Promise<InboxAnswer> =>
  decode(inboxAnswerCodec, (await of.send(`${routes.inbox(of.name, of.device.id)}?from=${from}`)).body, {
    maxBytes: 10_000_000,
  });
const acknowledge = (of: TestAccount, through: number): Promise<Answer> =>
  of.send(routes.inboxAcknowledgements(of.name, of.device.id), {
    method: "POST",
    body: encode(inboxAcknowledgementCodec, { through }),
  });

test("envelopes wait in their order until they are acknowledged, and no position is used twice", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const sent = [envelope(), envelope(16384), envelope()];
  for (const bytes of sent) expect((await post(url, ann, stranger, bytes)).status).toBe(204);
  const got = await read(ann);
  expect(got.envelopes.map(({ position, envelope: bytes }) => [position, hexOf(bytes)])).toEqual(
    sent.map((bytes, i) => [i, hexOf(bytes)]),
  );
  expect((await acknowledge(ann, 2)).status).toBe(204);
  expect((await read(ann)).envelopes).toEqual([]);
  await post(url, ann, stranger);
  expect((await read(ann)).envelopes.map(({ position }) => position)).toEqual([3]);
});

test("more envelopes than one answer holds come page by page", async () => {
  const { url, account } = await startService({ limits: { strangerEnvelopesToInbox: { burst: 100, perMinute: 1 } } });
  const ann = await account("ann");
  for (let i = 0; i < limits.maxEnvelopesPerRead + 3; i++) await post(url, ann, stranger);
  const first = await read(ann);
  expect([first.envelopes.length, first.more]).toEqual([limits.maxEnvelopesPerRead, true]);
  const second = await read(ann, limits.maxEnvelopesPerRead);
  expect([second.envelopes.length, second.more]).toEqual([3, false]);
});

test("a contact's capability lets in until it is taken back, and a wrong one never does", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const secret = new Uint8Array(randomBytes(32));
  const right: InboxRight = { kind: "capability", secret };
  const change = (add: readonly Uint8Array[], remove: readonly Uint8Array[]): Promise<Answer> =>
    ann.send(routes.capabilities("ann", ann.device.id), {
      method: "PUT",
      body: encode(capabilityChangeCodec, { add, remove }),
    });
  expect((await post(url, ann, right)).code).toBe("service/forbidden");
  expect((await change([capabilityHash(nodeVerifier, secret)], [])).status).toBe(204);
  expect((await post(url, ann, right)).status).toBe(204);
  expect((await post(url, ann, { kind: "capability", secret: new Uint8Array(32) })).code).toBe("service/forbidden");
  await change([], [capabilityHash(nodeVerifier, secret)]);
  expect((await post(url, ann, right)).code).toBe("service/forbidden");
});

test("a ticket lets in as often as it says", async () => {
  const { url, account } = await startService();
  const [ann, bob] = [await account("ann"), await account("bob")];
  const right: InboxRight = {
    kind: "ticket",
    ticket: bytesOfBase64url(await bob.ticket({ envelopes: 1 })) ?? new Uint8Array(32),
  };
  expect((await post(url, ann, right)).status).toBe(204);
  expect((await post(url, ann, right)).code).toBe("service/quota");
  expect((await post(url, ann, { kind: "ticket", ticket: new Uint8Array(32) })).code).toBe("service/forbidden");
});

test("strangers are limited per inbox, also when they are one", async () => {
  const { url, account } = await startService({ limits: { strangerEnvelopesToInbox: { burst: 2, perMinute: 1 } } });
  const [ann, bob] = [await account("ann"), await account("bob")];
  const codes = [];
  for (let i = 0; i < 3; i++) codes.push((await post(url, ann, stranger)).code);
  expect(codes).toEqual([undefined, undefined, "service/rate-limited"]);
  expect((await post(url, bob, stranger)).status).toBe(204);
});

test("strangers cannot fill an inbox so far that contacts find no room", async () => {
  const { url, account } = await startService({ limits: { maxEnvelopesByStrangers: 1, maxEnvelopesPerInbox: 2 } });
  const ann = await account("ann");
  const secret = new Uint8Array(randomBytes(32));
  await ann.send(routes.capabilities("ann", ann.device.id), {
    method: "PUT",
    body: encode(capabilityChangeCodec, { add: [capabilityHash(nodeVerifier, secret)], remove: [] }),
  });
  expect((await post(url, ann, stranger)).status).toBe(204);
  expect((await post(url, ann, stranger)).code).toBe("service/quota");
  expect((await post(url, ann, { kind: "capability", secret })).status).toBe(204);
  expect((await post(url, ann, { kind: "capability", secret })).code).toBe("service/quota");
});

test("only the two sizes of envelopes pass, and only to devices that exist", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  for (const size of [1, 4095, 4097, 16383])
    expect((await post(url, ann, stranger, envelope(size))).code).toBe("service/malformed");
  const body = encode(envelopePostCodec, { right: stranger, envelope: envelope() });
  expect((await send(url, routes.inbox("ann", "0".repeat(32)), { method: "POST", body })).code).toBe(
    "service/not-found",
  );
  expect((await send(url, routes.inbox("nobody", ann.device.id), { method: "POST", body })).code).toBe(
    "service/not-found",
  );
  expect((await send(url, routes.inbox("ann", "xyz"), { method: "POST", body })).code).toBe("service/not-found");
  expect(
    (await send(url, routes.inbox("ann", ann.device.id), { method: "POST", body: new Uint8Array(40_000) })).code,
  ).toBe("service/too-large");
});

test("an envelope is gone when its 30 days have passed", async () => {
  const { url, account, clock } = await startService();
  const ann = await account("ann");
  await post(url, ann, stranger);
  clock.passDays(30);
  expect((await read(ann)).envelopes).toHaveLength(1);
  clock.passDays(1);
  expect((await read(ann)).envelopes).toHaveLength(0);
});
