import { randomBytes } from "node:crypto";
import { base64urlOf, dayOf, leaseName } from "@bulla/wire";
import { claimAnswerCodec, headerNames, leaseEndCodec, mediaTypes, routes } from "@bulla/wire/api";
import { decode, encode } from "@bulla/wire/encoding";
import { lookInside } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import { codeOf, type Family, type Row } from "./row.ts";
import { Stage } from "./stage.ts";
import { product } from "./variant.ts";

const dayMilliseconds = 86_400_000;

/** What strangers may do to leases and pools. The service is the victim. */
export const serviceRules: Family = { name: "service-rules", rows };

async function rows(): Promise<readonly Row[]> {
  const inside = await product();
  let days = 0;
  const stage = await Stage.open(inside, { clock: { now: () => Date.now() + days * dayMilliseconds } });
  const bob = await stage.person("bob");
  const bobInside = await lookInside(inside, bob);

  const play = async <T>(by: Inside, work: () => Promise<T>): Promise<T> => {
    await stage.stop();
    await stage.start(by);
    return work().finally(() => {
      days = 0;
    });
  };
  /** Bob keeps a chunk for ten days. */
  const keep = async (
    lease: Uint8Array,
    expiryDays: number,
    chunk: Uint8Array = new Uint8Array(randomBytes(70_000)),
  ): Promise<Uint8Array> => {
    const { client, node } = inside;
    await using transport = new node.NodeTransport();
    const signer = {
      name: "bob",
      deviceId: bobInside.me.deviceId,
      sign: (message: Uint8Array) => bobInside.primitives.signEd25519(bobInside.secrets.requestSeed, message),
    };
    const service = client.createServiceClient({
      transport,
      verifier: bobInside.primitives,
      url: stage.proxy.url,
      signer,
    });
    const { ticket } = await service.requestTicket({ bytes: 1_000_000, days: 30, streams: 0, envelopes: 0 });
    const hash = bobInside.primitives.sha256(chunk);
    const headers = {
      [headerNames.ticket]: base64urlOf(ticket),
      [headerNames.lease]: base64urlOf(lease),
      [headerNames.expiryDay]: String(dayOf(Date.now()) + expiryDays),
      "content-type": mediaTypes.octets,
    };
    const answer = await fetch(stage.proxy.target + routes.chunk(hash), {
      method: "PUT",
      headers,
      body: new Uint8Array(chunk),
    });
    if (answer.status !== 204) throw new Error(`a chunk was answered ${answer.status}`);
    return chunk;
  };
  const isThere = async (chunk: Uint8Array): Promise<boolean> => {
    const answer = await fetch(stage.proxy.target + routes.chunk(bobInside.primitives.sha256(chunk)));
    await answer.arrayBuffer();
    return answer.status === 200;
  };

  return [
    {
      id: "lease-end",
      attack: "a stranger who knows a chunk's hash ends its lease",
      seenAt: "capability storage",
      run: async () => {
        const attack = async (): Promise<boolean> => {
          const chunk = await keep(leaseName(bobInside.primitives, randomBytes(32)), 10);
          const body = encode(leaseEndCodec, {
            leases: [{ chunk: bobInside.primitives.sha256(chunk), token: new Uint8Array(32) }],
          });
          await fetch(stage.proxy.target + routes.endLeases, {
            method: "POST",
            headers: { "content-type": mediaTypes.cbor },
            body: new Uint8Array(body),
          });
          return isThere(chunk);
        };
        return { refused: await play(inside, attack), control: !(await play(await product("leasesByChunk"), attack)) };
      },
    },
    {
      id: "lease-shorten",
      attack: "somebody who saw a lease's name holds it once more, for a shorter time",
      seenAt: "capability storage",
      run: async () => {
        const attack = async (): Promise<boolean> => {
          const lease = leaseName(bobInside.primitives, randomBytes(32));
          const chunk = await keep(lease, 10);
          await keep(lease, 1, chunk);
          days = 5;
          return isThere(chunk);
        };
        return { refused: await play(inside, attack), control: !(await play(await product("shorterLeases"), attack)) };
      },
    },
    {
      id: "probe-drain",
      attack: "a stranger claims KeyPackages until none is left, to watch a person or to weaken the next contact",
      seenAt: "Signal (Prekey Pogo), WhatsApp (Careless Whisper)",
      run: async () => {
        const attack = async (): Promise<{
          readonly single: number;
          readonly lastResort: number;
          readonly limited: number;
        }> => {
          const seen = { single: 0, lastResort: 0, limited: 0 };
          for (let i = 0; i < 90; i++) {
            const answer = await fetch(stage.proxy.target + routes.claims("bob"), { method: "POST" });
            const body = new Uint8Array(await answer.arrayBuffer());
            if (answer.status === 429) seen.limited++;
            else if (
              decode(claimAnswerCodec, body, { maxBytes: 100_000 }).packages.every(({ lastResort }) => lastResort)
            )
              seen.lastResort++;
            else seen.single++;
          }
          return seen;
        };
        const got = await play(inside, attack);
        // Whoever comes as an account of the service is still served.
        const alice = await stage.person("alice");
        const sent = await stage.send(alice, bob, await stage.file("hi.txt", "hi")).then(({ state }) => state, codeOf);
        const twin = await play(await product("noRates"), attack);
        return {
          refused: got.limited > 0 && got.lastResort > 0 && got.single <= 24 && sent === "sent",
          control: twin.limited === 0,
          why: `${JSON.stringify(got)} ${sent} / ${JSON.stringify(twin)}`,
        };
      },
    },
  ];
}
