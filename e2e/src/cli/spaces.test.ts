import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCode, jsonLines } from "../support/json-lines.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { waitUntil } from "../support/wait-until.ts";
import { type Device, Workplace } from "../support/workplace.ts";

let place: Workplace;
let one: ServiceProcess;
let two: ServiceProcess;

beforeAll(async () => {
  place = new Workplace();
  one = await place.service("one", { domain: "one.example" });
  two = await place.service("two", { domain: "two.example" });
  writeFileSync(place.path("hosts.json"), JSON.stringify({ "one.example": one.url, "two.example": two.url }));
});
afterAll(() => place[Symbol.asyncDispose]());

const member = (name: string, service = one): Promise<Device> =>
  place.member(name, service, { BULLA_HOSTS: place.path("hosts.json") });

/** Run a command that has to work; its JSON lines. */
async function run(device: Device, ...words: readonly string[]): Promise<readonly unknown[]> {
  const done = await device.run([...words, "--json"]);
  expect(done).toMatchObject({ code: 0 });
  return jsonLines(done);
}

/** What was said, in order. */
async function heard(device: Device, space: string): Promise<readonly unknown[]> {
  const lines = (await run(device, "read", space)) as readonly { readonly type: string; readonly text: string }[];
  return lines.filter(({ type }) => type === "text").map(({ text }) => text);
}

