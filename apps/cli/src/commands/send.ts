import { isatty } from "node:tty";
import type { SendRequest, SendSource, SentView } from "@bulla/client";
import { limits } from "@bulla/wire";
import { usage } from "../command-line.ts";
import type { Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Output } from "../output.ts";
import { showProgress } from "../progress-line.ts";
import { filesText, sentJson } from "../result-lines.ts";
import { resumeEarlier, typedHandle, withClient } from "../session.ts";
import { countText, oneLine } from "../terminal-text.ts";

/** Send files and folders. @returns 5 while some of it waits for the service */
export async function send(context: Context): Promise<ExitCode> {
  const { options, output, signal } = context;
  const names = options
    .values("to")
    .flatMap((list) => list.split(","))
    .map((name) => name.trim());
  if (names.length === 0) throw usage("no recipient was given", "write --to HANDLE, or --to HANDLE,HANDLE");
  const details = detailsOf(context);
  const source = sourceOf(context);
  return withClient(context, async (client) => {
    const to = [...new Set(names.map((name) => typedHandle(name, client.handle)))];
    if (source.kind === "stream" && isatty(0)) output.say("reading what you type; Ctrl-D ends it");
    const sent = await client.send({ source, to, ...details }, { signal, onProgress: showProgress(output) });
    output.progress("");
    for (const view of sent) showSent(view, output);
    showSkipped(sent, output);
    if (sent.some(({ state }) => state === "queued")) {
      output.say("the service cannot be reached: what is marked queued goes out with any later command");
      if (source.kind === "paths") output.say("until then leave the files where they are, unchanged");
      return exitCodes.unreachable;
    }
    await resumeEarlier(client, context);
    return exitCodes.done;
  });
}

export function showSent(view: SentView, output: Output): void {
  output.result(`${view.transfer}  ${view.state.padEnd(9)}  ${view.to}  ${filesText(view.files)}`, sentJson(view));
}

function showSkipped(sent: readonly SentView[], output: Output): void {
  const skipped = new Map(sent.flatMap((view) => view.skipped).map(({ path, why }) => [path, why]));
  if (skipped.size === 0) return;
  output.say(`left out: ${countText(skipped.size, "path")}`);
  for (const [path, why] of skipped) output.say(`  ${oneLine(path)} (${oneLine(why)})`);
}

function detailsOf({ options }: Context): Pick<SendRequest, "note" | "expiresDays"> {
  const note = options.value("note");
  if (note !== undefined && Buffer.byteLength(note) > limits.maxNoteBytes)
    throw usage(
      `the note is ${Buffer.byteLength(note)} bytes, limit is ${limits.maxNoteBytes}`,
      "send a long text as a file",
    );
  const expires = options.value("expires");
  const days = Number(expires ?? limits.defaultExpiryDays);
  if (expires !== undefined && (!/^\d{1,3}$/.test(expires) || days < 1 || days > limits.maxExpiryDays))
    throw usage("--expires is not a number of days", `days are a whole number from 1 to ${limits.maxExpiryDays}`);
  return { expiresDays: days, ...(note === undefined ? {} : { note }) };
}

function sourceOf({ words, options }: Context): SendSource {
  const name = options.value("name");
  if (!words.includes("-")) {
    if (name !== undefined) throw usage("--name is for standard input", "files keep their own names");
    return { kind: "paths", paths: words };
  }
  if (words.length > 1) throw usage("standard input goes alone", "send the other files with a command of their own");
  return { kind: "stream", stream: process.stdin, name: name ?? "stdin" };
}
