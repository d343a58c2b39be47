import { randomBytes } from "node:crypto";
import type { OuterRecord } from "@bulla/core";
import type { Conversation } from "./conversation.ts";
import { renamed } from "./forge.ts";
import type { Row } from "./row.ts";
import { gotFile } from "./stage.ts";
import { product } from "./variant.ts";

/** Records that no member wrote, or that say something else than what a member wrote. */
export function plantRows({ inside, stage, bob, bobInside, read, unread, show, forge }: Conversation): readonly Row[] {
  const [first, second, third] = unread;
  const honest = [...read, ...unread.map(({ outer }) => outer)];
  const claims = { ...third.signed.claims, counter: third.signed.claims.counter + 1 };
  const planted = (): Uint8Array => renamed(inside, second.body, () => "planted.txt", randomBytes(16));
  return [
    {
      id: "plant-outsider",
      attack: "the service, which knows only the stream's id, puts in a file of its own",
      seenAt: "MEGA, Threema",
      run: async () => {
        const record = inside.core.encodeSignedRecord({ claims, content: planted(), signature: new Uint8Array(64) });
        const body = new Uint8Array(4096);
        body[0] = 1;
        new DataView(body.buffer).setUint32(1, record.length);
        body.set(record, 5);
        const shown: readonly OuterRecord[] = [...honest, { recordId: randomBytes(16), body }];
        const got = await show(await stage.copy(bob), shown);
        const twin = await show(await stage.copy(bob), shown, await product("plainRecords", "noRecordSignatures"));
        return {
          refused: !gotFile(got, "planted.txt") && gotFile(got, "third.txt") && got.error === undefined,
          control: gotFile(twin, "planted.txt"),
          why: `${got.error} / ${twin.error}`,
        };
      },
    },
    {
      id: "plant-key-holder",
      attack: "somebody who got hold of the chapter key, but is no member, sends a file in a member's name",
      seenAt: "MEGA, Threema",
      run: async () => {
        const signature = await bobInside.primitives.signEd25519(randomBytes(32), planted());
        const shown = [...honest, await forge({ claims, content: planted(), signature })];
        const got = await show(await stage.copy(bob), shown);
        const twin = await show(await stage.copy(bob), shown, await product("noRecordSignatures"));
        return {
          refused: !gotFile(got, "planted.txt") && gotFile(got, "third.txt") && got.error === undefined,
          control: gotFile(twin, "planted.txt"),
          why: `${got.error} / ${twin.error}`,
        };
      },
    },
    {
      id: "name-swap",
      attack: "the names of two files of one transfer are exchanged on the way",
      seenAt: "Cryptomator, Sync, Tresorit",
      run: async () => {
        const swap = (path: string): string => (path === "invoice.txt" ? "reminder.txt" : "invoice.txt");
        const { signature } = first.signed;
        const shown = [
          ...read,
          await forge({ claims: first.signed.claims, content: renamed(inside, first.body, swap), signature }),
        ];
        const got = await show(await stage.copy(bob), shown);
        const twin = await show(await stage.copy(bob), shown, await product("noRecordSignatures"));
        return {
          refused: !gotFile(got) && got.error === undefined,
          control: twin.views.some((view) => view.kind === "file" && view.name === "invoice.txt" && view.size === 9),
          why: `${got.error} / ${twin.error}`,
        };
      },
    },
  ];
}
