import { type Label, labels } from "@bulla/wire";
import { routes } from "@bulla/wire/api";
import { decodeSignedStatement, pinOf } from "@bulla/wire/identity";
import { manifestHash } from "@bulla/wire/receipt";
import type { Conversation } from "./conversation.ts";
import { createEvilDevice, today } from "./evil-device.ts";
import type { Inside } from "./inside.ts";
import type { Row } from "./row.ts";
import { product } from "./variant.ts";

interface Kind {
  readonly name: string;
  readonly object: Uint8Array;
  /** Throws, or returns undefined, for everything but its own kind. */
  readonly parse: (input: Uint8Array) => unknown;
}

/** Every sealed or signed kind of object into every parser but its own. */
export function crossFeedRows(conversation: Conversation): readonly Row[] {
  return [
    {
      id: "cross-feed",
      attack: "every kind of signed or sealed object is fed into every other parser, with the right keys",
      seenAt: "Threema, Matrix",
      run: async () => {
        const kinds = await kindsOf(conversation);
        const own: string[] = [];
        const crossed: string[] = [];
        for (const { name, object } of kinds) {
          for (const parser of kinds) {
            const taken = await attempt(() => parser.parse(object));
            if (taken) (parser.name === name ? own : crossed).push(`${name} as ${parser.name}`);
          }
        }
        return {
          refused: crossed.length === 0,
          control: own.length === kinds.length,
          why: `${kinds.length} kinds, not taken by its own: ${kinds
            .filter(({ name }) => !own.includes(`${name} as ${name}`))
            .map(({ name }) => name)
            .join()}; ${crossed.join()}`,
        };
      },
    },
    {
      id: "cross-feed-signature",
      attack: "a signature made for one purpose is shown as one for another, over the same bytes with the same key",
      seenAt: "Threema, Matrix",
      run: async () => {
        const crossings = async ({ node, wire }: Inside): Promise<number> => {
          const primitives = node.createNodePrimitives();
          const seed = primitives.random(32);
          const publicKey = primitives.ed25519PublicKey(seed);
          const bytes = primitives.random(100);
          const names = Object.keys(labels) as Label[];
          const under = (label: Label): Uint8Array => wire.concatBytes(wire.labelBytes(label), bytes);
          let taken = 0;
          for (const made of names) {
            const signature = await primitives.signEd25519(seed, under(made));
            for (const shown of names)
              if (made !== shown && (await primitives.verifyEd25519(publicKey, under(shown), signature))) taken++;
          }
          return taken;
        };
        const got = await crossings(conversation.inside);
        const twin = await crossings(await product("oneLabel"));
        return { refused: got === 0, control: twin > 100, why: `${got} / ${twin}` };
      },
    },
  ];
}

