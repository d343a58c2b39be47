import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCode, field, jsonLines } from "../support/json-lines.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { listTree, Workplace } from "../support/workplace.ts";

let place: Workplace;
let service: ServiceProcess;

beforeAll(async () => {
  place = new Workplace();
  service = await place.service();
});
afterAll(() => place[Symbol.asyncDispose]());

const hex = (digits: number): unknown => expect.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const day: unknown = expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/);

describe("a new account", () => {
  test("init prints exactly what is documented, and whoami the same without a service", async () => {
    const alice = place.device("alice");
    const init = await alice.run(["init", "alice", "--service", service.url, "--json"]);
    expect(init.code).toBe(0);
    const card = {
      handle: `alice@localhost:${service.port}`,
      service: service.url,
      device: hex(32),
      device_name: hostname(),
      since: day,
      fingerprint: hex(64),
      home: alice.home,
    };
    expect(jsonLines(init)).toEqual([card]);
    const whoami = await alice.run(["whoami", "--json"]);
    expect(whoami).toMatchObject({ code: 0, stdout: init.stdout, stderr: "" });
    const words = await alice.run(["whoami"]);
    expect(words.stdout).toContain(`alice@localhost:${service.port}`);
  });

  test("the home belongs to its owner alone, in every file and folder", async () => {
    const { home } = await place.member("modes", service);
    for (const name of [".", "locks", "spool"]) expect(statSync(join(home, name)).mode & 0o777).toBe(0o700);
    for (const name of listTree(home)) expect(statSync(join(home, name)).mode & 0o077).toBe(0);
  });

  test("the device's name is the one that was asked for", async () => {
    const named = place.device("named");
    const init = await named.run(["init", "named", "--service", service.url, "--device", "work laptop", "--json"]);
    expect(jsonLines(init)).toMatchObject([{ device_name: "work laptop" }]);
  });

  test("a handle that somebody has is not given to anybody else, and leaves no half device", async () => {
    await place.member("taken", service);
    const second = place.device("taken-again");
    const refused = await second.run(["init", "taken", "--service", service.url, "--json"]);
    expect({ code: refused.code, error: errorCode(refused) }).toEqual({ code: 1, error: "service/conflict" });
    expect(readdirSync(dirname(second.home)).filter((name) => name.includes(".init-"))).toEqual([]);
    expect(await second.run(["init", "not-taken", "--service", service.url])).toMatchObject({ code: 0 });
  });

  test("a home that has a device gets no second one", async () => {
    const once = await place.member("once", service);
    const again = await once.run(["init", "other", "--service", service.url, "--json"]);
    expect({ code: again.code, error: errorCode(again) }).toEqual({ code: 1, error: "store/exists" });
    expect(jsonLines(await once.run(["whoami", "--json"]))).toMatchObject([
      { handle: `once@localhost:${service.port}` },
    ]);
  });

  test("without a service init ends with 5, and the same command finishes it later", async () => {
    const late = place.device("late");
    const stopped = await place.service("stopped");
    await stopped.kill("SIGTERM");
    const away = await late.run(["init", "late", "--service", stopped.url, "--json"]);
    expect({ code: away.code, error: errorCode(away) }).toEqual({ code: 5, error: "transport/unreachable" });
    await place.restart(stopped);
    expect(await late.run(["init", "late", "--service", stopped.url])).toMatchObject({ code: 0 });
  });
});

describe("devices and contacts", () => {
  test("devices lists this device in the documented shape", async () => {
    const device = await place.member("devices", service);
    expect(jsonLines(await device.run(["devices", "--json"]))).toEqual([
      { device: hex(32), this_device: true, state: "active" },
    ]);
  });

  test("contacts are empty at first, and then who was written to", async () => {
    const eve = await place.member("eve", service);
    const fred = await place.member("fred", service);
    expect(await eve.run(["contacts", "--json"])).toMatchObject({ code: 0, stdout: "" });
    expect(await eve.run(["send", "-", "--to", "fred"], { input: "hello" })).toMatchObject({ code: 0 });
    const [card] = jsonLines(await fred.run(["whoami", "--json"]));
    expect(jsonLines(await eve.run(["contacts", "--json"]))).toEqual([
      {
        handle: `fred@localhost:${service.port}`,
        state: "accepted",
        fingerprint: field(card, "fingerprint"),
        host: `localhost:${service.port}`,
      },
    ]);
  });
});

