import { request as httpRequest } from "node:http";
import { base64urlOf, hexOf, utf8 } from "@bulla/wire";
import { inboxAcknowledgementCodec, nonceAnswerSchema, routes, signRequest } from "@bulla/wire/api";
import { encode } from "@bulla/wire/encoding";
import { type InnerView, lookInside } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import type { SwapName } from "./permissive.ts";
import type { Family, Outcome, Row } from "./row.ts";
import { type Person, Stage } from "./stage.ts";
import { product } from "./variant.ts";

interface Signed {
  readonly method: "POST" | "GET" | "PUT";
  readonly path: string;
  readonly host: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Requests that were signed for something else. Here the service is the victim, and whoever listens or owns another device the attacker. */
export const requests: Family = { name: "requests", rows };

async function rows(): Promise<readonly Row[]> {
  const inside = await product();
  const stage = await Stage.open();
  const bob = await stage.person("bob");
  const mallory = await stage.person("mallory");
  const [bobInside, malloryInside] = [await lookInside(inside, bob), await lookInside(inside, mallory)];
  const host = stage.proxy.authority;

  const nonce = async (): Promise<string> =>
    nonceAnswerSchema.parse(await (await fetch(stage.proxy.target + routes.nonces, { method: "POST" })).json()).nonce;
  /** As Bob's client would. */
  const sign = async (
    method: Signed["method"],
    path: string,
    body: Uint8Array,
    by: InnerView = bobInside,
    name = "bob",
    withNonce?: string,
  ): Promise<Signed> => {
    const keyId = `${name}/${hexOf(by.me.deviceId)}`;
    const signer = {
      keyId,
      nonce: withNonce ?? (await nonce()),
      sign: (message: Uint8Array) => by.primitives.signEd25519(by.secrets.requestSeed, message),
    };
    const headers = await signRequest({ method, url: `http://${host}${path}`, body }, signer, by.primitives.sha256);
    return { method, path, host, body, headers: { ...headers } };
  };
  const deviceHex = hexOf(bobInside.me.deviceId);
  const inbox = routes.inbox("bob", deviceHex);
  const acknowledge = (through: number): Uint8Array => encode(inboxAcknowledgementCodec, { through });
  const admission = utf8(JSON.stringify({ bytes: 1000, days: 1, streams: 1, envelopes: 1 }));

  /** The same against the service as it ships, then against a permissive one on the same data. */
  const judge = async (
    attack: () => Promise<readonly number[]>,
    expected: readonly number[],
    ...swaps: readonly SwapName[]
  ): Promise<Outcome> => {
    const refused = await attack();
    await stage.stop();
    await stage.start(await product(...swaps));
    const twin = await attack();
    await stage.stop();
    await stage.start(inside);
    const isOk = (status: number | undefined): boolean => status !== undefined && status >= 200 && status < 300;
    return {
      refused: refused.join() === expected.join(),
      control: twin.every(isOk),
      why: `${refused.join()} / ${twin.join()}`,
    };
  };
  const send = (signed: Signed): Promise<number> => sendRaw(stage.proxy.target, signed);
  const row = (what: string, attack: string, run: Row["run"]): Row => ({
    id: `request-${what}`,
    attack,
    seenAt: "any signed web request without nonce, digest or place",
    run,
  });

  return [
    row("replay", "a signed request is sent again: an admission, an acknowledgement, a look at an inbox", () =>
      judge(
        async () => {
          const again: number[] = [];
          for (const signed of [
            await sign("POST", routes.admissions, admission),
            await sign("POST", routes.inboxAcknowledgements("bob", deviceHex), acknowledge(0)),
            await sign("GET", inbox, new Uint8Array()),
          ]) {
            const first = await send(signed);
            if (first >= 300) throw new Error(`an honest request was answered ${first}`);
            again.push(await send(signed));
          }
          return again;
        },
        [401, 401, 401],
        "noncesForEver",
      ),
    ),
    row("body", "another body is put under a signed request", () =>
      judge(
        async () => [
          await send({
            ...(await sign("POST", routes.inboxAcknowledgements("bob", deviceHex), acknowledge(0))),
            body: acknowledge(99),
          }),
        ],
        [401],
        "undigestedBodies",
      ),
    ),
    row("path", "a signed request is sent to another path", () =>
      judge(
        async () => [
          await send({ ...(await sign("GET", inbox, new Uint8Array())), path: routes.keyPackages("bob", deviceHex) }),
        ],
        [401],
        "unsignedRequests",
      ),
    ),
    row("query", "a signed request gets another query", () =>
      judge(
        async () => [
          await send({ ...(await sign("GET", `${inbox}?from=0`, new Uint8Array())), path: `${inbox}?from=7` }),
        ],
        [401],
        "unsignedRequests",
      ),
    ),
    row("service", "a request signed for another service is sent to this one", () =>
      judge(
        async () => {
          const elsewhere = async (): Promise<Signed> => signFor("evil.example", inbox, bobInside, await nonce());
          return [await send({ ...(await elsewhere()), host }), await send(await elsewhere())];
        },
        [401, 401],
        "unsignedRequests",
        "anyAuthority",
      ),
    ),
    row("other-device", "another account's device, or the key of another device, reads an inbox", () =>
      judge(
        async () => [
          await send(await sign("GET", inbox, new Uint8Array(), malloryInside, "mallory")),
          await send(await signAs(bobInside, malloryInside)),
        ],
        [403, 401],
        "anyDevice",
        "unsignedRequests",
      ),
    ),
    {
      id: "stolen-ticket",
      attack: "an admission ticket is used after the service started anew, and an invented one",
      seenAt: "session tokens",
      run: async () => {
        const ticketAfterRestart = async (by: Inside): Promise<readonly string[]> => {
          const ticket = await ticketOf(inside, stage, bob);
          await stage.stop();
          await stage.start(by);
          return [
            await open(inside, stage, bobInside, ticket),
            await open(inside, stage, bobInside, new Uint8Array(32)),
          ];
        };
        const got = await ticketAfterRestart(inside);
        const twin = await ticketAfterRestart(await product("anyTicket"));
        await stage.stop();
        await stage.start(inside);
        return {
          refused: got.join() === "service/forbidden,service/forbidden",
          control: twin.join() === "opened,opened",
          why: `${got.join()} / ${twin.join()}`,
        };
      },
    },
    {
      id: "stolen-nonce",
      attack: "a nonce is used after the service started anew, and an invented one",
      seenAt: "session tokens",
      run: async () => {
        const old = await nonce();
        await stage.stop();
        await stage.start(inside);
        return judge(
          async () => [
            await send(await sign("GET", inbox, new Uint8Array(), bobInside, "bob", old)),
            await send(await sign("GET", inbox, new Uint8Array(), bobInside, "bob", base64urlOf(new Uint8Array(32)))),
          ],
          [401, 401],
          "noncesForEver",
        );
      },
    },
  ];

  async function signFor(authority: string, path: string, by: InnerView, withNonce: string): Promise<Signed> {
    const signer = {
      keyId: `bob/${deviceHex}`,
      nonce: withNonce,
      sign: (message: Uint8Array) => by.primitives.signEd25519(by.secrets.requestSeed, message),
    };
    const headers = await signRequest(
      { method: "GET", url: `http://${authority}${path}`, body: new Uint8Array() },
      signer,
      by.primitives.sha256,
    );
    return { method: "GET", path, host: authority, body: new Uint8Array(), headers: { ...headers } };
  }

  /** Says it is that device, and signs with another one's key. */
  async function signAs(named: InnerView, signing: InnerView): Promise<Signed> {
    return sign("GET", inbox, new Uint8Array(), {
      ...named,
      secrets: { ...named.secrets, requestSeed: signing.secrets.requestSeed },
    });
  }
}

async function ticketOf({ client, node }: Inside, stage: Stage, person: Person): Promise<Uint8Array> {
  const view = await lookInside(await product(), person);
  await using transport = new node.NodeTransport();
  const signer = {
    name: person.name,
    deviceId: view.me.deviceId,
    sign: (message: Uint8Array) => view.primitives.signEd25519(view.secrets.requestSeed, message),
  };
  const service = client.createServiceClient({ transport, verifier: view.primitives, url: stage.proxy.url, signer });
  return (await service.requestTicket({ bytes: 1000, days: 1, streams: 8, envelopes: 8 })).ticket;
}

const patience = { timeoutMilliseconds: 5000 } as const;

/** Open a fresh stream with a ticket. */
async function open(
  { client, core, node, wire }: Inside,
  stage: Stage,
  { primitives }: InnerView,
  ticket: Uint8Array,
): Promise<string> {
  await using transport = new node.NodeTransport();
  await using connection = new client.StreamConnection({
    transport,
    verifier: primitives,
    clock: node.systemClock,
    random: primitives.random,
    url: stage.proxy.url,
  });
  const stream = core.streamSecrets(primitives, primitives.random(32) as Parameters<typeof core.streamSecrets>[1], 0);
  await connection.attach(stream, (message) => primitives.signEd25519(stream.writeSeed, message), patience);
  return await connection.openStream(stream.sid, { kind: "ticket", ticket }, patience).then(
    () => "opened",
    (error: unknown) => (wire.isBullaError(error) ? error.code : String(error)),
  );
}

function sendRaw(target: string, { method, path, host, body, headers }: Signed): Promise<number> {
  const type = body[0] === 0x7b ? "application/json" : "application/cbor";
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      target + path,
      {
        method,
        headers: {
          ...headers,
          host,
          connection: "close",
          ...(body.length > 0 ? { "content-type": type, "content-length": String(body.length) } : {}),
        },
      },
      (answer) => {
        answer.resume();
        answer.once("end", () => resolve(answer.statusCode ?? 0));
      },
    );
    request.once("error", reject);
    request.end(body);
  });
}
