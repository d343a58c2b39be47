import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { receiptFor } from "./receipt.fixture.ts";
import { errorOf, Sandbox } from "./run-bulla.fixture.ts";

const box = new Sandbox();
afterAll(() => box[Symbol.dispose]());
const content = new Uint8Array(100_000).fill(5);
writeFileSync(box.path("content"), content);
writeFileSync(box.path("valid.receipt"), receiptFor("report.pdf", content));

test("a receipt is verified without a device, shows whom to compare with, and matches its file", async () => {
  const ended = await box.run(["receipt", "verify", "valid.receipt", "--file", "content", "--json"]);
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.stdout)).toEqual({
    transfer: "07".repeat(16),
    recipient: "bob@acme.example",
    sender: "alice@acme.example",
    day: "2026-11-22",
    files: [{ name: "report.pdf", size: content.length, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    pinned: false,
    file_matches: true,
  });
  const words = await box.run(["receipt", "verify", "valid.receipt"]);
  expect(words.stdout).toMatch(/^fingerprint +([0-9a-f]{4} ?){16}$/m);
  expect(words.stderr).toContain("compare the fingerprint");
});

test("a receipt for other bytes, one that was changed, and what is none are refused with exit code 4", async () => {
  writeFileSync(box.path("other"), content.subarray(1));
  const changed = receiptFor("report.pdf", content);
  changed[changed.length - 200] = (changed[changed.length - 200] ?? 0) ^ 1;
  writeFileSync(box.path("changed.receipt"), changed);
  writeFileSync(box.path("cut.receipt"), receiptFor("report.pdf", content).subarray(0, 300));
  for (const args of [["valid.receipt", "--file", "other"], ["changed.receipt"], ["cut.receipt"], ["content"]]) {
    const ended = await box.run(["receipt", "verify", ...args, "--json"]);
    expect([args, ended.code]).toEqual([args, 4]);
    expect(errorOf(ended)).toMatchObject({ code: expect.stringMatching(/^(receipt|identity|wire)\//) });
  }
});

test.each([["whoami"], ["devices"], ["contacts"], ["sent"], ["receive"], ["send", "content", "--to", "bob"]])(
  "%s without a device says how to get one",
  async (...args) => {
    const ended = await box.run([...args, "--json"]);
    expect(ended.code).toBe(1);
    expect(errorOf(ended)).toMatchObject({ code: "store/missing", hint: expect.stringContaining("bulla init") });
    expect(ended.stderr).toMatch(/^bulla: error: .+\nbulla: hint: .+\n$/);
  },
);

test("whoami reads the public card alone", async () => {
  mkdirSync(box.path("card"));
  const card = {
    version: 1,
    handle: "bob@acme.example",
    host: "acme.example",
    service: "https://acme.example",
    deviceId: "0f".repeat(16),
    deviceName: "laptop \u001b[31m",
    createdDay: 20_779,
    createFingerprint: "b1".repeat(32),
  };
  writeFileSync(box.path("card/device.json"), JSON.stringify(card));
  const [json, words] = await Promise.all([
    box.run(["whoami", "--json", "--home", "card"]),
    box.run(["whoami"], { env: { BULLA_HOME: box.path("card") } }),
  ]);
  expect(JSON.parse(json.stdout)).toEqual({
    handle: card.handle,
    service: card.service,
    device: card.deviceId,
    device_name: card.deviceName,
    since: "2026-11-22",
    fingerprint: card.createFingerprint,
    home: box.path("card"),
  });
  expect([words.code, words.stdout.includes("\u001b")]).toEqual([0, false]);
});

test.each([
  [["init", "bob"], "--service URL"],
  [
    ["init", "bob", "--service", "http://x.example", "-p", "--passphrase-file", "f"],
    "give --passphrase or --passphrase-file",
  ],
  [["send", "content"], "--to HANDLE"],
  [["send", "content", "--to", "bob", "--expires", "366"], "from 1 to 365"],
  [["send", "content", "--to", "bob", "--name", "x"], "keep their own names"],
  [["send", "-", "content", "--to", "bob"], "a command of their own"],
  [["send", "content", "--to", "bob", "--note", "x".repeat(8193)], "as a file"],
])("%j is a usage error before anything is opened", async (args, hint) => {
  const ended = await box.run([...args, "--json"]);
  expect(ended.code).toBe(2);
  expect(errorOf(ended)).toMatchObject({ code: "cli/usage", hint: expect.stringContaining(hint) });
});

test("plain http to another machine is refused, and a service that is away is told from it", async () => {
  const refused = await box.run(["init", "bob", "--service", "http://service.example", "--json"]);
  expect([refused.code, errorOf(refused)]).toEqual([4, expect.objectContaining({ code: "transport/insecure" })]);
  const away = await box.run(["init", "bob", "--service", "http://127.0.0.1:9", "--json"]);
  expect([away.code, errorOf(away)]).toEqual([5, expect.objectContaining({ code: "transport/unreachable" })]);
});

test("a BULLA_HOSTS file that is none is a usage error", async () => {
  writeFileSync(box.path("hosts.json"), '{"x": 1}');
  const env = { BULLA_HOSTS: box.path("hosts.json") };
  const ended = await box.run(["init", "bob", "--service", "http://127.0.0.1:9", "--json"], { env });
  expect([ended.code, errorOf(ended)]).toEqual([2, expect.objectContaining({ code: "cli/usage" })]);
});
