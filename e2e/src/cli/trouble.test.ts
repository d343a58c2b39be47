import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCode, field, jsonLines, receivedLines, sentLines } from "../support/json-lines.ts";
import { makeFile } from "../support/make-files.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { type Device, hashFile, listTree, Workplace } from "../support/workplace.ts";

let place: Workplace;
let service: ServiceProcess;
let alice: Device;
let bob: Device;

beforeAll(async () => {
  place = new Workplace();
  service = await place.service();
  alice = await place.member("alice", service);
  bob = await place.member("bob", service);
  await alice.run(["send", "-", "--to", "bob"], { input: "first" });
  await bob.run(["receive", "--out", bob.out]);
  // A clock some days ahead, loaded into the real programs.
  writeFileSync(
    place.path("clock.mjs"),
    "const now = Date.now; Date.now = () => now() + Number(process.env.CLOCK_DAYS) * 86_400_000;",
  );
});
afterAll(() => place[Symbol.asyncDispose]());

const daysAhead = (days: number): Record<string, string> => ({
  NODE_OPTIONS: `--import=${place.path("clock.mjs")}`,
  CLOCK_DAYS: String(days),
});

describe("without the service", () => {
  test("send ends with 5, and any later command sends what waits", async () => {
    const later = [["devices"], ["contacts"], ["receive", "--out", alice.out], ["sent"], ["send", "-", "--to", "bob"]];
    for (const [i, command] of later.entries()) {
      writeFileSync(place.path(`queued-${i}.txt`), `queued ${i}`);
      await service.kill("SIGKILL");
      const sent = await alice.run(["send", `queued-${i}.txt`, "--to", "bob", "--json"]);
      expect(sent.code).toBe(5);
      expect(sentLines(sent)).toMatchObject([{ state: "queued", files: [{ name: `queued-${i}.txt`, size: 8 }] }]);
      service = await place.restart(service);
      expect(await alice.run(command, { input: "x" })).toMatchObject({ code: 0 });
      const received = receivedLines(await bob.run(["receive", "--out", bob.out, "--json"]));
      expect(received.map(({ name }) => name)).toContain(`queued-${i}.txt`);
    }
  }, 120_000);

  test("standard input that could not be sent is kept, sent later, and its copy is deleted", async () => {
    await service.kill("SIGKILL");
    const args = ["send", "-", "--name", "piped.txt", "--to", "bob"];
    expect((await alice.run(args, { input: "piped" })).code).toBe(5);
    expect(listTree(`${alice.home}/spool`)).toHaveLength(1);
    service = await place.restart(service);
    expect(sentLines(await alice.run(["sent", "--json"]))[0]?.state).toBe("sent");
    expect(listTree(`${alice.home}/spool`)).toEqual([]);
    const received = receivedLines(await bob.run(["receive", "--out", bob.out, "--json"]));
    expect(received.map(({ name }) => name)).toEqual(["piped.txt"]);
  });

  test("receive ends with 5, and commands about this device alone still work", async () => {
    await service.kill("SIGKILL");
    const received = await bob.run(["receive", "--out", bob.out, "--json"]);
    expect({ code: received.code, error: errorCode(received) }).toEqual({ code: 5, error: "transport/unreachable" });
    for (const command of ["whoami", "devices", "contacts", "sent"])
      expect({ command, code: (await bob.run([command])).code }).toEqual({ command, code: 0 });
    service = await place.restart(service);
  });

  test("a first contact that was written to offline gets it later", async () => {
    const carol = await place.member("carol", service);
    writeFileSync(place.path("later.txt"), "later");
    await service.kill("SIGKILL");
    expect((await alice.run(["send", "later.txt", "--to", "carol"])).code).toBe(5);
    service = await place.restart(service);
    expect((await alice.run(["sent"])).code).toBe(0);
    const received = receivedLines(await carol.run(["receive", "--out", carol.out, "--json"]));
    expect(received).toMatchObject([{ name: "later.txt", first_contact: true }]);
  });

  test("what turns out to have no recipient is not dropped without a word", async () => {
    writeFileSync(place.path("dropped.txt"), "dropped");
    await service.kill("SIGKILL");
    expect((await alice.run(["send", "dropped.txt", "--to", "nobody"])).code).toBe(5);
    service = await place.restart(service);
    const later = await alice.run(["sent", "--json"]);
    const told = later.stderr !== "" || sentLines(later).some(({ files }) => files[0]?.name === "dropped.txt");
    expect(told).toBe(true);
  });
});

