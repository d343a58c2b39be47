import { randomBytes } from "node:crypto";
import { hexOf, limits, parseHandle } from "@bulla/wire";
import {
  accountAnswerCodec,
  type ClaimAnswer,
  claimAnswerCodec,
  keyPackageUploadCodec,
  poolStateCodec,
  routes,
} from "@bulla/wire/api";
import { decode, encode } from "@bulla/wire/encoding";
import { decodeSignedStatement, verifyChain } from "@bulla/wire/identity";
import { expect, test } from "vitest";
import { nodeVerifier } from "../node-verifier.ts";
import { type Answer, send, TestAccount } from "../testing/test-client.fixture.ts";
import { TestDevice } from "../testing/test-device.fixture.ts";
import { startService } from "../testing/test-service.fixture.ts";

const generous = { maxBytes: 10_000_000 };
const statementsOf = (answer: Answer): readonly Uint8Array[] =>
  decode(accountAnswerCodec, answer.body, generous).statements;
const claimsOf = (answer: Answer): ClaimAnswer["packages"] => decode(claimAnswerCodec, answer.body, generous).packages;
const upload = (count: number, lastResort: Uint8Array | null = null): Uint8Array =>
  encode(keyPackageUploadCodec, {
    keyPackages: Array.from({ length: count }, () => new Uint8Array(randomBytes(300))),
    lastResort,
  });

test("an account's chain comes back as it was put, whole or from a position on, and verifies", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const handle = parseHandle("ann", ann.domain);
  const add = ann.device.statement({ kind: "addDevice", device: new TestDevice().certificate(handle) }, 1, ann.create);
  expect((await ann.send(routes.statements("ann"), { method: "POST", body: add })).status).toBe(204);
  const all = statementsOf(await send(url, routes.account("ann")));
  const chain = await verifyChain(nodeVerifier, handle, all.map(decodeSignedStatement));
  expect(chain.position).toBe(2);
  expect(statementsOf(await send(url, `${routes.account("ann")}?from=1`)).map(hexOf)).toEqual([hexOf(add)]);
  expect(statementsOf(await send(url, `${routes.account("ann")}?from=2`))).toEqual([]);
});

test("an account is found again after a restart", async () => {
  const first = await startService();
  const ann = await first.account("ann");
  const port = Number(new URL(first.url).port);
  await first.service[Symbol.asyncDispose]();
  await startService({ dataFolder: first.folder, port });
  expect((await ann.send(routes.inbox("ann", ann.device.id))).status).toBe(200);
});

test("of several who want one name at once exactly one gets it, and asking again with the same statement is fine", async () => {
  const { service, url } = await startService();
  const rivals = Array.from({ length: 6 }, () => new TestAccount(url, service.domain, "ann"));
  const put = (rival: TestAccount): Promise<Answer> =>
    rival.send(routes.account("ann"), { method: "PUT", body: rival.create });
  const answers = await Promise.all(rivals.map(put));
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([204, 409, 409, 409, 409, 409]);
  const winner = rivals[answers.findIndex(({ status }) => status === 204)];
  expect(winner && (await put(winner)).status).toBe(204);
  expect(answers.find(({ status }) => status === 409)?.code).toBe("service/conflict");
});

test("of two statements for one position the second is refused, and the first repeated is fine", async () => {
  const { account } = await startService();
  const ann = await account("ann");
  const handle = parseHandle("ann", ann.domain);
  const add = (): Uint8Array =>
    ann.device.statement({ kind: "addDevice", device: new TestDevice().certificate(handle) }, 1, ann.create);
  const [one, two] = [add(), add()];
  const post = (body: Uint8Array): Promise<Answer> => ann.send(routes.statements("ann"), { method: "POST", body });
  const answers = await Promise.all([post(one), post(two)]);
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([204, 409]);
  const [won, lost] = answers[0]?.status === 204 ? [one, two] : [two, one];
  expect((await post(won)).status).toBe(204);
  expect((await post(lost)).code).toBe("service/conflict");
});

