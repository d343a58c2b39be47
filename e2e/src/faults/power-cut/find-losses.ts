import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { NodeTransport } from "@bulla/client/node";
import { equalBytes, hexOf, isBullaError } from "@bulla/wire";
import { encode } from "@bulla/wire/encoding";
import { signedStatementCodec } from "@bulla/wire/identity";
import { FrameSocket } from "../../support/frame-socket.ts";
import { ServiceProcess } from "../../support/service-process.ts";
import type { Ledger, LoadAccount, LoadInbox, LoadStream } from "./ledger.ts";
import { attach, clientOf, domain, primitives } from "./operations.ts";

/** Start a service on what a cut left, and ask it for everything that was acknowledged.
 *  @returns one sentence for each thing that is lost or wrong */
export async function findLosses(folder: string, ledger: Ledger, program?: string): Promise<readonly string[]> {
  const losses: string[] = [];
  let service: ServiceProcess;
  try {
    service = await ServiceProcess.start(folder, { domain, ...(program === undefined ? {} : { program }) });
  } catch (error) {
    return [`the service does not start: ${error instanceof Error ? error.message : "no reason given"}`];
  }
  try {
    await using transport = new NodeTransport();
    losses.push(...(await lostRecords(service.url, ledger.streams)));
    losses.push(...(await lostChunks(transport, service.url, ledger)));
    for (const account of ledger.accounts) losses.push(...(await lostStatements(transport, service.url, account)));
    for (const inbox of ledger.inboxes) losses.push(...(await lostEnvelopes(transport, service.url, inbox)));
  } finally {
    await service.kill("SIGTERM");
  }
  return [...losses, ...brokenDatabases(folder)];
}

async function lostRecords(url: string, streams: readonly LoadStream[]): Promise<readonly string[]> {
  const losses: string[] = [];
  const socket = await FrameSocket.open(url);
  try {
    for (const stream of streams) {
      const { sid, records, sent, isClosed } = stream;
      await attach(socket, stream);
      const found = await readAll(socket, sid);
      if (isClosed && !found.closed) losses.push("a stream that was closed is open");
      for (const [position, { recordId, body }] of records) {
        const record = found.records[position];
        if (record === undefined) losses.push("a record is gone");
        else if (!equalBytes(record.recordId, recordId) || !equalBytes(record.body, body))
          losses.push("another record stands in a record's place");
      }
      if (found.records.some(({ recordId }) => !sent.has(hexOf(recordId))))
        losses.push("a stream has a record that nobody sent");
      // Who did not hear the acknowledgement sends the same bytes again.
      const [last] = [...records].slice(-1);
      if (last === undefined || found.records[last[0]] === undefined) continue;
      const again = await socket.ask({ kind: "append", sid, ...last[1], expiryDay: null, close: false });
      if (again.kind !== "duplicate" || again.position !== last[0])
        losses.push(`a record that was sent again was answered ${again.kind}`);
    }
  } finally {
    socket.close();
  }
  return losses;
}

async function readAll(
  socket: FrameSocket,
  sid: Uint8Array,
): Promise<{ readonly records: readonly { recordId: Uint8Array; body: Uint8Array }[]; readonly closed: boolean }> {
  const records: { recordId: Uint8Array; body: Uint8Array }[] = [];
  for (;;) {
    const answer = await socket.ask({ kind: "read", sid, from: records.length, max: 256 });
    if (answer.kind !== "records") throw new Error(`reading was answered ${answer.kind}`);
    for (const record of answer.records) {
      if (record.kind !== "record") throw new Error("a record has expired before its day");
      records.push(record);
    }
    if (!answer.more) return { records, closed: answer.closed };
  }
}

async function lostChunks(transport: NodeTransport, url: string, ledger: Ledger): Promise<readonly string[]> {
  const [account] = ledger.accounts;
  if (account === undefined) return [];
  const client = clientOf(transport, url, account);
  const losses: string[] = [];
  for (const hash of ledger.chunks)
    await client.getChunk(hash).catch((error: unknown) => losses.push(`a chunk is gone: ${codeOf(error)}`));
  return losses;
}

async function lostStatements(transport: NodeTransport, url: string, account: LoadAccount): Promise<readonly string[]> {
  try {
    const found = await clientOf(transport, url, account).getStatements(account.name, 0);
    const bytes = found.map((statement) => encode(signedStatementCodec, statement));
    return account.statements.flatMap((statement, i) =>
      equalBytes(bytes[i] ?? new Uint8Array(), encode(signedStatementCodec, statement)) ? [] : ["a statement is gone"],
    );
  } catch (error) {
    return [`an account is gone: ${codeOf(error)}`];
  }
}

async function lostEnvelopes(
  transport: NodeTransport,
  url: string,
  { owner, envelopes }: LoadInbox,
): Promise<readonly string[]> {
  const client = clientOf(transport, url, owner);
  const found: string[] = [];
  try {
    for (let from = 0, more = true; more; ) {
      const answer = await client.readInbox(from);
      for (const { position, envelope } of answer.envelopes) {
        found.push(hexOf(primitives.sha256(envelope)));
        from = position + 1;
      }
      more = answer.more;
    }
  } catch (error) {
    return [`an inbox is gone: ${codeOf(error)}`];
  }
  const wanted = envelopes.map((envelope) => hexOf(primitives.sha256(envelope)));
  const kept = found.filter((hash) => wanted.includes(hash));
  return kept.join() === wanted.join() ? [] : [`${wanted.length - kept.length} envelopes are gone, or out of order`];
}

function brokenDatabases(folder: string): readonly string[] {
  return ["streams.db", "directory.db", "leases.db", "counters.db"].flatMap((name) => {
    if (!existsSync(join(folder, name))) return [`${name} is gone`];
    const database = new DatabaseSync(join(folder, name), { readOnly: true });
    try {
      const verdict = Object.values(database.prepare("PRAGMA integrity_check").get() ?? {}).join();
      return verdict === "ok" ? [] : [`${name} is damaged: ${verdict}`];
    } catch (error) {
      return [`${name} is damaged: ${error instanceof Error ? error.message : "no reason given"}`];
    } finally {
      database.close();
    }
  });
}

function codeOf(error: unknown): string {
  return isBullaError(error) ? error.code : String(error);
}
