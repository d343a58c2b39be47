import { limits } from "@bulla/wire";
import { usage } from "../command-line.ts";
import type { Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { SaidJson } from "../result-lines.ts";
import { resumeEarlier, withClient } from "../session.ts";
import { typedSpaceOrPerson } from "../typed-space.ts";

/** Say something. @returns 5 while it waits for the service, 4 while it waits for the person */
export async function message(context: Context): Promise<ExitCode> {
  const { words, output } = context;
  const text = words.slice(1).join(" ");
  if (text.trim() === "") throw usage("there is nothing to say", "write the text after the name");
  if (Buffer.byteLength(text) > limits.maxNoteBytes)
    throw usage(
      `the text is ${Buffer.byteLength(text)} bytes, limit is ${limits.maxNoteBytes}`,
      "send a long text as a file",
    );
  return withClient(context, async (client) => {
    const space = await typedSpaceOrPerson(client, words[0] ?? "");
    const state = await client.say(space, text);
    output.result(state, { space, state } satisfies SaidJson);
    if (state === "queued") {
      output.say("the service cannot be reached: it goes out with any later command");
      return exitCodes.unreachable;
    }
    await resumeEarlier(client, context);
    if (state === "held") {
      output.say("somebody joined who would read it now: it is held back");
      output.say("bulla space show says who is in; bulla space held SPACE say, or drop, decides");
      return exitCodes.refused;
    }
    return exitCodes.done;
  });
}