test("rubbish never gets into a chain", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const handle = parseHandle("ann", ann.domain);
  const post = async (body: Uint8Array): Promise<string | undefined> =>
    (await ann.send(routes.statements("ann"), { method: "POST", body })).code;
  const stranger = new TestDevice();
  expect(await post(randomBytes(200))).toBe("wire/malformed");
  expect(await post(new Uint8Array(limits.maxStatementBytes + 500))).toBe("service/too-large");
  expect(
    await post(stranger.statement({ kind: "addDevice", device: stranger.certificate(handle) }, 1, ann.create)),
  ).toBe("identity/bad-chain");
  expect(
    await post(
      ann.device.statement(
        { kind: "addDevice", device: stranger.certificate(parseHandle("bob", ann.domain)) },
        1,
        ann.create,
      ),
    ),
  ).toBe("identity/bad-signature");
  expect(await post(ann.device.statement({ kind: "reset", device: stranger.certificate(handle) }, 1, ann.create))).toBe(
    "identity/unsupported-statement",
  );
  expect(statementsOf(await send(url, routes.account("ann")))).toHaveLength(1);
});

test("an account is only started by its own statement, for a handle of this service", async () => {
  const { service, url } = await startService();
  const put = async (account: TestAccount, name: string, body: Uint8Array): Promise<string | undefined> =>
    (await account.send(routes.account(name), { method: "PUT", body })).code;
  const ann = new TestAccount(url, service.domain, "ann");
  expect(await put(ann, "ann", ann.device.create(parseHandle("ann", "other.example")))).toBe("identity/bad-chain");
  expect(await put(ann, "bob", ann.create)).toBe("service/unauthorized");
  expect(await put(ann, "ann", new TestDevice().create(parseHandle("ann", service.domain)))).toBe(
    "service/unauthorized",
  );
  expect(await put(new TestAccount(url, service.domain, "-no"), "-no", ann.create)).toBe("wire/bad-handle");
  expect(await put(new TestAccount(url, service.domain, "Ann"), "Ann", ann.create)).toBe("wire/bad-handle");
  expect((await send(url, routes.account("ann"))).code).toBe("service/not-found");
});

test("a pool counts what is left, ignores what it had, is bounded, and knows the day of its last resort", async () => {
  const { clock, account } = await startService();
  const ann = await account("ann");
  const path = routes.keyPackages("ann", ann.device.id);
  const put = async (body: Uint8Array): Promise<Answer> => ann.send(path, { method: "PUT", body });
  const stateOf = (answer: Answer): object => decode(poolStateCodec, answer.body, generous);
  const three = upload(3, randomBytes(300));
  const day = Math.floor(clock.now() / 86_400_000);
  expect(stateOf(await put(three))).toEqual({ remaining: 3, lastResortDay: day });
  expect(stateOf(await put(three))).toEqual({ remaining: 3, lastResortDay: day });
  for (let i = 0; i < 3; i++) await put(upload(64));
  expect((await put(upload(6))).code).toBe("service/quota");
  expect(stateOf(await ann.send(path))).toEqual({ remaining: 195, lastResortDay: day });
});

test("no package is handed out twice, however many claim at once; only the last resort is, and says so", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const body = upload(20, randomBytes(300));
  await ann.send(routes.keyPackages("ann", ann.device.id), { method: "PUT", body });
  const answers = await Promise.all(
    Array.from({ length: 25 }, () => send(url, routes.claims("ann"), { method: "POST" })),
  );
  const claimed = answers.flatMap(claimsOf);
  const single = claimed.filter(({ lastResort }) => !lastResort).map(({ keyPackage }) => hexOf(keyPackage));
  expect(new Set(single).size).toBe(20);
  expect(single).toHaveLength(20);
  expect(new Set(claimed.filter(({ lastResort }) => lastResort).map(({ keyPackage }) => hexOf(keyPackage))).size).toBe(
    1,
  );
  // An upload repeated after a lost answer does not bring spent packages back.
  await ann.send(routes.keyPackages("ann", ann.device.id), { method: "PUT", body });
  expect(
    claimsOf(await send(url, routes.claims("ann"), { method: "POST" })).map(({ lastResort }) => lastResort),
  ).toEqual([true]);
});

