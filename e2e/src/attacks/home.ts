import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { OpenedEnvelope } from "@bulla/core";
import { type Handle, hexOf, labelBytes, utf8 } from "@bulla/wire";
import { envelopePostCodec } from "@bulla/wire/api";
import { decode } from "@bulla/wire/encoding";
import { today } from "./evil-device.ts";
import { lookInside } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import type { SwapName } from "./permissive.ts";
import { codeOf, type Family, type Outcome, type Row } from "./row.ts";
import { type Person, Stage } from "./stage.ts";
import { product } from "./variant.ts";

const encBytes = 1120;

/** Things that were sealed for one place and are found in another. */
export const home: Family = { name: "home", rows };

async function rows(): Promise<readonly Row[]> {
  const inside = await product();
  const stage = await Stage.open();
  const alice = await stage.person("alice");
  const bob = await stage.person("bob");
  const carol = await stage.person("carol");
  await stage.send(alice, bob, await stage.file("hello.txt", "hello"));
  const [aliceInside, bobInside, carolInside] = (await Promise.all(
    [alice, bob, carol].map((person) => lookInside(inside, person)),
  )) as [Inner, Inner, Inner];
  const { primitives } = aliceInside;
  const posted = stage.proxy.seen.requests.find(
    ({ method, path }) => method === "POST" && /\/bob\/.*\/inbox$/.test(path),
  );
  if (posted === undefined) throw new Error("alice posted no envelope");
  const { envelope } = decode(envelopePostCodec, posted.body, { maxBytes: 32768 });
  const carolKey = await primitives.xwingPublicKey(carolInside.secrets.inboxSeed);

  /** Carol's inbox holds these. Whether she takes one of them as Alice's. */
  const takesAsAlices = async (envelopes: readonly Uint8Array[], by: Inside): Promise<boolean> => {
    stage.proxy.lies = {
      answer: ({ path }) => (path.endsWith("/inbox/acknowledgements") ? { status: 204 } : undefined),
      envelopes: (inbox, honest) =>
        inbox.startsWith("carol/") ? envelopes.map((one, position) => ({ position, envelope: one })) : honest,
    };
    const { views } = await stage.receive(await stage.copy(carol), by);
    stage.proxy.lies = {};
    return views.some((view) => view.from === alice.handle);
  };
  const judge = async (envelopes: readonly Uint8Array[], swap: SwapName): Promise<Outcome> => ({
    refused: !(await takesAsAlices(envelopes, inside)),
    control: await takesAsAlices(envelopes, await product(swap)),
  });

  return [
    {
      id: "wrap-swap-recipient",
      attack: "an envelope for one person is delivered to another, as it is and sealed anew by the first",
      seenAt: "MEGA, Sync, pCloud",
      run: async () => {
        const box = { enc: envelope.subarray(0, encBytes), ciphertext: envelope.subarray(encBytes) };
        const padded = await primitives.openHpke(
          bobInside.secrets.inboxSeed,
          labelBytes("envelope"),
          inside.encodeIdentity(bobInside.me),
          box,
        );
        if (padded === undefined) throw new Error("bob cannot open his envelope");
        const again = await primitives.sealHpke(
          carolKey,
          labelBytes("envelope"),
          inside.encodeIdentity(carolInside.me),
          padded,
        );
        return judge([envelope, Buffer.concat([again.enc, again.ciphertext])], "anyRecipient");
      },
    },
    {
      id: "wrap-swap-sender",
      attack: "an envelope in somebody else's name",
      seenAt: "MEGA, Sync, pCloud",
      run: async () => {
        const { body }: OpenedEnvelope = await inside.core.openEnvelope(
          primitives,
          bobInside.me,
          bobInside.secrets,
          envelope,
        );
        const forged = await inside.core.sealEnvelope(
          primitives,
          aliceInside.me,
          bobInside.secrets,
          aliceInside.chain,
          carolInside.me,
          carolKey,
          today,
          body,
        );
        return judge([forged], "unsignedEnvelopes");
      },
    },
    {
      id: "wrap-swap-store",
      attack: "two sealed values of a stolen and returned home change places: who is blocked, and who is not",
      seenAt: "MEGA, Sync, pCloud",
      run: async () => {
        const play = async (name: string, by: Inside): Promise<readonly [string, string]> => {
          const victim = await stage.person(name, by);
          await stage.send(alice, victim, await stage.file("hi.txt", "hi"));
          await stage.send(carol, victim, await stage.file("spam.txt", "spam"));
          await stage.receive(victim, by);
          await stage.use(victim, (client) => client.blockContact(carol.handle), by);
          const answer = await stage.file("answer.txt", "answer");
          const write = (): Promise<string> =>
            stage.send(victim, carol, answer, { inside: by }).then(({ state }) => state, codeOf);
          const before = await write();
          swapValues(inside, victim, alice.handle, carol.handle);
          return [before, await write()];
        };
        const got = await play("dave", inside);
        const twin = await play("erin", await product("placelessValues"));
        return {
          refused: got.join() === "contact/blocked,store/corrupt",
          control: twin.join() === "contact/blocked,sent",
          why: `${got.join()} / ${twin.join()}`,
        };
      },
    },
  ];
}

type Inner = Awaited<ReturnType<typeof lookInside>>;

function swapValues({ node }: Inside, { home: folder }: Person, a: Handle, b: Handle): void {
  const primitives = node.createNodePrimitives();
  const [first, second] = [a, b].map((handle) =>
    utf8(`contact/${hexOf(primitives.sha256(utf8(handle)).subarray(0, 16))}`),
  ) as [Uint8Array, Uint8Array];
  const database = new DatabaseSync(join(folder, "store.db"));
  try {
    const [one, two] = [first, second].map(
      (key) => database.prepare("SELECT value FROM entries WHERE key = ?").get(key)?.["value"],
    );
    if (one === undefined || two === undefined) throw new Error("there is nothing to exchange");
    const put = database.prepare("UPDATE entries SET value = ? WHERE key = ?");
    put.run(two, first);
    put.run(one, second);
  } finally {
    database.close();
  }
}
