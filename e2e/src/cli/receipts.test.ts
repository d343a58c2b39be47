import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { errorCode, field, jsonLines, sentLines } from "../support/json-lines.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { type Device, Workplace } from "../support/workplace.ts";

let place: Workplace;
let one: ServiceProcess;
let alice: Device;
let bob: Device;
let transfer = "";

beforeAll(async () => {
  place = new Workplace();
  one = await place.service("one", { domain: "one.example" });
  writeFileSync(place.path("hosts.json"), JSON.stringify({ "one.example": one.url }));
  const env = { BULLA_HOSTS: place.path("hosts.json") };
  alice = await place.member("alice", one, env);
  bob = await place.member("bob", one, env);
  writeFileSync(place.path("contract.txt"), "signed and sealed");
  writeFileSync(place.path("other.txt"), "signed and sealeD");
  transfer = await exchange(alice, bob);
  expect(await alice.run(["receipt", "show", transfer, "-o", "receipt.bin"])).toMatchObject({ code: 0 });
});
afterAll(() => place[Symbol.asyncDispose]());

/** @returns the transfer, received */
async function exchange(sender: Device, recipient: Device): Promise<string> {
  const sent = sentLines(await sender.run(["send", "contract.txt", "--to", "bob", "--json"]));
  expect(await recipient.run(["receive", "--out", recipient.out])).toMatchObject({ code: 0 });
  expect(await sender.run(["sent"])).toMatchObject({ code: 0 });
  return sent[0]?.transfer ?? "";
}

const contract = { name: "contract.txt", size: 17, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) };
const day: unknown = expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/);

test("before the recipient has it there is no receipt, and that is exit code 3", async () => {
  const [sent] = sentLines(await alice.run(["send", "other.txt", "--to", "bob", "--json"]));
  const shown = await alice.run(["receipt", "show", sent?.transfer ?? "", "--json"]);
  expect({ code: shown.code, error: errorCode(shown) }).toEqual({ code: 3, error: "receipt/none" });
});

test("receipt show looks for the receipt itself, without another command before", async () => {
  const [sent] = sentLines(await alice.run(["send", "contract.txt", "--to", "bob", "--json"]));
  expect(await bob.run(["receive", "--out", bob.out])).toMatchObject({ code: 0 });
  expect(await alice.run(["receipt", "show", sent?.transfer ?? ""])).toMatchObject({ code: 0 });
});

test("a receipt is shown in the documented shape", async () => {
  const shown = await alice.run(["receipt", "show", transfer, "--json"]);
  expect(shown.code).toBe(0);
  expect(jsonLines(shown)).toEqual([{ transfer, recipient: "bob@one.example", day, files: [contract], out: null }]);
});

test("a receipt is never written over a file", async () => {
  const again = await alice.run(["receipt", "show", transfer, "-o", "receipt.bin", "--json"]);
  expect({ code: again.code, error: errorCode(again) }).toEqual({ code: 1, error: "file/exists" });
});

const verified = {
  recipient: "bob@one.example",
  sender: "alice@one.example",
  day,
  files: [contract],
  fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
};

test("the device that met the recipient says so, with and without the file", async () => {
  const plain = await alice.run(["receipt", "verify", "receipt.bin", "--json"]);
  expect(plain.code).toBe(0);
  expect(jsonLines(plain)).toEqual([{ ...verified, transfer, pinned: true, file_matches: null }]);
  const withFile = await alice.run(["receipt", "verify", "receipt.bin", "--file", "contract.txt", "--json"]);
  expect(withFile.code).toBe(0);
  expect(jsonLines(withFile)).toEqual([{ ...verified, transfer, pinned: true, file_matches: true }]);
});

test("another file than the one received is refused with 4", async () => {
  const wrong = await alice.run(["receipt", "verify", "receipt.bin", "--file", "other.txt", "--json"]);
  expect({ code: wrong.code, error: errorCode(wrong) }).toEqual({ code: 4, error: "receipt/refused" });
});

test("anybody can verify a receipt without a device, a service or a network, but nothing is pinned there", async () => {
  const nobody = place.device("nobody");
  const plain = await nobody.run(["receipt", "verify", "receipt.bin", "--file", "contract.txt", "--json"]);
  expect(plain.code).toBe(0);
  expect(jsonLines(plain)).toEqual([{ ...verified, transfer, pinned: false, file_matches: true }]);
});

test("the fingerprint in the receipt is the one that the recipient's own whoami shows", async () => {
  const [card] = jsonLines(await bob.run(["whoami", "--json"]));
  const [receipt] = jsonLines(await alice.run(["receipt", "verify", "receipt.bin", "--json"]));
  expect(field(receipt, "fingerprint")).toBe(field(card, "fingerprint"));
});

test("a receipt by another bob than the one this device met is refused with 4", async () => {
  const two = await place.service("two", { domain: "one.example" });
  writeFileSync(place.path("hosts-two.json"), JSON.stringify({ "one.example": two.url }));
  const env = { BULLA_HOSTS: place.path("hosts-two.json") };
  await place.member("alice-two", two, env);
  const impostor = place.device("bob-two", env);
  const sender = place.device("alice-again", env);
  expect(await impostor.run(["init", "bob", "--service", two.url])).toMatchObject({ code: 0 });
  expect(await sender.run(["init", "alice", "--service", two.url])).toMatchObject({ code: 0 });
  const forged = await exchange(sender, impostor);
  expect(await sender.run(["receipt", "show", forged, "-o", "forged.bin"])).toMatchObject({ code: 0 });
  // The control: the receipt is valid in itself.
  expect(await place.device("nobody").run(["receipt", "verify", "forged.bin"])).toMatchObject({ code: 0 });
  const refused = await alice.run(["receipt", "verify", "forged.bin", "--json"]);
  expect({ code: refused.code, error: errorCode(refused) }).toEqual({ code: 4, error: "identity/pin-mismatch" });
});

test("a receipt with any byte changed is refused with 4", async () => {
  const receipt = readFileSync(place.path("receipt.bin"));
  for (let i = 0; i < 6; i++) {
    const changed = Buffer.from(receipt);
    const at = Math.floor(((i + 0.5) * receipt.length) / 6);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(place.path(`changed-${i}.bin`), changed);
    expect((await place.device("nobody").run(["receipt", "verify", `changed-${i}.bin`])).code).toBe(4);
  }
});