describe("bulla space, message and read", () => {
  test("a group of three talks, somebody comes later, somebody is taken out, somebody leaves", async () => {
    const [alice, bob, carol, dave] = await Promise.all(["alice", "bob", "carol", "dave"].map((name) => member(name)));
    if (alice === undefined || bob === undefined || carol === undefined || dave === undefined) throw new Error("cast");
    expect(await run(alice, "space", "create", "Roof", "--with", "bob,carol")).toMatchObject([
      { kind: "group", name: "Roof", state: "active", role: "owner", members: [{ role: "owner" }, {}, {}] },
    ]);
    expect(await run(alice, "message", "roof", "hello", "all")).toMatchObject([{ state: "sent" }]);
    expect(await heard(bob, "Roof")).toEqual(["hello all"]);
    await run(bob, "message", "Roof", "hi");
    expect(await heard(carol, "Roof")).toEqual(["hello all", "hi"]);

    await run(alice, "space", "add", "Roof", "dave", "--role", "admin");
    await run(carol, "message", "Roof", "welcome");
    expect(await heard(dave, "Roof")).toEqual(["hello all", "hi", "welcome"]);
    expect(await run(dave, "space", "remove", "Roof", "bob")).toMatchObject([{ members: [{}, {}, {}] }]);
    await run(dave, "message", "Roof", "without bob");
    expect(await heard(bob, "Roof")).toEqual(["hello all", "hi", "welcome"]);
    expect(await run(bob, "space", "list")).toMatchObject([{ state: "removed", role: null }]);
    expect(errorCode(await bob.run(["message", "Roof", "?", "--json"]))).toBe("space/not-a-member");

    await run(carol, "space", "leave", "Roof");
    expect(await run(alice, "space", "show", "Roof")).toMatchObject([
      { members: [{ handle: "alice@one.example" }, { handle: "dave@one.example" }] },
    ]);
    expect(await run(carol, "space", "list")).toMatchObject([{ state: "removed" }]);
    expect(await heard(alice, "Roof")).toEqual(["hello all", "hi", "welcome", "without bob"]);
    const types = ((await run(alice, "read", "Roof")) as readonly { readonly type: string }[]).map(({ type }) => type);
    expect(types).toEqual([
      "named",
      "added",
      "added",
      "text",
      "text",
      "added",
      "shared",
      "text",
      "removed",
      "text",
      "leaving",
      "removed",
    ]);
  });

  test("newcomers read nothing from before when the owner says so, and only an owner can", async () => {
    const [olga, paul, quin] = await Promise.all([member("olga"), member("paul"), member("quin")]);
    await run(olga, "space", "create", "Fresh", "--with", "paul");
    const denied = await paul.run(["space", "policy", "Fresh", "--history", "now", "--json"]);
    expect([errorCode(denied), denied.code]).toEqual(["space/not-allowed", 1]);
    expect(await run(olga, "space", "policy", "Fresh", "--history", "now")).toMatchObject([{ history: "now" }]);
    await run(olga, "message", "Fresh", "before");
    await run(olga, "space", "add", "Fresh", "quin");
    await run(olga, "message", "Fresh", "after");
    expect(await heard(quin, "Fresh")).toEqual(["after"]);
    expect(await heard(paul, "Fresh")).toEqual(["before", "after"]);
    const wrong = await olga.run(["space", "policy", "Fresh", "--history", "some", "--json"]);
    expect([errorCode(wrong), wrong.code]).toEqual(["cli/usage", 2]);
  });

  test("somebody of another service is let in, once they accept whoever invites them", async () => {
    const alice = await member("alice-far");
    const zoe = await member("zoe", two);
    await run(alice, "space", "create", "Bridge", "--with", "zoe@two.example");
    expect(await run(zoe, "space", "list")).toEqual([]);
    await run(zoe, "contacts", "accept", "alice-far@one.example");
    await run(alice, "message", "Bridge", "over here");
    expect(await heard(zoe, "Bridge")).toEqual(["over here"]);
    await run(zoe, "message", "Bridge", "hello from two");
    expect(await heard(alice, "Bridge")).toEqual(["over here", "hello from two"]);
  });

  test("a message to a person begins a conversation, which goes both ways", async () => {
    const [ann, ben] = await Promise.all([member("ann"), member("ben")]);
    await run(ann, "message", "ben", "just us");
    expect(await heard(ben, "ann")).toEqual(["just us"]);
    await run(ben, "message", "ann@one.example", "yes");
    expect(await heard(ann, "ben")).toEqual(["just us", "yes"]);
    expect(await run(ann, "space", "list")).toMatchObject([{ kind: "direct", name: "ben@one.example" }]);
  });

  test("wrong words are answered with what to do: 2 for what could be several or is none of the choices, 3 for nothing of that name, 1 for what is not allowed", async () => {
    const [ida, jon] = await Promise.all([member("ida"), member("jon")]);
    await run(ida, "space", "create", "Twice");
    await run(ida, "space", "create", "twice", "--with", "jon");
    for (const [code, exit, ...words] of [
      ["cli/usage", 2, "message", "Twice", "x"],
      ["cli/usage", 2, "space", "create", "two\nlines"],
      ["cli/usage", 2, "space", "role", "Twice", "jon", "king"],
      ["space/unknown", 3, "read", "Never"],
      ["contact/unknown-recipient", 3, "message", "nobody-at-all", "x"],
      ["contact/unknown-recipient", 3, "space", "create", "Third", "--with", "nobody-at-all"],
    ] as const) {
      const answer = await ida.run([...words, "--json"]);
      expect([words, errorCode(answer), answer.code]).toEqual([words, code, exit]);
    }
    const denied = await jon.run(["space", "rename", "twice", "Mine", "--json"]);
    expect([errorCode(denied), denied.code]).toEqual(["space/not-allowed", 1]);
    const spaces = (await run(ida, "space", "list")) as readonly { readonly space: string }[];
    expect(spaces).toHaveLength(2);
    await run(ida, "message", spaces[1]?.space ?? "", "by its id");
  });

  test("without the service a message is queued with exit 5, shown as such, and goes out with a later command", async () => {
    const service = await place.service("away", { domain: "away.example" });
    const kim = await place.member("kim", service);
    const lee = await place.member("lee", service);
    await run(kim, "space", "create", "Away", "--with", "lee");
    expect(await heard(lee, "Away")).toEqual([]);
    await service.kill("SIGTERM");
    const queued = await kim.run(["message", "Away", "later", "--json"]);
    expect([queued.code, jsonLines(queued)]).toMatchObject([5, [{ state: "queued" }]]);
    expect(await run(kim, "read", "Away").then((lines) => lines.at(-1))).toMatchObject({ state: "queued" });
    await place.restart(service);
    await run(kim, "space", "list");
    expect(await heard(lee, "Away")).toEqual(["later"]);
  });

  test("read --follow shows what comes, and ends with 130 at Ctrl-C", async () => {
    const [max, nia] = await Promise.all([member("max"), member("nia")]);
    await run(max, "space", "create", "Live", "--with", "nia");
    await run(max, "message", "Live", "first");
    const following = nia.start(["read", "Live", "--follow", "--json"]);
    await waitUntil("the first", () => following.lines.join().includes("first"));
    await run(max, "message", "Live", "second");
    await waitUntil("the second", () => following.lines.join().includes("second"));
    following.kill("SIGINT");
    expect((await following.ended).code).toBe(130);
    expect(following.lines.filter((line) => line.includes("first"))).toHaveLength(1);
  });
});