async function kindsOf({
  inside,
  stage,
  bob,
  bobInside,
  newBob,
  invitation,
  space,
  read,
  unread,
}: Conversation): Promise<readonly Kind[]> {
  const { client, core, identity, node, receipts, unwrapRecord } = inside;
  const { primitives, me, secrets, chain } = bobInside;
  const { chapter } = space;
  const [{ outer, body }] = unread;
  const [statement] = chain;
  if (statement === undefined || body.transfer.kind !== "inline") throw new Error("something is missing");
  const transfer = inside.content.decodeTransfer(body.transfer.transfer);
  const reference = transfer.blobs[0]?.reference;
  if (reference?.chunks[0] === undefined) throw new Error("there is no blob");
  const chunk = new Uint8Array(
    await (await fetch(stage.proxy.target + routes.chunk(reference.chunks[0]))).arrayBuffer(),
  );
  const verified = await identity.verifyChain(primitives, bob.handle, [decodeSignedStatement(statement)]);
  const certified = identity.activeDevice(verified, me.deviceId);
  if (certified === undefined) throw new Error("bob has no device");
  const keyPackage = await core.createKeyPackage(primitives, me, secrets, today);
  const receipt = await core.signReceipt(primitives, secrets, {
    version: 1,
    transferId: body.transferId,
    manifest: manifestHash(primitives, transfer.manifest),
    sender: me.handle,
    recipient: bob.handle,
    deviceId: me.deviceId,
    chain: pinOf(verified),
    day: today,
  });
  await using home = await node.openHome(newBob.home);
  const storeKey = Uint8Array.from(home.storeKey) as typeof home.storeKey;
  let raw: Uint8Array = new Uint8Array();
  const shelf = {
    get: async () => raw,
    list: async () => [],
    put: async (_: string, value: Uint8Array) => void (raw = value.slice()),
    delete: async () => undefined,
  };
  const inner = {
    ...shelf,
    step: async <T>(work: (transaction: typeof shelf) => Promise<T>) => work(shelf),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const store = client.createSealedStore(inner, storeKey, primitives);
  await store.step((transaction) => transaction.put("contact/x", new Uint8Array(100)));
  const stored = raw;
  const evil = await createEvilDevice(inside, bob.handle);
  const ofKind = async (input: Uint8Array, wanted: string): Promise<unknown> => {
    const recordId =
      [outer, ...read].find(({ body: candidate }) => Buffer.compare(candidate, input) === 0)?.recordId ??
      evil.primitives.random(16);
    const { kind } = await unwrapRecord(primitives, chapter.stream, { recordId, body: input });
    return kind === wanted ? kind : undefined;
  };
  const withKind = async (wanted: string): Promise<Uint8Array> => {
    for (const { recordId, body: candidate } of read)
      if ((await unwrapRecord(primitives, chapter.stream, { recordId, body: candidate })).kind === wanted)
        return candidate;
    throw new Error(`there is no ${wanted}`);
  };
  const place = { space: chapter.space, number: chapter.number, retry: chapter.retry };
  // The same content, sealed as each kind that a record can be: the kind is part of what is authenticated.
  const sealedKinds: Kind[] = [];
  for (const kind of ["lasting", "part", "opening", "closing", "complaint"] as const) {
    const object = await inside.sealAtPlace(primitives, chapter.stream, { ...place, kind }, statement.subarray(0, 500));
    sealedKinds.push({
      name: `content of a ${kind} record`,
      object,
      parse: (input) => inside.openAtPlace(primitives, chapter.stream, { ...place, kind }, input),
    });
  }
  return [
    {
      name: "statement",
      object: statement,
      parse: async (input) => identity.verifyChain(primitives, bob.handle, [decodeSignedStatement(input)]),
    },
    { name: "envelope", object: invitation, parse: (input) => core.openEnvelope(primitives, me, secrets, input) },
    { name: "record", object: outer.body, parse: (input) => ofKind(input, "lasting") },
    { name: "part record", object: await withKind("part"), parse: (input) => ofKind(input, "part") },
    { name: "opening record", object: await withKind("opening"), parse: (input) => ofKind(input, "opening") },
    {
      name: "KeyPackage",
      object: keyPackage.publicPackage,
      parse: (input) => core.verifyClaimedPackage(primitives, input, me, certified, today),
    },
    {
      name: "receipt",
      object: receipts.encodeReceiptFile({ version: 1, receipt, manifest: transfer.manifest, chain: [statement] }),
      parse: (input) => receipts.verifyReceiptFile(primitives, receipts.decodeReceiptFile(input)),
    },
    {
      name: "chunk",
      object: chunk,
      parse: (input) =>
        core.startOpening(primitives, core.verifyBlobRef(primitives, reference).key, reference.size, input),
    },
    {
      name: "stored value",
      object: stored,
      parse: (input) => {
        raw = input.slice();
        return store.get("contact/x");
      },
    },
    ...sealedKinds,
  ];
}

async function attempt(parse: () => unknown): Promise<boolean> {
  try {
    return (await parse()) !== undefined;
  } catch {
    return false;
  }
}
