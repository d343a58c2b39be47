import type { Context } from "../context.ts";
import { showProgress } from "../progress-line.ts";
import { filesText, sentJson } from "../result-lines.ts";
import { withClient } from "../session.ts";
import { dateOf, oneLine } from "../terminal-text.ts";

/** List what this device sent, newest first. */
export async function sent(context: Context): Promise<void> {
  const { output, signal } = context;
  await withClient(context, async (client) => {
    const views = await client.sent({ signal, onProgress: showProgress(output) });
    output.progress("");
    for (const view of views) {
      output.result(
        `${view.transfer}  ${dateOf(view.day)}  ${view.state.padEnd(9)}  ${view.to}  ${filesText(view.files)}`,
        sentJson(view),
      );
      if (view.problem !== undefined) output.say(`${view.transfer} cannot go on: ${oneLine(view.problem)}`);
    }
    if (views.length === 0) output.say("nothing was sent from this device yet");
  });
}
