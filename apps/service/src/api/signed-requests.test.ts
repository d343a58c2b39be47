import { limits, parseHandle } from "@bulla/wire";
import { routes } from "@bulla/wire/api";
import { expect, test } from "vitest";
import { send, TestAccount } from "../testing/test-client.fixture.ts";
import { TestDevice } from "../testing/test-device.fixture.ts";
import { startService } from "../testing/test-service.fixture.ts";

test("a signed request passes once; the same request again is refused, and a fresh nonce comes with both answers", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const path = routes.inbox("ann", ann.device.id);
  const headers = await ann.sign(path);
  const first = await send(url, path, { headers });
  expect(first.status).toBe(200);
  const again = await send(url, path, { headers });
  expect([again.status, again.code]).toEqual([401, "service/unauthorized"]);
  expect(first.headers["bulla-nonce"]).toMatch(/^[\w-]{43}$/);
  expect(again.headers["bulla-nonce"]).not.toBe(first.headers["bulla-nonce"]);
});

test("of two copies of a signed request at once only one passes", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const path = routes.inbox("ann", ann.device.id);
  const headers = await ann.sign(path);
  const answers = await Promise.all([1, 2, 3, 4].map(() => send(url, path, { headers })));
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 401, 401, 401]);
});

test("a signature moved to another method, path, query, body or service is refused", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const path = routes.inboxAcknowledgements("ann", ann.device.id);
  const body = Uint8Array.of(0x81, 5);
  const other = Uint8Array.of(0x81, 6);
  const inbox = routes.inbox("ann", ann.device.id);
  const refused = async (
    signed: Parameters<TestAccount["sign"]>,
    sentPath: string,
    method: string,
    sent: Uint8Array,
  ): Promise<number> => (await send(url, sentPath, { method, body: sent, headers: await ann.sign(...signed) })).status;
  expect(await refused([path, { method: "POST", body }], path, "POST", other)).toBe(401);
  expect(await refused([inbox], `${inbox}?from=1`, "GET", new Uint8Array())).toBe(401);
  expect(await refused([`${inbox}?from=2`], `${inbox}?from=1`, "GET", new Uint8Array())).toBe(401);
  expect(await refused([path, { method: "PUT", body }], path, "POST", body)).toBe(401);
  expect(await refused([inbox], routes.keyPackages("ann", ann.device.id), "GET", new Uint8Array())).toBe(401);
  expect(await refused([inbox, {}, "http://other.example"], inbox, "GET", new Uint8Array())).toBe(401);
  // Control: the same things unmoved pass.
  expect(await refused([path, { method: "POST", body }], path, "POST", body)).toBe(204);
  expect(await refused([`${inbox}?from=1`], `${inbox}?from=1`, "GET", new Uint8Array())).toBe(200);
});

test("a request that names another service as its host is refused, though its signature is right for that host", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const path = routes.inbox("ann", ann.device.id);
  const headers = { ...(await ann.sign(path, {}, "http://other.example")), host: "other.example" };
  expect((await send(url, path, { headers })).code).toBe("service/unauthorized");
});

test("127.0.0.1 and localhost are one authority", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const path = routes.inbox("ann", ann.device.id);
  expect((await send(url.replace("localhost", "127.0.0.1"), path, { headers: await ann.sign(path) })).status).toBe(200);
});

test("a nonce is refused when it was never issued or is older than its time", async () => {
  const { url, account, clock } = await startService();
  const ann = await account("ann");
  const path = routes.inbox("ann", ann.device.id);
  const headers = await ann.sign(path);
  clock.milliseconds += limits.nonceSeconds * 1000 + 1;
  expect((await send(url, path, { headers })).code).toBe("service/unauthorized");
  const invented = new (class extends TestAccount {
    override nonce(): Promise<string> {
      return Promise.resolve("A".repeat(43));
    }
  })(url, ann.domain, "ann", ann.device);
  expect((await invented.send(path)).code).toBe("service/unauthorized");
});

test("a device that was revoked can sign nothing any more, and one that was added can", async () => {
  const { url, account } = await startService();
  const ann = await account("ann");
  const second = new TestDevice();
  const handle = parseHandle("ann", ann.domain);
  const add = ann.device.statement({ kind: "addDevice", device: second.certificate(handle) }, 1, ann.create);
  expect((await ann.send(routes.statements("ann"), { method: "POST", body: add })).status).toBe(204);
  const asSecond = new TestAccount(url, ann.domain, "ann", second);
  expect((await asSecond.send(routes.inbox("ann", second.id))).status).toBe(200);
  const revoke = ann.device.statement({ kind: "revokeDevice", deviceId: second.deviceId }, 2, add);
  expect((await ann.send(routes.statements("ann"), { method: "POST", body: revoke })).status).toBe(204);
  expect((await asSecond.send(routes.inbox("ann", second.id))).code).toBe("service/unauthorized");
});

test("unsigned requests, strangers' keys and unknown accounts get the same answer", async () => {
  const { url, account, service } = await startService();
  const ann = await account("ann");
  const path = routes.inbox("ann", ann.device.id);
  const answers = await Promise.all([
    send(url, path),
    new TestAccount(url, service.domain, "ann").send(path),
    new TestAccount(url, service.domain, "nobody").send(path),
    send(url, path, { headers: { "signature-input": "bulla=()", signature: "bulla=:AA==:", "content-digest": "x" } }),
  ]);
  expect(answers.map(({ code }) => code)).toEqual(Array(4).fill("service/unauthorized"));
  expect(new Set(answers.map(({ body }) => Buffer.from(body).toString())).size).toBe(1);
});

test("a device cannot reach what belongs to another account or device", async () => {
  const { account } = await startService();
  const [ann, bob] = [await account("ann"), await account("bob")];
  expect((await ann.send(routes.inbox("bob", bob.device.id))).code).toBe("service/forbidden");
  expect((await ann.send(routes.statements("bob"), { method: "POST", body: bob.create })).code).toBe(
    "service/forbidden",
  );
  expect((await ann.send(routes.keyPackages("ann", bob.device.id))).code).toBe("service/forbidden");
});
