import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { hexOf, parseHandle } from "@bulla/wire";
import { accountAnswerCodec, routes } from "@bulla/wire/api";
import { decode } from "@bulla/wire/encoding";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { lookInside, onlySpace } from "../attacks/inner-view.ts";
import { removeLeftovers } from "../attacks/leftovers.ts";
import { product } from "../attacks/variant.ts";
import { FrameSocket } from "../support/frame-socket.ts";
import { field, receivedLines, sentLines } from "../support/json-lines.ts";
import { makeFile, makeSmallFiles } from "../support/make-files.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { type Device, hashTree, listTree, Workplace } from "../support/workplace.ts";

// A reader in another language, written from the protocol pages alone.
const reader = join(import.meta.dirname, "reader");
const python = ["/usr/bin/python3", "python3"].find(
  (program) => spawnSync(program, ["-c", "import cryptography"]).status === 0,
);

beforeEach(({ skip }) => {
  if (python === undefined) skip("python3-cryptography is not installed");
});
afterAll(removeLeftovers);

function runPython(
  program: string,
  ...args: readonly string[]
): { code: number | null; said: unknown; stderr: string } {
  const { status, stdout, stderr } = spawnSync(python ?? "", ["-B", join(reader, program), ...args], {
    encoding: "utf8",
  });
  return { code: status, said: stdout === "" ? undefined : JSON.parse(stdout), stderr };
}

test("every worked example of the protocol pages comes out the same", () => {
  const pages = join(import.meta.dirname, "../../../docs/protocol");
  expect(runPython("check_examples.py", pages)).toEqual({ code: 0, said: undefined, stderr: "" });
});

/** What the reader is given: what a device holds of a chapter, and what its service stores. Bytes in hex. */
interface Input {
  readonly space: string;
  readonly sid: string;
  readonly transfer: string;
  readonly chapter: {
    readonly number: number;
    readonly retry: number;
    readonly key: string;
    readonly previousEnd: string;
  };
  readonly chains: Readonly<Record<string, readonly string[]>>;
  readonly records: readonly { readonly recordId: string; readonly body: string }[];
}

