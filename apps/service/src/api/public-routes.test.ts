import { aboutSchema, errorAnswerSchema, routes, wellKnownSchema } from "@bulla/wire/api";
import { expect, test } from "vitest";
import { jsonOf, send } from "../testing/test-client.fixture.ts";
import { startService } from "../testing/test-service.fixture.ts";

test("the service says where it is, who it is and what day it has", async () => {
  const { url, service } = await startService();
  expect(wellKnownSchema.parse(jsonOf(await send(url, routes.wellKnown)))).toEqual({
    bulla: 1,
    service: url,
    host: service.domain,
  });
  expect(aboutSchema.parse(jsonOf(await send(url, routes.about))).host).toBe(service.domain);
});

test("behind a proxy with its domain it names itself by https", async () => {
  const { url } = await startService({ domain: "acme.example" });
  expect(jsonOf(await send(url, routes.wellKnown, { headers: { host: "acme.example" } }))).toEqual({
    bulla: 1,
    service: "https://acme.example",
    host: "acme.example",
  });
  expect(jsonOf(await send(url, routes.wellKnown))["service"]).toBe(url);
  expect(jsonOf(await send(url, routes.wellKnown, { headers: { host: "evil.example" } }))["service"]).toBe(
    "https://acme.example",
  );
});

test("the page at / is static: nothing may load, run or frame it", async () => {
  const { url } = await startService();
  const page = await send(url, "/");
  expect(page.headers["content-type"]).toMatch(/^text\/html/);
  expect(page.headers["content-security-policy"]).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
  expect(Buffer.from(page.body).toString()).not.toMatch(/<script|src=/);
});

test("the interface describes every route of wire", async () => {
  const { url } = await startService();
  const { paths } = jsonOf(await send(url, routes.openapi));
  const described = Object.keys(typeof paths === "object" && paths !== null ? paths : {}).map((path) =>
    path.replace("{name}", "n").replace("{deviceId}", "d").replace("{hash}", ""),
  );
  const known = [
    routes.account("n"),
    routes.statements("n"),
    routes.claims("n"),
    routes.keyPackages("n", "d"),
    routes.inbox("n", "d"),
    routes.inboxAcknowledgements("n", "d"),
    routes.capabilities("n", "d"),
  ];
  for (const path of [
    ...known,
    routes.wellKnown,
    routes.about,
    routes.nonces,
    routes.admissions,
    routes.missingChunks,
    routes.endLeases,
    "/v1/chunks/",
  ])
    expect(described).toContain(path);
});

test("every refusal has the one shape, also for unknown routes and methods", async () => {
  const { url } = await startService();
  for (const [path, method] of [
    ["/nope", "GET"],
    [routes.about, "DELETE"],
    ["/v1/accounts/%zz", "GET"],
    [`${routes.account("a")}?from=-1`, "GET"],
  ] as const) {
    const answer = await send(url, path, { method });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(errorAnswerSchema.parse(jsonOf(answer)).error.code).toMatch(/^service\//);
  }
});

test("a page of any origin may ask, with the headers it needs", async () => {
  const { url } = await startService();
  const preflight = await send(url, routes.admissions, {
    method: "OPTIONS",
    headers: { origin: "https://web.example", "access-control-request-method": "POST" },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers["access-control-allow-origin"]).toBe("*");
  for (const name of ["signature-input", "content-digest", "bulla-ticket"])
    expect(preflight.headers["access-control-allow-headers"]).toContain(name);
  expect((await send(url, routes.about)).headers["access-control-expose-headers"]).toBe("bulla-nonce");
});

test("admission answers a ticket until the quota is used up, and counts across a restart", async () => {
  // Sums are stored in steps of 16 GiB-days.
  const step = 2 ** 34;
  const limits = { quota: { days: 30, byteDays: 10 * step, streams: 5, envelopes: 5 } };
  const first = await startService({ limits });
  const ann = await first.account("ann");
  const ask = async (bytes: number, days: number, streams = 0): Promise<string | undefined> =>
    (
      await ann.send(routes.admissions, {
        method: "POST",
        body: Buffer.from(JSON.stringify({ bytes, days, streams, envelopes: 0 })),
      })
    ).code;
  expect(await ask(step, 9)).toBe(undefined);
  expect(await ask(step + 1, 1)).toBe("service/quota");
  expect(await ask(0, 0, 6)).toBe("service/quota");
  await first.service[Symbol.asyncDispose]();
  const port = Number(new URL(first.url).port);
  const second = await startService({ limits, dataFolder: first.folder, port, clock: first.clock });
  expect(await ask(step + 1, 1)).toBe("service/quota");
  expect(await ask(step, 1)).toBe(undefined);
  first.clock.passDays(30);
  expect(await ask(step + 1, 1)).toBe(undefined);
  expect((await ann.send(routes.admissions, { method: "POST", body: Buffer.from("{}") })).code).toBe(
    "service/malformed",
  );
  expect((await send(second.url, routes.admissions, { method: "POST", body: Buffer.from("{}") })).code).toBe(
    "service/unauthorized",
  );
});
