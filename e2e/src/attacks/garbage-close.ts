import { randomBytes } from "node:crypto";
import type { Conversation } from "./conversation.ts";
import { lookInside, onlySpace } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import { codeOf, type Row } from "./row.ts";
import { gotFile, type Person } from "./stage.ts";
import { product } from "./variant.ts";

/** A member who wants to end a conversation for everybody. */
export function closingRows({ inside, stage, alice, carol }: Conversation): readonly Row[] {
  return [
    {
      id: "garbage-close",
      attack: "a member closes the stream with rubbish",
      seenAt: "any group chat with a commit that only some can process",
      run: async () => {
        const { client, node } = inside;
        const view = await lookInside(inside, carol);
        const { stream } = onlySpace(view).chapter;
        await using transport = new node.NodeTransport();
        await using connection = new client.StreamConnection({
          transport,
          verifier: view.primitives,
          clock: node.systemClock,
          random: view.primitives.random,
          url: stage.proxy.url,
        });
        await connection.attach(stream, (message) => view.primitives.signEd25519(stream.writeSeed, message));
        const closed = await connection.append({
          sid: stream.sid,
          recordId: randomBytes(16),
          body: new Uint8Array(randomBytes(1024)),
          expiryDay: null,
          close: true,
        });
        const after = await stage.file("after.txt", "still here");
        const say = async (by: Inside, from: Person): Promise<{ readonly said: string; readonly states: string }> => {
          const said = await stage.send(from, carol, after, { inside: by }).then(({ state }) => state, codeOf);
          const { spaces } = await lookInside(inside, from);
          const withCarol = spaces.filter(({ chapter }) =>
            chapter.constitution.members.some(({ handle }) => handle === carol.handle),
          );
          return { said, states: withCarol.map(({ state }) => state).join() };
        };
        const twin = await say(await product("closingsBelieved"), await stage.copy(alice));
        const here = await say(inside, alice);
        const got = await stage.receive(carol);
        const goesOn = here.said === "sent" && here.states === "active" && gotFile(got, "after.txt");
        return {
          refused: closed.kind === "appended" && goesOn,
          control: twin.states.includes("stuck"),
          why: `${here.said} ${here.states} ${got.error} / ${twin.said} ${twin.states}`,
        };
      },
    },
  ];
}
