import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCode, jsonLines, receivedLines, sentLines } from "../support/json-lines.ts";
import { makeFile, makeSmallFiles } from "../support/make-files.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { type Device, hashFile, hashTree, listTree, Workplace } from "../support/workplace.ts";

let place: Workplace;
let service: ServiceProcess;
let alice: Device;
let bob: Device;

beforeAll(async () => {
  place = new Workplace();
  service = await place.service();
  alice = await place.member("alice", service);
  bob = await place.member("bob", service);
  // The first contact is over before the tests begin.
  await alice.run(["send", "-", "--to", "bob", "--name", "first.txt"], { input: "first" });
  await bob.run(["receive", "--out", bob.out]);
});
afterAll(() => place[Symbol.asyncDispose]());

function storedChunks(): readonly string[] {
  return listTree(service.file("blobs"));
}

describe("what is sent arrives", () => {
  test("a file and a folder keep names, bytes, note and hashes, in the documented shapes", async () => {
    makeFile(place.path("report.pdf"), 123_456, "report");
    makeSmallFiles(place.path("photos"), 25, "photos");
    const args = ["send", "report.pdf", "photos", "--to", "bob", "--note", "as promised", "--json"];
    const sent = await alice.run(args);
    expect(sent.code).toBe(0);
    const [view] = sentLines(sent);
    const handle = `bob@localhost:${service.port}`;
    expect(jsonLines(sent)).toEqual([
      {
        transfer: expect.stringMatching(/^[0-9a-f]{32}$/),
        to: handle,
        files: view?.files,
        state: "sent",
        day: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
        skipped: [],
      },
    ]);
    expect(view?.files).toHaveLength(26);

    const out = place.path("both");
    const received = await bob.run(["receive", "--out", out, "--json"]);
    expect(received.code).toBe(0);
    const lines = receivedLines(received);
    expect(jsonLines(received)).toHaveLength(26);
    const report = lines.find(({ name }) => name === "report.pdf");
    expect(report).toEqual({
      transfer: view?.transfer,
      from: `alice@localhost:${service.port}`,
      first_contact: false,
      name: "report.pdf",
      path: `${out}/report.pdf`,
      size: 123_456,
      sha256: await hashFile(place.path("report.pdf")),
      note: "as promised",
    });
    const expected = new Map(view?.files.map(({ name, sha256 }) => [name, sha256]));
    expect(await hashTree(out)).toEqual(expected);
    expect(new Map(lines.map(({ name, sha256 }) => [name, sha256]))).toEqual(expected);
  });

  test("its state goes from sent to received, and queued never comes back", async () => {
    writeFileSync(place.path("states.txt"), "states");
    const [sent] = sentLines(await alice.run(["send", "states.txt", "--to", "bob", "--json"]));
    const now = async (): Promise<string | undefined> =>
      sentLines(await alice.run(["sent", "--json"])).find(({ transfer }) => transfer === sent?.transfer)?.state;
    expect([sent?.state, await now()]).toEqual(["sent", "sent"]);
    await bob.run(["receive", "--out", bob.out]);
    expect(await now()).toBe("received");
  });

  test("sent lists the newest first", async () => {
    const transfers = sentLines(await alice.run(["sent", "--json"])).map(({ files }) => files[0]?.name);
    expect(transfers.slice(-1)).toEqual(["first.txt"]);
    expect(transfers[0]).toBe("states.txt");
  });

  test("standard input arrives under the name it was given, and as stdin without one", async () => {
    const input = readFileSync(place.path("report.pdf"));
    const out = place.path("streams");
    expect(await alice.run(["send", "-", "--name", "piped.pdf", "--to", "bob"], { input })).toMatchObject({ code: 0 });
    expect(await alice.run(["send", "-", "--to", "bob"], { input: "" })).toMatchObject({ code: 0 });
    expect(await bob.run(["receive", "--out", out])).toMatchObject({ code: 0 });
    expect(listTree(out)).toEqual(["piped.pdf", "stdin"]);
    expect(readFileSync(`${out}/piped.pdf`).equals(input)).toBe(true);
    expect(readFileSync(`${out}/stdin`)).toHaveLength(0);
    expect(listTree(`${alice.home}/spool`)).toEqual([]);
  });

  test("odd names arrive as they are", async () => {
    const names = ["ünï cödé.txt", "with  spaces", "Tschüß 🎉.bin", "a'b\"c.txt", "-dash"];
    mkdirSync(place.path("odd"), { recursive: true });
    for (const name of names) writeFileSync(place.path("odd", name), name);
    expect(await alice.run(["send", "odd", "--to", "bob"])).toMatchObject({ code: 0 });
    const out = place.path("odd-out");
    expect(await bob.run(["receive", "--out", out])).toMatchObject({ code: 0 });
    expect(listTree(out)).toEqual(names.map((name) => `odd/${name}`).sort());
  });

  test("links are left out of folders and listed", async () => {
    mkdirSync(place.path("linked"), { recursive: true });
    writeFileSync(place.path("linked", "real.txt"), "real");
    symlinkSync("/etc/passwd", place.path("linked", "link"));
    const [view] = sentLines(await alice.run(["send", "linked", "--to", "bob", "--json"]));
    expect(view?.files.map(({ name }) => name)).toEqual(["linked/real.txt"]);
    expect(view?.skipped).toEqual([{ path: expect.stringContaining("linked/link"), why: "link" }]);
    await bob.run(["receive", "--out", bob.out]);
  });
});

