import { resolve } from "node:path";
import type { ReceivedView, ReceiveRequest } from "@bulla/client";
import { BullaError } from "@bulla/wire";
import { usage } from "../command-line.ts";
import type { Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Output } from "../output.ts";
import { showProgress } from "../progress-line.ts";
import { receivedJson, refusedJson, waitingJson } from "../result-lines.ts";
import { resumeEarlier, typedHandle, withClient } from "../session.ts";
import { countText, indented, oneLine } from "../terminal-text.ts";

/** Take in what was sent. @throws BullaError transfer/refused when anything was refused; all else is kept */
export async function receive(context: Context): Promise<ExitCode> {
  const { options, output, signal } = context;
  const out = resolve(options.value("out") ?? ".");
  if (options.value("out") === "-") throw usage("files go into a folder", "name one with --out DIR");
  const tally = await withClient(context, async (client) => {
    const from = options.value("from");
    const watch = options.has("watch");
    const request: ReceiveRequest = {
      out,
      watch,
      ...(from === undefined ? {} : { from: typedHandle(from, client.handle) }),
    };
    if (watch) {
      await resumeEarlier(client, context);
      output.say("waiting for files; Ctrl-C ends it");
    }
    const seen = new Tally(output);
    for await (const view of client.receive(request, { signal, onProgress: showProgress(output) })) {
      seen.show(view);
      if (output.closed && watch) break;
    }
    if (!watch) await resumeEarlier(client, context);
    return seen;
  });
  signal.throwIfAborted();
  if (tally.refused > 0) {
    const kept =
      tally.kept === 0
        ? "nothing else came"
        : `${countText(tally.kept, "file")} ${tally.kept === 1 ? "is" : "are"} kept`;
    throw new BullaError("transfer/refused", `${countText(tally.refused, "file")} refused; ${kept}`);
  }
  return exitCodes.done;
}

/** Shows each thing that came, and counts. */
class Tally {
  kept = 0;
  refused = 0;
  readonly #output: Output;
  #transfer: string | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  show(view: ReceivedView): void {
    this.#output.progress("");
    if (view.kind === "file") this.#showFile(view);
    else if (view.kind === "refused") this.#showRefused(view);
    else {
      if (this.#output.json) this.#output.result("", waitingJson(view));
      this.#output.say(`${view.from} wants to send you something; bulla contacts accept ${view.from} lets them in`);
    }
  }

  #showFile(view: Extract<ReceivedView, { kind: "file" }>): void {
    this.kept++;
    if (view.transfer !== this.#transfer) {
      this.#transfer = view.transfer;
      this.#output.say(`from ${view.from}${view.firstContact ? ", a first contact, now accepted" : ""}`);
      if (view.note !== null && view.note !== "") this.#output.say(`note: ${indented(view.note, "             ")}`);
    }
    this.#output.result(oneLine(view.path), receivedJson(view));
  }

  #showRefused(view: Extract<ReceivedView, { kind: "refused" }>): void {
    this.refused++;
    if (this.#output.json) this.#output.result("", refusedJson(view));
    const from = view.from === null ? "" : ` from ${view.from}`;
    this.#output.say(`refused${from}: ${view.name === null ? "" : `${oneLine(view.name)}: `}${oneLine(view.message)}`);
  }
}
