import { cpSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { field, jsonLines, receivedLines, sentLines } from "../support/json-lines.ts";
import { makeFile, makeSmallFiles } from "../support/make-files.ts";
import type { Ended } from "../support/programs.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { type Device, hashTree, listTree, Workplace } from "../support/workplace.ts";

let place: Workplace;
let service: ServiceProcess;

beforeAll(async () => {
  place = new Workplace();
  service = await place.service();
});
afterAll(() => place[Symbol.asyncDispose]());

async function pair(first: string, second: string): Promise<readonly [Device, Device]> {
  return [await place.member(first, service), await place.member(second, service)];
}

test("two sends from one home at once all arrive exactly once, five times over, the first contact included", async () => {
  const [alice, bob] = await pair("alice", "bob");
  const names: string[] = [];
  for (let round = 0; round < 5; round++) {
    const pairOfNames = [`a-${round}.bin`, `b-${round}.bin`];
    for (const [i, name] of pairOfNames.entries()) makeFile(place.path(name), 200_000 + i, name);
    const both = pairOfNames.map((name) => alice.run(["send", name, "--to", "bob", "--json"]));
    expect((await Promise.all(both)).map(({ code }) => code)).toEqual([0, 0]);
    names.push(...pairOfNames);
  }
  const received = await bob.run(["receive", "--out", bob.out, "--json"]);
  expect(received).toMatchObject({ code: 0 });
  expect(
    receivedLines(received)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...names].sort());
  expect(listTree(bob.out)).toEqual([...names].sort());
  const sent = sentLines(await alice.run(["sent", "--json"]));
  expect(sent.map(({ state }) => state)).toEqual(names.map(() => "received"));
}, 120_000);

test("three sends from one home to three first contacts at once all arrive", async () => {
  const sender = await place.member("three", service);
  const names = ["uma", "vic", "wes"];
  const people = await Promise.all(names.map((name) => place.member(name, service)));
  writeFileSync(place.path("three.txt"), "three");
  const sends = await Promise.all(names.map((name) => sender.run(["send", "three.txt", "--to", name])));
  expect(sends.map(({ code }) => code)).toEqual([0, 0, 0]);
  for (const person of people) {
    expect(await person.run(["receive", "--out", person.out])).toMatchObject({ code: 0 });
    expect(listTree(person.out)).toEqual(["three.txt"]);
  }
});

test("two receives in one home at once keep every file once", async () => {
  const [carol, dave] = await pair("carol", "dave");
  makeSmallFiles(place.path("pile"), 120, "pile");
  makeFile(place.path("large.bin"), 9_000_000, "large");
  expect(await carol.run(["send", "pile", "--to", "dave"])).toMatchObject({ code: 0 });
  expect(await carol.run(["send", "large.bin", "--to", "dave"])).toMatchObject({ code: 0 });
  const both = await Promise.all([1, 2].map(() => dave.run(["receive", "--out", dave.out, "--json"])));
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  // One of them may have left a transfer to the other and ended first.
  expect(await dave.run(["receive", "--out", dave.out])).toMatchObject({ code: 0, stdout: "" });
  const told = both.flatMap((ended) => receivedLines(ended).map(({ name }) => name));
  expect(told.sort()).toEqual(listTree(dave.out));
  expect(told).toHaveLength(121);
  expect(await hashTree(`${dave.out}/pile`)).toEqual(await hashTree(place.path("pile")));
  expect(sentLines(await carol.run(["sent", "--json"])).map(({ state }) => state)).toEqual(["received", "received"]);
});

test("sending and receiving in one home at the same time do not disturb each other", async () => {
  const [erin, fred] = await pair("erin", "fred");
  for (let round = 0; round < 3; round++) {
    makeFile(place.path(`to-fred-${round}`), 2_000_000, `to fred ${round}`);
    makeFile(place.path(`to-erin-${round}`), 2_000_000, `to erin ${round}`);
    const all = await Promise.all([
      erin.run(["send", `to-fred-${round}`, "--to", "fred"]),
      erin.run(["receive", "--out", erin.out]),
      fred.run(["send", `to-erin-${round}`, "--to", "erin"]),
      fred.run(["receive", "--out", fred.out]),
    ]);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  }
  for (const device of [erin, fred])
    expect(await device.run(["receive", "--out", device.out])).toMatchObject({ code: 0 });
  expect(listTree(fred.out)).toEqual(["to-fred-0", "to-fred-1", "to-fred-2"]);
  expect(listTree(erin.out)).toEqual(["to-erin-0", "to-erin-1", "to-erin-2"]);
}, 120_000);

describe("a home that was copied and is used in both places", () => {
  async function copied(first: string, second: string): Promise<readonly [Device, Device, Device]> {
    const [device, peer] = await pair(first, second);
    await device.succeed(["send", "-", "--name", "before", "--to", second], { input: "before" });
    await peer.succeed(["receive", "--out", peer.out]);
    const copy = place.device(`${first}-copy`);
    cpSync(device.home, copy.home, { recursive: true });
    return [device, copy, peer];
  }

  const text = (device: Device, to: Device, name: string): Promise<Ended> =>
    device.run(["send", "-", "--name", name, "--to", to.name, "--json"], { input: name });

  test("loses nothing when they take turns", async () => {
    const [device, copy, peer] = await copied("gina", "hugo");
    for (const [name, sender] of [
      ["one", device],
      ["two", copy],
      ["three", device],
      ["four", copy],
    ] as const)
      expect(await text(sender, peer, name)).toMatchObject({ code: 0 });
    await peer.succeed(["receive", "--out", peer.out]);
    expect(listTree(peer.out)).toEqual(["before", "four", "one", "three", "two"]);
  });

  test("loses nothing of what both queued while the service was away", async () => {
    const [device, copy, peer] = await copied("karl", "lena");
    await service.kill("SIGKILL");
    expect((await text(device, peer, "one")).code).toBe(5);
    expect((await text(copy, peer, "two")).code).toBe(5);
    service = await place.restart(service);
    for (const sender of [device, copy]) await sender.succeed(["sent"]);
    await peer.succeed(["receive", "--out", peer.out]);
    expect(listTree(peer.out)).toEqual(["before", "one", "two"]);
  });

  test("loses nothing when both send at the same moment", async () => {
    const [device, copy, peer] = await copied("ivan", "jill");
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const names = [`a-${round}`, `b-${round}`];
      const both = await Promise.all([device, copy].map((sender, i) => text(sender, peer, names[i] ?? "")));
      acknowledged.push(...names.filter((_, i) => both[i]?.code === 0));
    }
    const received = await peer.run(["receive", "--out", peer.out, "--json"]);
    // Where they collided, one was refused and said again; the recipient is told of the refusal.
    const refused = jsonLines(received).filter((line) => field(line, "refused") !== undefined);
    expect(received.code).toBe(refused.length > 0 ? 4 : 0);
    expect(acknowledged).toHaveLength(6);
    expect(listTree(peer.out)).toEqual([...acknowledged, "before"].toSorted());
  });
});