describe("names in the folder", () => {
  test("nothing is overwritten: a taken name gets a number", async () => {
    const out = place.path("numbers");
    mkdirSync(out);
    writeFileSync(`${out}/states.txt`, "mine");
    for (const _ of [1, 2]) {
      expect(await alice.run(["send", "states.txt", "--to", "bob"])).toMatchObject({ code: 0 });
      expect(await bob.run(["receive", "--out", out])).toMatchObject({ code: 0 });
    }
    expect(listTree(out)).toEqual(["states (1).txt", "states (2).txt", "states.txt"]);
    expect(readFileSync(`${out}/states.txt`, "utf8")).toBe("mine");
  });

  test("when nothing waits there is no output, no folder full of leftovers, and exit code 0", async () => {
    const out = place.path("nothing");
    expect(await bob.run(["receive", "--out", out, "--json"])).toMatchObject({ code: 0, stdout: "" });
    expect(listTree(out)).toEqual([]);
  });
});

describe("several recipients", () => {
  test("each gets a transfer of its own, and the bytes go to the service once", async () => {
    const carol = await place.member("carol", service);
    // Contacts are made first, so that only chunks of the file are counted.
    await alice.run(["send", "-", "--to", "carol"], { input: "hello" });
    makeFile(place.path("shared.bin"), 9_000_000, "shared");
    const before = storedChunks().length;
    expect(await alice.run(["send", "shared.bin", "--to", "bob", "--json"])).toMatchObject({ code: 0 });
    const forOne = storedChunks().length - before;
    const both = sentLines(await alice.run(["send", "shared.bin", "--to", "bob,carol", "--to", "bob", "--json"]));
    expect(both.map(({ to }) => to)).toEqual([`bob@localhost:${service.port}`, `carol@localhost:${service.port}`]);
    expect(new Set(both.map(({ transfer }) => transfer)).size).toBe(2);
    expect(storedChunks().length - before - forOne).toBe(forOne);
    for (const person of [bob, carol]) {
      const out = place.path(`shared-${person.name}`);
      expect(await person.run(["receive", "--out", out])).toMatchObject({ code: 0 });
      expect((await hashTree(out)).get("shared.bin")).toBe(await hashFile(place.path("shared.bin")));
    }
  });

  test("--from takes only what that person sent and leaves the rest for later", async () => {
    const dave = await place.member("dave", service);
    const erin = await place.member("erin", service);
    const out = place.path("from");
    await dave.run(["send", "-", "--name", "dave.txt", "--to", "bob"], { input: "dave" });
    await erin.run(["send", "-", "--name", "erin.txt", "--to", "bob"], { input: "erin" });
    const first = await bob.run(["receive", "--out", out, "--from", "erin", "--json"]);
    expect(receivedLines(first).map(({ name, first_contact }) => [name, first_contact])).toEqual([["erin.txt", true]]);
    const rest = await bob.run(["receive", "--out", out, "--json"]);
    expect(receivedLines(rest).map(({ name }) => name)).toEqual(["dave.txt"]);
  });
});

describe("limits of a command line", () => {
  test.each([
    [["--expires", "0"]],
    [["--expires", "366"]],
    [["--expires", "soon"]],
    [["--note", "x".repeat(8193)]],
    [["--name", "x"]],
  ])("%j is refused as usage and nothing is sent", async (extra) => {
    const sent = await alice.run(["send", "states.txt", "--to", "bob", "--json", ...extra]);
    expect({ code: sent.code, error: errorCode(sent) }).toEqual({ code: 2, error: "cli/usage" });
  });

  test("a note of the largest size arrives whole", async () => {
    const note = "ñ".repeat(4096);
    expect(await alice.run(["send", "states.txt", "--to", "bob", "--note", note])).toMatchObject({ code: 0 });
    const received = receivedLines(await bob.run(["receive", "--out", place.path("note"), "--json"]));
    expect(received.map((line) => line.note)).toEqual([note]);
    expect(existsSync(place.path("note", "states.txt"))).toBe(true);
  });
});
