import type { DeviceSecrets } from "@bulla/core";
import type { Lies } from "@bulla/testkit";
import { encode } from "@bulla/wire/encoding";
import { decodeSignedStatement, pinOf, signedStatementCodec, type VerifiedChain } from "@bulla/wire/identity";
import { manifestHash, type SignedReceipt } from "@bulla/wire/receipt";
import { type Conversation, showing } from "./conversation.ts";
import { createEvilDevice, today } from "./evil-device.ts";
import { lookInside } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import type { Outcome, Row } from "./row.ts";
import { product } from "./variant.ts";

/** Receipts for what was not received. The forger may write into the space: the recipient's own device, or somebody with its record key. */
export function receiptRows({
  inside,
  stage,
  alice,
  bob,
  bobInside,
  space: {
    chapter: {
      stream: { sid },
    },
  },
  unread,
  whole,
}: Conversation): readonly Row[] {
  const [{ body }] = unread;
  const { primitives } = bobInside;
  const transferId = Buffer.from(body.transferId).toString("hex");
  if (body.transfer.kind !== "inline") throw new Error("not inline");
  const { manifest } = inside.content.decodeTransfer(body.transfer.transfer);

  const bobsChain = (): Promise<VerifiedChain> =>
    inside.identity.verifyChain(primitives, bob.handle, bobInside.chain.map(decodeSignedStatement));
  const sign = async (
    secrets: DeviceSecrets,
    chain: VerifiedChain,
    change: { readonly manifest?: Uint8Array; readonly deviceId?: Uint8Array; readonly transferId?: Uint8Array } = {},
  ): Promise<SignedReceipt> =>
    inside.core.signReceipt(primitives, secrets, {
      version: 1,
      transferId: body.transferId,
      manifest: manifestHash(primitives, manifest),
      sender: alice.handle,
      recipient: bob.handle,
      deviceId: secrets.deviceId,
      chain: pinOf(chain),
      day: today,
      ...change,
    });

  /** Alice is shown a record of Bob's device with this receipt. @returns the state of her transfer */
  const stateAfter = async (receipt: SignedReceipt, by: Inside, chain = bobInside.chain): Promise<string> => {
    const victim = await stage.copy(alice);
    if (chain.length > 1) {
      const more = await stage.file("more.txt", "more");
      const lies: Lies = { statements: (name, from, honest) => (name === "bob" ? chain.slice(from) : honest) };
      await showing(stage, sid, whole, () => stage.send(victim, bob, more, { inside: by }), lies);
    }
    const view = await lookInside(inside, victim);
    const space = view.spaces.find(({ chapter }) =>
      chapter.constitution.members.some(({ handle }) => handle === bob.handle),
    );
    if (space === undefined) throw new Error("alice has no space with bob");
    const { chapter, cursor } = space;
    const event = inside.content.encodeEvent(
      inside.content.eventOf(
        { kind: "receipt", transferId: body.transferId, state: { kind: "received", receipt } },
        new Uint8Array(16),
      ),
    );
    const record = await inside.core.sealLasting(
      primitives,
      bobInside.me,
      bobInside.secrets,
      chapter,
      cursor,
      0,
      event,
    );
    const sent = await showing(stage, sid, [...whole.slice(0, cursor.position), record], () =>
      stage.use(victim, (client) => client.sent(), by),
    );
    return sent.find(({ transfer }) => transfer === transferId)?.state ?? "unknown";
  };
  const judge = async (receipt: SignedReceipt, chain?: readonly Uint8Array[]): Promise<Outcome> => {
    const honest = await stateAfter(await sign(bobInside.secrets, await bobsChain()), inside);
    const state = await stateAfter(receipt, inside, chain);
    const twin = await stateAfter(receipt, await product("anyReceipt"), chain);
    return {
      refused: honest === "received" && state === "sent",
      control: twin === "received",
      why: `${honest} ${state} / ${twin}`,
    };
  };

  return [
    {
      id: "receipt-other-device",
      attack: "a receipt in the name of the recipient's device, signed by another key",
      seenAt: "managed file transfer",
      run: async () =>
        judge(
          await sign((await createEvilDevice(inside, bob.handle)).secrets, await bobsChain(), {
            deviceId: bobInside.secrets.deviceId,
          }),
        ),
    },
    {
      id: "receipt-other-files",
      attack: "a receipt that the right device signed for other files",
      seenAt: "managed file transfer",
      run: async () => judge(await sign(bobInside.secrets, await bobsChain(), { manifest: primitives.random(32) })),
    },
    {
      id: "receipt-suspended",
      attack: "a receipt signed by a device that was suspended before",
      seenAt: "managed file transfer",
      run: async () => {
        const phone = await createEvilDevice(inside, bob.handle);
        const added = await inside.core.addDevice(
          primitives,
          await bobsChain(),
          bobInside.secrets,
          phone.certificate,
          today,
        );
        const revoked = await inside.core.revokeDevice(
          primitives,
          added.chain,
          bobInside.secrets,
          phone.me.deviceId,
          today,
        );
        const statements = [
          ...bobInside.chain,
          ...[added, revoked].map(({ statement }) => encode(signedStatementCodec, statement)),
        ];
        return judge(await sign(phone.secrets, revoked.chain), statements);
      },
    },
  ];
}
