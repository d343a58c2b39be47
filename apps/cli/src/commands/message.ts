import { limits } from "@bulla/wire";
import { usage } from "../command-line.ts";
import type { Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { SaidJson } from "../result-lines.ts";
import { resumeEarlier, withClient } from "../session.ts";
import { typedSpaceOrPerson } from "../typed-space.ts";

/** Say something. @returns 5 while it waits for the service */
export async function message(context: Context): Promise<ExitCode> {
  const { words, output } = context;
  const text = words.slice(1).join(" ");
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
    return exitCodes.done;
  });
}