describe("one transfer of real devices", () => {
  let place: Workplace;
  let input: Input;
  let sources: ReadonlyMap<string, string>;
  let expected: Readonly<Record<string, unknown>>;
  let runs = 0;

  beforeAll(async () => {
    if (python === undefined) return;
    place = new Workplace();
    const service = await place.service();
    const [alice, bob] = [await place.member("alice", service), await place.member("bob", service)];
    // Several chunks, an empty file, and more files than may have a blob each.
    makeFile(place.path("papers", "large.bin"), 5_000_000, "large");
    makeSmallFiles(place.path("papers", "many"), 70, "many");
    sources = await hashTree(place.path("papers"));
    const sent = await alice.succeed(["send", "papers", "--to", "bob", "--note", "as promised", "--json"]);
    const received = receivedLines(await bob.succeed(["receive", "--out", bob.out, "--json"]));
    expect(received).toHaveLength(sources.size);
    const transfer = sentLines(sent)[0]?.transfer ?? "";
    input = await inputOf(service, alice, bob, transfer);
    mkdirSync(place.path("chunks"));
    for (const name of listTree(service.file("blobs")))
      cpSync(service.file(`blobs/${name}`), place.path("chunks", basename(name)));
    const { chapter } = onlySpace(await lookInside(await product(), personOf(bob, service)));
    expected = {
      sender: `alice@localhost:${service.port}`,
      recipient: `bob@localhost:${service.port}`,
      note: "as promised",
      context: hexOf(chapter.context),
      recordIds: input.records.map(({ recordId }) => recordId),
    };
  });
  afterAll(async () => place?.[Symbol.asyncDispose]());

  /** Run the reader on a changed input. */
  function read(
    changed: Input,
    chunk?: { readonly name: string; readonly bytes: Uint8Array },
  ): ReturnType<typeof runPython> & { files: readonly string[]; out: string } {
    const folder = place.path(`input-${runs}`);
    const out = place.path(`read-${runs++}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "input.json"), JSON.stringify(changed));
    cpSync(place.path("chunks"), join(folder, "chunks"), { recursive: true });
    if (chunk !== undefined) writeFileSync(join(folder, "chunks", chunk.name), chunk.bytes);
    const ended = runPython("read_transfer.py", folder, out);
    return { ...ended, files: listTree(out), out };
  }

  test("is read from the pages alone: every file byte for byte, every record, signature, chain and receipt verified", async () => {
    const { code, said, stderr, out } = read(input);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(said).toMatchObject(expected);
    expect(await hashTree(join(out, "papers"))).toEqual(sources);
    expect(field(said, "files")).toHaveLength(sources.size);
  });

  test("is refused as a whole when one byte of anything that the reader is given is another", () => {
    const accepted: string[] = [];
    const check = (
      what: string,
      changed: Input,
      chunk?: { readonly name: string; readonly bytes: Uint8Array },
    ): void => {
      const { code, files, stderr } = read(changed, chunk);
      if (code !== 4 || files.length > 0 || !stderr.startsWith("refused: "))
        accepted.push(`${what}: ${code} ${stderr}`);
    };
    const { chapter, records, chains } = input;
    check("space", { ...input, space: flipped(input.space) });
    check("sid", { ...input, sid: flipped(input.sid) });
    check("transfer", { ...input, transfer: flipped(input.transfer) });
    check("chapter key", { ...input, chapter: { ...chapter, key: flipped(chapter.key) } });
    check("previous end", { ...input, chapter: { ...chapter, previousEnd: flipped(chapter.previousEnd) } });
    check("number", { ...input, chapter: { ...chapter, number: chapter.number + 1 } });
    check("retry", { ...input, chapter: { ...chapter, retry: chapter.retry + 1 } });
    for (const [i, record] of records.entries()) {
      const others = (changed: typeof record): Input => ({ ...input, records: records.with(i, changed) });
      check(`id of record ${i}`, others({ ...record, recordId: flipped(record.recordId, i) }));
      check(`body of record ${i}`, others({ ...record, body: flipped(record.body, 977 * i) }));
    }
    for (const [handle, statements] of Object.entries(chains))
      for (const at of [10, 500, 1760])
        check(`chain at ${at}`, {
          ...input,
          chains: { ...chains, [handle]: statements.map((one) => flipped(one, at)) },
        });
    for (const [i, name] of listTree(place.path("chunks")).entries()) {
      const bytes = readFileSync(place.path("chunks", name));
      bytes[(i * 4999) % bytes.length] = (bytes[(i * 4999) % bytes.length] ?? 0) ^ 1;
      check(`chunk ${i}`, input, { name, bytes });
    }
    check("a record left out", { ...input, records: records.slice(1) });
    check("records in another order", { ...input, records: records.toReversed() });
    check("a record twice", { ...input, records: [...records, ...records.slice(-1)] });
    expect(accepted).toEqual([]);
  }, 120_000);
});

function flipped(hex: string, at = 0): string {
  const bytes = Buffer.from(hex, "hex");
  bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;
  return bytes.toString("hex");
}

function personOf(device: Device, service: ServiceProcess): Parameters<typeof lookInside>[1] {
  return { name: device.name, home: device.home, handle: parseHandle(device.name, `localhost:${service.port}`) };
}

async function inputOf(service: ServiceProcess, alice: Device, bob: Device, transfer: string): Promise<Input> {
  const { chapter, space } = onlySpace(await lookInside(await product(), personOf(bob, service)));
  const { number, retry, key, previousEnd, stream } = chapter;
  const chains: Record<string, readonly string[]> = {};
  for (const { name } of [alice, bob]) {
    const answer = await fetch(`${service.url}${routes.account(name)}?from=0`);
    const { statements } = decode(accountAnswerCodec, new Uint8Array(await answer.arrayBuffer()), {
      maxBytes: 100_000,
    });
    chains[`${name}@localhost:${service.port}`] = statements.map(hexOf);
  }
  const socket = await FrameSocket.open(service.url);
  const { kind: streamKind, writeKey, readSecret, sid } = stream;
  await socket.ask({ kind: "attach", streamKind, writeKey, readSecret, proof: null });
  const read = await socket.ask({ kind: "read", sid, from: 0, max: 256 });
  socket.close();
  if (read.kind !== "records" || read.more) throw new Error("the stream does not fit one answer");
  const records = read.records.map((record) => {
    if (record.kind !== "record") throw new Error("a record has expired");
    return { recordId: hexOf(record.recordId), body: hexOf(record.body) };
  });
  return {
    space,
    sid: hexOf(sid),
    transfer,
    chapter: { number, retry, key: hexOf(key), previousEnd: hexOf(previousEnd) },
    chains,
    records,
  };
}