test("a claim gives one package of each active device that has one", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  expect(claimsOf(await send(url, routes.claims("ann"), { method: "POST" }))).toEqual([]);
  await ann.send(routes.keyPackages("ann", ann.device.id), { method: "PUT", body: upload(2) });
  const second = new TestDevice();
  const add = ann.device.statement(
    { kind: "addDevice", device: second.certificate(parseHandle("ann", ann.domain)) },
    1,
    ann.create,
  );
  await ann.send(routes.statements("ann"), { method: "POST", body: add });
  await new TestAccount(url, ann.domain, "ann", second).send(routes.keyPackages("ann", second.id), {
    method: "PUT",
    body: upload(2),
  });
  const ids = (answer: Answer): readonly string[] => claimsOf(answer).map(({ deviceId }) => hexOf(deviceId));
  expect(ids(await send(url, routes.claims("ann"), { method: "POST" }))).toEqual([ann.device.id, second.id]);
  const revoke = ann.device.statement({ kind: "revokeDevice", deviceId: second.deviceId }, 2, add);
  await ann.send(routes.statements("ann"), { method: "POST", body: revoke });
  expect(ids(await send(url, routes.claims("ann"), { method: "POST" }))).toEqual([ann.device.id]);
  expect((await send(url, routes.claims("nobody"), { method: "POST" })).code).toBe("service/not-found");
});

test("strangers can drain a pool only so fast, and a signed claim of a local account still passes", async () => {
  const { url, account } = await startService({ limits: { claimsFromAccount: { burst: 3, perMinute: 1 } } });
  const [ann, bob] = [await account("ann"), await account("bob")];
  await ann.send(routes.keyPackages("ann", ann.device.id), { method: "PUT", body: upload(10) });
  const codes = [];
  for (let i = 0; i < 4; i++) codes.push((await send(url, routes.claims("ann"), { method: "POST" })).code);
  expect(codes).toEqual([undefined, undefined, undefined, "service/rate-limited"]);
  expect(claimsOf(await bob.send(routes.claims("ann"), { method: "POST" }))).toHaveLength(1);
});

test("an address that asks too often for accounts is told to wait, and may go on later", async () => {
  const { url, clock } = await startService({ limits: { lookups: { burst: 2, perMinute: 60 }, loopbackFactor: 1 } });
  const ask = async (): Promise<string | undefined> => (await send(url, routes.account("ann"))).code;
  expect([await ask(), await ask(), await ask()]).toEqual([
    "service/not-found",
    "service/not-found",
    "service/rate-limited",
  ]);
  clock.milliseconds += 1100;
  expect(await ask()).toBe("service/not-found");
});

test("behind a proxy on this machine, everybody has a limit of their own", async () => {
  const { url } = await startService({ limits: { lookups: { burst: 2, perMinute: 60 }, loopbackFactor: 1000 } });
  const ask = async (address: string): Promise<string | undefined> =>
    (await send(url, routes.account("ann"), { headers: { "x-forwarded-for": address } })).code;
  const [one, other] = ["198.51.100.1", "198.51.100.2"];
  const last = "service/rate-limited";
  expect([await ask(one), await ask(one), await ask(one)].at(-1)).toBe(last);
  expect(await ask(other)).toBe("service/not-found");
  // What a client claims of itself is not believed: the proxy adds the address that it sees.
  expect(await ask(`203.0.113.7, ${one}`)).toBe(last);
});