describe("a home under a passphrase", () => {
  test("opens with the passphrase alone, and whoami needs none", async () => {
    const secret = place.path("passphrase");
    const wrong = place.path("wrong-passphrase");
    writeFileSync(secret, "correct horse battery staple\n", { mode: 0o600 });
    writeFileSync(wrong, "incorrect horse\n", { mode: 0o600 });
    const locked = place.device("locked");
    const init = await locked.run(["init", "locked", "--service", service.url, "--passphrase-file", secret]);
    expect(init).toMatchObject({ code: 0 });
    expect(await locked.run(["whoami"])).toMatchObject({ code: 0 });
    expect(await locked.run(["devices"], { env: { BULLA_PASSPHRASE_FILE: secret } })).toMatchObject({ code: 0 });
    const refused = await locked.run(["devices", "--json"], { env: { BULLA_PASSPHRASE_FILE: wrong } });
    expect({ code: refused.code, error: errorCode(refused) }).toEqual({ code: 4, error: "store/wrong-passphrase" });
    expect(await locked.run(["receive"], { env: { BULLA_PASSPHRASE_FILE: secret } })).toMatchObject({
      code: 0,
      stdout: "",
    });
  });
});

describe("exit codes", () => {
  test("a wrong command line is 2", async () => {
    const device = await place.member("usage", service);
    for (const args of [["send", "x"], ["frobnicate"], ["send", "--to", "bob"], ["receipt"], ["receive", "--nope"]])
      expect((await device.run(args)).code).toBe(2);
  });

  test("an unknown recipient is 3, and nothing waits to be sent to nobody", async () => {
    const device = await place.member("lost", service);
    writeFileSync(place.path("lost.txt"), "lost");
    const sent = await device.run(["send", "lost.txt", "--to", "nobody", "--json"]);
    expect({ code: sent.code, error: errorCode(sent) }).toEqual({ code: 3, error: "contact/unknown-recipient" });
    expect(await device.run(["sent", "--json"])).toMatchObject({ code: 0, stdout: "" });
    expect(listTree(join(device.home, "spool"))).toEqual([]);
  });

  test("when one of two recipients is unknown nobody gets anything", async () => {
    const device = await place.member("half", service);
    const known = await place.member("half-known", service);
    writeFileSync(place.path("half.txt"), "half");
    const sent = await device.run(["send", "half.txt", "--to", "half-known,nobody", "--json"]);
    expect({ code: sent.code, error: errorCode(sent) }).toEqual({ code: 3, error: "contact/unknown-recipient" });
    expect(await known.run(["receive", "--out", known.out, "--json"])).toMatchObject({ code: 0, stdout: "" });
  });

  test("a transfer that is not known is 3, a device that is not there is 1", async () => {
    const device = await place.member("exits", service);
    const unknown = await device.run(["receipt", "show", "00".repeat(16), "--json"]);
    expect({ code: unknown.code, error: errorCode(unknown) }).toEqual({ code: 3, error: "transfer/unknown" });
    const missing = await place.device("missing").run(["receive", "--json"]);
    expect({ code: missing.code, error: errorCode(missing) }).toEqual({ code: 1, error: "store/missing" });
  });

  test("a path that cannot be read is 1, an empty folder is refused with 4", async () => {
    const device = await place.member("paths", service);
    await place.member("paths-peer", service);
    const absent = await device.run(["send", "absent.txt", "--to", "paths-peer", "--json"]);
    expect({ code: absent.code, error: errorCode(absent) }).toEqual({ code: 1, error: "file/unreadable" });
    mkdirSync(place.path("empty"), { recursive: true });
    const empty = await device.run(["send", "empty", "--to", "paths-peer", "--json"]);
    expect({ code: empty.code, error: errorCode(empty) }).toEqual({ code: 1, error: "transfer/empty" });
  });

  test("every error is two lines for people: what went wrong and what to do", async () => {
    const { stderr, stdout, code } = await place.device("missing-too").run(["receive"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^bulla: error: .+\nbulla: hint: .+\n$/);
  });
});
