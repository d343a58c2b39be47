import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCode, field, jsonLines, receivedLines, sentLines } from "../support/json-lines.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { waitUntil } from "../support/wait-until.ts";
import { type Device, listTree, Workplace } from "../support/workplace.ts";

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

const member = (name: string, service: ServiceProcess): Promise<Device> =>
  place.member(name, service, { BULLA_HOSTS: place.path("hosts.json") });

async function sendText(from: Device, to: string, name: string): Promise<void> {
  const sent = await from.run(["send", "-", "--name", name, "--to", to], { input: name });
  expect(sent).toMatchObject({ code: 0 });
}

async function receive(device: Device, ...extra: readonly string[]): Promise<readonly unknown[]> {
  const received = await device.run(["receive", "--out", device.out, "--json", ...extra]);
  expect(received.code).toBe(0);
  return jsonLines(received);
}

describe("strangers from another service", () => {
  test("wait until they are accepted, and then all they sent arrives and a receipt goes back", async () => {
    const bob = await member("bob", one);
    const eve = await member("eve", two);
    await sendText(eve, "bob@one.example", "offer.txt");
    expect(await receive(bob)).toEqual([{ waiting: { from: "eve@two.example", host: "two.example" } }]);
    expect(jsonLines(await bob.run(["contacts", "--json"]))).toMatchObject([
      { handle: "eve@two.example", state: "waiting", host: "two.example" },
    ]);
    expect(listTree(bob.out)).toEqual([]);
    const accepted = await bob.run(["contacts", "accept", "eve@two.example", "--json"]);
    expect(accepted.code).toBe(0);
    expect(jsonLines(accepted)).toMatchObject([{ handle: "eve@two.example", state: "accepted", host: "two.example" }]);
    expect(await receive(bob)).toMatchObject([{ from: "eve@two.example", name: "offer.txt" }]);
    expect(sentLines(await eve.run(["sent", "--json"]))).toMatchObject([{ state: "received" }]);
    // From now on nobody waits, in either direction.
    await sendText(eve, "bob@one.example", "more.txt");
    expect(await receive(bob)).toMatchObject([{ name: "more.txt", first_contact: false }]);
    await sendText(bob, "eve@two.example", "answer.txt");
    expect(await receive(eve)).toMatchObject([{ name: "answer.txt" }]);
  });

  test("whoever --from names is let in", async () => {
    const carol = await member("carol", one);
    const frank = await member("frank", two);
    await sendText(frank, "carol@one.example", "named.txt");
    expect(await receive(carol, "--from", "frank@two.example")).toMatchObject([
      { name: "named.txt", first_contact: true },
    ]);
  });

  test("a blocked person brings nothing more, and is heard again after unblock", async () => {
    const dora = await member("dora", one);
    const gus = await member("gus", two);
    await sendText(gus, "dora@one.example", "one.txt");
    await receive(dora, "--from", "gus@two.example");
    expect(await dora.run(["contacts", "block", "gus@two.example"])).toMatchObject({ code: 0 });
    expect(jsonLines(await dora.run(["contacts", "--json"]))).toMatchObject([
      { handle: "gus@two.example", state: "blocked" },
    ]);
    await sendText(gus, "dora@one.example", "two.txt");
    expect(await receive(dora)).toEqual([]);
    const refused = await dora.run(["send", "-", "--to", "gus@two.example", "--json"], { input: "x" });
    expect({ code: refused.code, error: errorCode(refused) }).toEqual({ code: 4, error: "contact/blocked" });
    expect(await dora.run(["contacts", "unblock", "gus@two.example"])).toMatchObject({ code: 0 });
    await sendText(gus, "dora@one.example", "three.txt");
    const names = (await receive(dora)).map((line) => field(line, "name"));
    expect(names).toContain("three.txt");
    expect(listTree(dora.out)).toContain("one.txt");
  });

  test("receiving from a handle that nobody has is exit code 3, and says which", async () => {
    const mona = await member("mona", one);
    const received = await mona.run(["receive", "--from", "nobody-at-all", "--out", mona.out, "--json"]);
    expect([received.code, errorCode(received)]).toEqual([3, "contact/unknown-recipient"]);
    expect(received.stdout).toContain("nobody-at-all@one.example");
  });

  test("accepting somebody unknown is exit code 3", async () => {
    const henry = await member("henry", one);
    const accepted = await henry.run(["contacts", "accept", "nobody@two.example", "--json"]);
    expect({ code: accepted.code, error: errorCode(accepted) }).toEqual({
      code: 3,
      error: "contact/unknown-recipient",
    });
  });
});

describe("receive --watch", () => {
  test("takes in what comes while it runs, and ends with 130 at Ctrl-C", async () => {
    const ida = await member("ida", one);
    const jan = await member("jan", one);
    await sendText(jan, "ida", "before.txt");
    await receive(ida);
    const watch = ida.start(["receive", "--watch", "--out", ida.out, "--json"]);
    for (const name of ["live-1.txt", "live-2.txt"]) {
      await sendText(jan, "ida", name);
      await waitUntil(name, () => receivedLines(watch).some((line) => line.name === name));
    }
    watch.kill("SIGINT");
    expect(await watch.ended).toMatchObject({ code: 130, signal: null });
    expect(listTree(ida.out)).toEqual(["before.txt", "live-1.txt", "live-2.txt"]);
    expect(sentLines(await jan.run(["sent", "--json"])).map(({ state }) => state)).toEqual([
      "received",
      "received",
      "received",
    ]);
  });

  test("first contacts wait there too, are told of once, and come in when another command accepts them", async () => {
    const kim = await member("kim", one);
    const leo = await member("leo", one);
    const watch = kim.start(["receive", "--watch", "--out", kim.out, "--json"]);
    await sendText(leo, "kim", "hello.txt");
    await waitUntil("word of the waiting person", () => watch.lines.length > 0);
    expect(jsonLines(watch)).toEqual([{ waiting: { from: "leo@one.example", host: "one.example" } }]);
    expect(await kim.run(["contacts", "accept", "leo"])).toMatchObject({ code: 0 });
    await waitUntil("the file", () => receivedLines(watch).some(({ name }) => name === "hello.txt"));
    watch.kill("SIGTERM");
    expect((await watch.ended).code).toBe(130);
    expect(jsonLines(watch).filter((line) => field(line, "waiting") !== undefined)).toHaveLength(1);
  });

  test("goes on when the service comes back", async () => {
    const mia = await member("mia", two);
    const nils = await member("nils", two);
    await sendText(nils, "mia", "before.txt");
    await receive(mia);
    const watch = mia.start(["receive", "--watch", "--out", mia.out, "--json"]);
    await waitUntil("a watching device", () => watch.stderr.includes("waiting for files"));
    two = await place.restart(two);
    await sendText(nils, "mia", "after.txt");
    await waitUntil("after.txt", () => receivedLines(watch).some(({ name }) => name === "after.txt"));
    watch.kill("SIGINT");
    expect((await watch.ended).code).toBe(130);
  });
});