describe("bytes that are not what was sent", () => {
  test("one bad file is refused with 4, the others are kept, nothing of it is left, and a repaired service brings it", async () => {
    const before = new Set(listTree(service.file("blobs")));
    const names = ["good-1.bin", "bad.bin", "good-2.bin"];
    makeFile(place.path("bad.bin"), 6_000_000, "bad");
    expect(await alice.run(["send", "bad.bin", "--to", "bob"])).toMatchObject({ code: 0 });
    const [chunk = ""] = listTree(service.file("blobs")).filter((name) => !before.has(name));
    for (const name of ["good-1.bin", "good-2.bin"]) {
      makeFile(place.path(name), 5_000_000, name);
      expect(await alice.run(["send", name, "--to", "bob"])).toMatchObject({ code: 0 });
    }
    const file = service.file(`blobs/${chunk}`);
    const whole = readFileSync(file);
    const damaged = Buffer.from(whole);
    damaged[1000] = (damaged[1000] ?? 0) ^ 1;
    writeFileSync(file, damaged);

    const out = place.path("damaged");
    const first = await bob.run(["receive", "--out", out, "--json"]);
    expect({ code: first.code, error: errorCode(first) }).toEqual({ code: 4, error: "transfer/refused" });
    const refused = jsonLines(first).flatMap((line) => field(line, "refused") ?? []);
    expect(refused).toEqual([
      {
        transfer: expect.stringMatching(/^[0-9a-f]{32}$/),
        from: `alice@localhost:${service.port}`,
        name: "bad.bin",
        code: "blob/refused",
        message: expect.any(String),
      },
    ]);
    expect(listTree(out)).toEqual(["good-1.bin", "good-2.bin"]);

    writeFileSync(file, whole);
    expect(await bob.run(["receive", "--out", out])).toMatchObject({ code: 0 });
    expect(listTree(out)).toEqual([...names].sort());
    expect(await hashFile(`${out}/bad.bin`)).toBe(await hashFile(place.path("bad.bin")));
  });

  test("a lost chunk fails its file alone, with a code that says so", async () => {
    const before = new Set(listTree(service.file("blobs")));
    makeFile(place.path("lost.bin"), 6_000_000, "lost");
    expect(await alice.run(["send", "lost.bin", "--to", "bob"])).toMatchObject({ code: 0 });
    const [chunk = ""] = listTree(service.file("blobs")).filter((name) => !before.has(name));
    rmSync(service.file(`blobs/${chunk}`));
    const out = place.path("lost");
    const received = await bob.run(["receive", "--out", out, "--json"]);
    const refused = jsonLines(received).flatMap((line) => field(line, "refused") ?? []);
    expect(refused).toMatchObject([{ name: "lost.bin", code: "blob/missing-chunk" }]);
    expect(received.code).toBe(4);
    expect(listTree(out)).toEqual([]);
    expect(await alice.run(["sent"])).toMatchObject({ code: 0 });
  });
});

describe("days", () => {
  test("after its last day a transfer is expired for both sides, and what was received stays", async () => {
    const dave = await place.member("dave", service);
    await alice.run(["send", "-", "--name", "kept.txt", "--to", "dave", "--expires", "1"], { input: "kept" });
    expect(await dave.run(["receive", "--out", dave.out])).toMatchObject({ code: 0 });
    makeFile(place.path("late.bin"), 300_000, "late");
    expect(await alice.run(["send", "late.bin", "--to", "dave", "--expires", "1"])).toMatchObject({ code: 0 });
    service = await place.restart(service, { env: daysAhead(3) });
    const states = sentLines(await alice.run(["sent", "--json"], { env: daysAhead(3) })).map(({ files, state }) => [
      files[0]?.name,
      state,
    ]);
    expect(states.slice(0, 2)).toEqual([
      ["late.bin", "expired"],
      ["kept.txt", "received"],
    ]);
    const late = await dave.run(["receive", "--out", dave.out, "--json"], { env: daysAhead(3) });
    const refused = jsonLines(late).flatMap((line) => field(line, "refused") ?? []);
    expect(refused).toMatchObject([{ name: "late.bin", code: "blob/expired" }]);
    expect(listTree(dave.out)).toEqual(["kept.txt"]);
    // Said once, not at every receive from now on.
    expect(await dave.run(["receive", "--out", dave.out], { env: daysAhead(3) })).toMatchObject({ code: 0 });
    service = await place.restart(service);
  });
});
