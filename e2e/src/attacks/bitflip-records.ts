import { flipBit, type Lies } from "@bulla/testkit";
import { hexOf, utf8 } from "@bulla/wire";
import { type Conversation, note } from "./conversation.ts";
import { openRecord } from "./forge.ts";
import type { Row } from "./row.ts";
import { spread } from "./spread.ts";
import { gotFile, gotNothing, type Person } from "./stage.ts";
import { product } from "./variant.ts";

// kind and length, then salt and key commitment
const beforePlaintext = 5 + 64;

/** Flipped bits in what lies in streams and inboxes. */
export function bitflipRecordRows({
  inside,
  stage,
  bob,
  bobInside,
  newBob,
  invitation,
  space,
  first,
  read,
  unread,
  show,
}: Conversation): readonly Row[] {
  const [{ outer, signed }] = unread;
  const { sid } = space.chapter.stream;

  /** Bob as he was before he knew Alice, invited by this envelope into these records. */
  const join = async (
    envelope: Uint8Array,
    records: readonly (typeof outer)[],
    by = inside,
  ): Promise<Awaited<ReturnType<typeof stage.receive>>> => {
    const lies: Lies = {
      answer: ({ path }) => (path.endsWith("/inbox/acknowledgements") ? { status: 204 } : undefined),
      envelopes: (inbox, honest) =>
        inbox === `bob/${hexOf(bobInside.me.deviceId)}` ? [{ position: 1000, envelope }] : honest,
      records: (honest) =>
        honest.sid === hexOf(sid)
          ? {
              from: honest.from,
              records: records.map((record) => ({ kind: "record" as const, ...record })).slice(honest.from),
              closed: false,
            }
          : honest,
    };
    const victim: Person = await stage.copy(newBob);
    stage.proxy.lies = lies;
    try {
      return await stage.receive(victim, by);
    } finally {
      stage.proxy.lies = {};
    }
  };
  const honestly = first;

  return [
    {
      id: "bitflip-records",
      attack: "flipped bits in every region of a lasting record, and in its id",
      seenAt: "MEGA, Icedrive, Seafile",
      run: async () => {
        const got = [await show(await stage.copy(bob), [...read, { ...outer, recordId: flipBit(outer.recordId, 3) }])];
        for (const at of spread(outer.body.length, [0, 4, 20, 50, 70, -1, -16, -17]))
          got.push(await show(await stage.copy(bob), [...read, { ...outer, body: flipBit(outer.body, at) }]));
        const plaintext = Buffer.from(
          inside.core.encodeSignedRecord(await openRecord(inside, bobInside.primitives, space, outer)),
        );
        const at = beforePlaintext + plaintext.indexOf(utf8(note));
        const twin = await show(
          await stage.copy(bob),
          [...read, { ...outer, body: flipBit(outer.body, at) }],
          await product("noTags", "noRecordIds", "noRecordSignatures"),
        );
        const shown = twin.views.find((view) => view.kind === "file");
        return {
          refused: got.every((one) => gotNothing(one) && one.error === undefined) && signed.content.length > 0,
          control: shown?.kind === "file" && shown.note !== note,
          why: `${got.map(({ error }) => error).join()} / ${twin.error}`,
        };
      },
    },
    {
      id: "bitflip-openings",
      attack: "flipped bits in every region of an opening and the parts it names",
      seenAt: "MEGA, Icedrive, Seafile",
      run: async () => {
        const whole = await join(invitation, honestly);
        const got: Awaited<ReturnType<typeof join>>[] = [];
        for (const [index, record] of honestly.entries()) {
          if (index === honestly.length - 1) break;
          for (const at of [4, 50, Math.floor(record.body.length / 3), -1])
            got.push(await join(invitation, honestly.with(index, { ...record, body: flipBit(record.body, at) })));
        }
        const [part] = honestly;
        if (part === undefined) throw new Error("the stream is empty");
        // The last byte before the outer tag: padding, which only the tags and the id protect.
        const twin = await join(
          invitation,
          honestly.with(0, { ...part, body: flipBit(part.body, -1) }),
          await product("noTags"),
        );
        return {
          refused: gotFile(whole) && got.every(gotNothing),
          control: gotFile(twin),
          why: `${whole.error} ${got.length} / ${twin.error}`,
        };
      },
    },
    {
      id: "bitflip-envelopes",
      attack: "flipped bits in every region of an inbox envelope",
      seenAt: "MEGA, Icedrive, Seafile",
      run: async () => {
        const got: Awaited<ReturnType<typeof join>>[] = [];
        for (const at of spread(invitation.length, [0, 1000, 1100, 1120, 1121, 1124, -1, -17]))
          got.push(await join(flipBit(invitation, at), honestly));
        const twin = await join(flipBit(invitation, -17), honestly, await product("noTags", "anyPadding"));
        return { refused: got.every(gotNothing), control: gotFile(twin), why: `${got.length} / ${twin.error}` };
      },
    },
    {
      id: "welcome-replay",
      attack: "an invitation is delivered again after it was followed",
      seenAt: "MLS deployments",
      run: async () => {
        const victim = await stage.copy(bob);
        const reread = async (by = inside): Promise<boolean> => {
          const before = stage.proxy.seen.frames.length;
          stage.proxy.lies = {
            answer: ({ path }) => (path.endsWith("/inbox/acknowledgements") ? { status: 204 } : undefined),
            envelopes: (inbox, honest) =>
              inbox.startsWith("bob/") ? [{ position: 1000, envelope: invitation }] : honest,
          };
          await stage.receive(await stage.copy(victim), by);
          stage.proxy.lies = {};
          return stage.proxy.seen.frames
            .slice(before)
            .some(
              ({ operation }) =>
                operation.kind === "read" && hexOf(operation.sid) === hexOf(sid) && operation.from === 0,
            );
        };
        return { refused: !(await reread()), control: await reread(await product("welcomesReplace")) };
      },
    },
  ];
}
