import { setTimeout as sleep } from "node:timers/promises";
import type { LineView } from "@bulla/client";
import type { Context } from "../context.ts";
import { lineJson } from "../result-lines.ts";
import { resumeEarlier, withClient } from "../session.ts";
import { indented } from "../terminal-text.ts";
import { typedSpace } from "../typed-space.ts";

const roundMilliseconds = 1500;

/** Show a conversation, oldest first. */
export async function read(context: Context): Promise<void> {
  const { output, options, signal, words } = context;
  await withClient(context, async (client) => {
    const { space } = await typedSpace(client, words[0] ?? "");
    const shown = new Set<string>();
    const show = async (): Promise<void> => {
      for (const line of await client.lines(space)) {
        const key = `${line.id} ${line.type} ${"who" in line ? line.who : ""} ${line.state}`;
        if (!shown.has(key)) output.result(lineText(line), lineJson(line));
        shown.add(key);
      }
    };
    await show();
    await resumeEarlier(client, context);
    while (options.has("follow") && !output.closed) {
      await sleep(roundMilliseconds, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
      await show();
    }
  });
}

function lineText(line: LineView): string {
  const { at, from, state } = line;
  const when = new Date(at).toISOString().slice(0, 16).replace("T", " ");
  const mark = state === "sent" ? "" : ` (${state})`;
  return `${when}  ${from}${mark}  ${indented(wordsOf(line), "                  ")}`;
}

function wordsOf(line: LineView): string {
  switch (line.type) {
    case "text":
      return line.text;
    case "file":
      return `sent files (${line.transfer})${line.text === null ? "" : `: ${line.text}`}`;
    case "named":
      return `called it ${line.text}`;
    case "added":
      return `let in ${line.who}`;
    case "shared":
      return `let ${line.who} read what was said before`;
    case "removed":
      return `took out ${line.who}`;
    case "role":
      return `made ${line.who} ${line.role}`;
    case "leaving":
      return "wants to leave";
    case "unknown":
      return "something that a newer version of bulla can show";
  }
}
