import { createServiceClient, type ServiceClient, StreamConnection } from "@bulla/client";
import { createNodePrimitives, NodeTransport, systemClock } from "@bulla/client/node";
import { createChain, createDeviceSecrets, type Primitives } from "@bulla/core";
import { dayOf, parseHandle, type StreamAddress, streamKinds } from "@bulla/wire";
import { ours } from "../report/figures.ts";
import type { Workplace } from "../run/workplace.ts";
import { Arrivals, type DeliveryChannel } from "./channel.ts";

/** A stream of the real service, followed by clients over WebSockets. */
export interface BullaStreams {
  /** A channel with so many subscribers, each with a connection of its own. */
  channel(subscribers: number): Promise<DeliveryChannel>;
}

export async function openBullaStreams(place: Workplace, url: string): Promise<BullaStreams> {
  const primitives = createNodePrimitives();
  const transport = place.keep(new NodeTransport());
  const client = await createAccount(primitives, transport, url);
  const connect = (): StreamConnection =>
    place.keep(
      new StreamConnection({ transport, verifier: primitives, clock: systemClock, random: primitives.random, url }),
    );
  return {
    channel: async (subscribers) => {
      const seed = primitives.random(32);
      const address: StreamAddress = {
        kind: streamKinds.chapter,
        writeKey: primitives.ed25519PublicKey(seed),
        readSecret: primitives.random(32),
      };
      const writer = connect();
      const sid = await writer.attach(address, (message) => primitives.signEd25519(seed, message));
      const { ticket } = await client.requestTicket({ bytes: 0, days: 0, streams: 1, envelopes: 0 });
      await writer.openStream(sid, { kind: "ticket", ticket });
      const arrivals = new Arrivals(subscribers);
      for (let i = 0; i < subscribers; i++) {
        const reader = connect();
        await reader.attach(address);
        reader.follow(sid, 0, ({ records }) => {
          for (let n = 0; n < records.length; n++) arrivals.count();
        });
      }
      return {
        name: ours,
        deliver: async (body) => {
          const arrived = arrivals.expect();
          const recordId = primitives.random(16);
          const [result] = await Promise.all([
            writer.append({ sid, recordId, body, expiryDay: null, close: false }),
            arrived,
          ]);
          if (result.kind !== "appended") throw new Error(`a record was ${result.kind}`);
        },
      };
    },
  };
}

async function createAccount(primitives: Primitives, transport: NodeTransport, url: string): Promise<ServiceClient> {
  const { host } = await createServiceClient({ transport, verifier: primitives, url }).about();
  const secrets = createDeviceSecrets(primitives);
  const { statement } = await createChain(primitives, parseHandle("bench", host), secrets, dayOf(Date.now()));
  const { deviceId, requestSeed } = secrets;
  const signer = {
    name: "bench",
    deviceId,
    sign: (message: Uint8Array): Promise<Uint8Array> => primitives.signEd25519(requestSeed, message),
  };
  const client = createServiceClient({ transport, verifier: primitives, url, signer });
  await client.createAccount("bench", statement);
  return client;
}
