import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hexOf } from "@bulla/wire";
import { expect, test } from "vitest";
import { runProgram, startProcess } from "./testing/service-process.fixture.ts";
import { send, TestAccount } from "./testing/test-client.fixture.ts";
import { body, TestConnection, TestStream } from "./testing/test-connection.fixture.ts";
import { temporaryFolder } from "./testing/test-service.fixture.ts";

test("the program says where it listens, for people and for programs, and ends with 0 on either signal", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const folder = await temporaryFolder();
    const people = await startProcess(["serve", "--data", join(folder, "a"), "--port", "0"]);
    expect(people.firstLine).toMatch(/^bulla: serving on http:\/\/localhost:\d+$/);
    expect((await send(people.url, "/v1/about")).status).toBe(200);
    expect((await people.kill(signal)).code).toBe(0);
    const programs = await startProcess(["--data", join(folder, "b"), "--port=0", "--json"]);
    expect(JSON.parse(programs.firstLine)).toEqual({ event: "listening", url: programs.url });
    expect((await programs.kill(signal)).code).toBe(0);
  }
});

test("wrong words end with 2 and a hint, help with 0", async () => {
  for (const words of [
    ["--bogus"],
    ["serve", "--port"],
    ["--port", "70000"],
    ["witness"],
    ["admin", "x"],
    ["--domain", "a b"],
    ["serve", "now"],
  ]) {
    const { code, stdout, stderr } = await runProgram(words);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^bulla: error: .+\nbulla: hint: .+\n$/);
  }
  expect(await runProgram(["serve", "--help"])).toMatchObject({ code: 0, stderr: "" });
});

test("a port in use, a folder in use and a folder that cannot be made end with 1 and a hint", async () => {
  const folder = await temporaryFolder();
  const running = await startProcess(["--data", join(folder, "a"), "--port", "0"]);
  const port = new URL(running.url).port;
  const expected = async (words: readonly string[], text: RegExp): Promise<void> => {
    const { code, stderr } = await runProgram(words);
    expect(code).toBe(1);
    expect(stderr).toMatch(text);
    expect(stderr).toMatch(/\nbulla: hint: .+\n$/);
  };
  await expected(["--data", join(folder, "b"), "--port", port], /port \d+ is in use/);
  await expected(["--data", join(folder, "a"), "--port", "0"], /another service runs on this data folder/);
  await writeFile(join(folder, "file"), "");
  await expected(["--data", join(folder, "file", "x"), "--port", "0"], /cannot be written/);
  await running.kill("SIGTERM");
});

test("a data folder keeps its domain: another one is refused, the same one is found again", async () => {
  const folder = await temporaryFolder();
  const first = await startProcess(["--data", join(folder, "a"), "--port", "0"]);
  const { host } = new URL(first.url);
  await first.kill("SIGTERM");
  const refused = await runProgram(["--data", join(folder, "a"), "--port", "0"]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`--domain ${host}`);
  const kept = await startProcess(["--data", join(folder, "a"), "--port", "0", "--domain", host]);
  expect(JSON.parse(Buffer.from((await send(kept.url, "/.well-known/bulla")).body).toString())).toMatchObject({ host });
  await kept.kill("SIGTERM");
  const named = await startProcess(["--data", join(folder, "b"), "--port", "0", "--domain", "acme.example"]);
  await named.kill("SIGTERM");
  const again = await startProcess(["--data", join(folder, "b"), "--port", "0"]);
  expect(JSON.parse(Buffer.from((await send(again.url, "/v1/about")).body).toString())).toMatchObject({
    host: "acme.example",
  });
  await again.kill("SIGTERM");
});

test("without --data everything goes under the user's data folder, which nobody else may open", async () => {
  const home = await temporaryFolder();
  await mkdir(join(home, "closed"));
  await chmod(join(home, "closed"), 0o700);
  const [first, second] = [
    runProgram(["--port", "0", "--host", "203.0.113.1"], { XDG_DATA_HOME: home }),
    runProgram(["--port", "0", "--host", "203.0.113.1"], { XDG_DATA_HOME: "", HOME: join(home, "closed") }),
  ];
  expect((await first).stderr).toContain("this machine does not have that address");
  await second;
  expect(await readdir(join(home, "bulla", "service"))).toContain("streams.db");
  expect(await readdir(join(home, "closed", ".local", "share", "bulla", "service"))).toContain("streams.db");
});

test("no record that was acknowledged is lost when the process is killed, five times", {
  timeout: 60_000,
}, async () => {
  const folder = await temporaryFolder();
  const stream = new TestStream();
  const acknowledged = new Map<number, string>();
  let domain: readonly string[] = [];
  for (let round = 0; round < 5; round++) {
    const running = await startProcess(["--data", folder, "--port", "0", ...domain]);
    const host = new URL(running.url).host;
    const connection = await TestConnection.open(running.url);
    await connection.attach(stream);
    if (round === 0) {
      domain = ["--domain", host];
      const ann = await new TestAccount(running.url, host, "ann").register();
      await connection.open(stream, await ann.ticket({ streams: 1 }));
    }
    const before = acknowledged.size;
    const keepAppending = async (): Promise<void> => {
      for (;;) {
        const bytes = body(1024, randomBytes(8));
        const result = await connection.append(stream, bytes);
        if (result.kind !== "appended") throw new Error(result.kind);
        acknowledged.set(result.position, hexOf(bytes.subarray(0, 8)));
      }
    };
    for (let i = 0; i < 20; i++) void keepAppending();
    await connection.until(() => acknowledged.size > before + 200 + round * 37);
    await running.kill("SIGKILL");
    await connection[Symbol.asyncDispose]();
  }
  const last = await startProcess(["--data", folder, "--port", "0", ...domain]);
  await using connection = await TestConnection.open(last.url);
  await connection.attach(stream);
  const stored: string[] = [];
  for (let more = true; more; ) {
    const read = await connection.read(stream, stored.length);
    if (read.kind !== "records") throw new Error(read.kind);
    for (const record of read.records) stored.push(record.kind === "record" ? hexOf(record.body.subarray(0, 8)) : "");
    more = read.more;
  }
  expect(acknowledged.size).toBeGreaterThan(1000);
  for (const [position, bytes] of acknowledged) expect(stored[position]).toBe(bytes);
  await last.kill("SIGTERM");
});

test("what the program prints never holds a handle, a name or an address", async () => {
  const folder = await temporaryFolder();
  const running = await startProcess(["--data", folder, "--port", "0"]);
  const ann = await new TestAccount(running.url, new URL(running.url).host, "canary-name").register();
  await ann.send("/v1/accounts/canary-name/devices/00/inbox");
  await send(running.url, "/v1/accounts/canary-name/claims", { method: "POST", body: Buffer.from("x") });
  const { stdout, stderr } = await running.kill("SIGTERM");
  expect(stdout + stderr).toBe("bulla: stopping\nbulla: stopped\n");
  expect(await readFile(join(folder, "service.json"), "utf8")).not.toContain("canary");
});
