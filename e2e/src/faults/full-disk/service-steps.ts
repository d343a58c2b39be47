import { join } from "node:path";
import { isBullaError } from "@bulla/wire";
import { FrameSocket } from "../../support/frame-socket.ts";
import { ServiceProcess } from "../../support/service-process.ts";
import { LoopDisk } from "../loop-disk.ts";
import { findLosses } from "../power-cut/find-losses.ts";
import type { LoadAccount, LoadInbox } from "../power-cut/ledger.ts";
import { domain, Operations } from "../power-cut/operations.ts";
import { fill } from "./fill.ts";

/** What may be said to somebody while nothing can be stored. */
const refusals = ["service/unavailable"];

/** A service on a disk that is full up to so many bytes, at each step in turn; there is room again; at last it is killed and asked for everything.
 *  @returns one sentence for each thing that is wrong, and how often something was refused */
export async function fillServiceDisk(
  folder: string,
  levels: readonly number[],
): Promise<{ readonly problems: readonly string[]; readonly refused: number }> {
  using disk = LoopDisk.make(join(folder, "service-disk"), join(folder, "service-at"), 64);
  const data = join(disk.folder, "data");
  let service = await ServiceProcess.start(data, { domain });
  const { port, url } = service;
  await using operations = new Operations(url);
  const account = await operations.register("first");
  const inbox = operations.openInbox(account);
  const problems: string[] = [];
  let refused = 0;
  for (const [round, level] of levels.entries()) {
    const empty = fill(disk.folder, level);
    for (const { step, code } of await everyStep(operations, url, account, inbox, `full-${round}`)) {
      if (code !== "done") refused++;
      if (code !== "done" && !refusals.includes(code)) problems.push(`${step} with ${level} bytes left: ${code}`);
    }
    // Also when it starts on a full disk, it either runs or says why not.
    await service.kill(round % 2 === 0 ? "SIGKILL" : "SIGTERM");
    try {
      service = await ServiceProcess.start(data, { domain, port });
    } catch (error) {
      refused++;
      if (!String(error).includes("bulla: hint: ")) problems.push(`a start with ${level} bytes left: ${String(error)}`);
    }
    empty();
    await service.kill("SIGKILL");
    service = await ServiceProcess.start(data, { domain, port });
    for (const { step, code } of await everyStep(operations, url, account, inbox, `free-${round}`))
      if (code !== "done") problems.push(`${step} when there is room again: ${code}`);
  }
  await service.kill("SIGKILL");
  problems.push(...(await findLosses(data, operations.ledger)));
  return { problems, refused };
}

interface Outcome {
  readonly step: string;
  /** `done`, or the code of the refusal. */
  readonly code: string;
}

async function everyStep(
  operations: Operations,
  url: string,
  account: LoadAccount,
  inbox: LoadInbox,
  name: string,
): Promise<readonly Outcome[]> {
  const client = operations.client(account);
  const outcomes: Outcome[] = [];
  const attempt = async <T>(step: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      const result = await work();
      outcomes.push({ step, code: "done" });
      return result;
    } catch (error) {
      outcomes.push({ step, code: isBullaError(error) ? error.code : String(error) });
      return undefined;
    }
  };
  const socket = await FrameSocket.open(url);
  try {
    const wanted = { bytes: 10_000_000, days: 30, streams: 2, envelopes: 2 };
    const admitted = await attempt("an admission", () => client.requestTicket(wanted));
    const ticket = admitted?.ticket ?? new Uint8Array(32);
    const stream = await attempt("opening a stream", () => operations.openStream(socket, ticket));
    for (const size of [1024, 16384, 16384]) {
      if (stream === undefined) continue;
      await attempt("a record", () => operations.append(socket, stream, { size }));
      const expiryDays = 1 + (operations.ledger.accounts.length % 300);
      await attempt("a record that expires", () => operations.append(socket, stream, { size, expiryDays }));
    }
    for (const size of [1000, 100_000, 1_000_000])
      await attempt("a chunk", () => operations.putChunk(client, ticket, size));
    await attempt("an account", () => operations.register(name));
    if (account.statements.length < 32) await attempt("a statement", () => operations.growChain(account));
    for (const size of [4096, 16384]) await attempt("an envelope", () => operations.postEnvelope(inbox, size));
    await attempt("an acknowledgement", () => operations.acknowledgeEnvelope(inbox));
    if (stream !== undefined)
      await attempt("a closing record", () => operations.append(socket, stream, { close: true }));
    await attempt("reading", () => client.readInbox(0));
  } finally {
    socket.close();
  }
  return outcomes;
}
