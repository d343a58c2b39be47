import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { receivedLines } from "../../support/json-lines.ts";
import type { Ended } from "../../support/programs.ts";
import type { ServiceProcess } from "../../support/service-process.ts";
import { type Device, listTree, Workplace } from "../../support/workplace.ts";
import { FakeClock } from "./fake-clock.ts";

// BULLA_CLOCK_JUMPS names others, as faketime(1) writes them: "+5h -5h +40d".
const jumps = (process.env["BULLA_CLOCK_JUMPS"] ?? "+5y -5y").split(" ");
const missing = "faketime is not installed";

let place: Workplace;
let serviceClock: FakeClock | undefined;
let deviceClock: FakeClock | undefined;
let service: ServiceProcess;
let alice: Device;
let bob: Device;
let count = 0;

beforeAll(async () => {
  place = new Workplace();
  serviceClock = FakeClock.at(place.path("service-clock"));
  deviceClock = FakeClock.at(place.path("device-clock"));
  if (serviceClock === undefined) return;
  service = await place.service("service", { env: serviceClock.env });
  alice = await place.member("alice", service);
  bob = await place.member("bob", service);
});
beforeEach(({ skip }) => {
  if (serviceClock === undefined) skip(missing);
});
afterAll(() => place[Symbol.asyncDispose]());

/** A command either does what it should or says with a code and a hint why not. */
function expectSaid(ended: Ended): void {
  if (ended.code === 0) return;
  expect(ended.lines.at(-1)).toMatch(/"code":"(?!internal)[a-z]+\/[a-z-]+"/);
  expect(ended.lines.at(-1)).toContain('"hint"');
}

/** @returns the names that have to arrive: none when the sender was told that it cannot be sent */
async function send(env: Readonly<Record<string, string>> = {}, to = "bob"): Promise<readonly string[]> {
  const name = `file-${count++}`;
  const ended = await alice.run(["send", "-", "--name", name, "--to", to, "--json"], { input: name, env });
  expectSaid(ended);
  return ended.code === 0 || ended.code === 5 ? [name] : [];
}

async function receive(env: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const ended = await bob.run(["receive", "--out", bob.out, "--json"], { env });
  expectSaid(ended);
  return receivedLines(ended).map(({ name }) => name);
}

describe("the clock of a service jumps", () => {
  test.each(jumps)(
    "by %s while it runs, is wrong at its next start, and is put right: nothing is lost",
    async (jump) => {
      const before = await send();
      serviceClock?.set(jump);
      const during = await send();
      await receive();
      service = await place.restart(service, { env: serviceClock?.env ?? {} });
      await receive();
      serviceClock?.set("+0");
      await alice.succeed(["sent"]);
      await bob.succeed(["receive", "--out", bob.out]);
      expect(listTree(bob.out)).toEqual(expect.arrayContaining([...before, ...during]));
    },
  );
});

describe("the clock of a device jumps", () => {
  test.each(jumps)(
    "by %s and is put right: nothing is lost, between those who met and those who did not",
    async (jump) => {
      const newcomer = await place.member(`newcomer${jump.replace("+", "-plus-")}`, service);
      deviceClock?.set(jump);
      const { env } = deviceClock ?? { env: {} };
      const before = await send();
      const during = await send(env);
      const first = await send(env, newcomer.name);
      await receive(env);
      const after = [...first, ...(await send({}, newcomer.name))];
      expectSaid(await newcomer.run(["receive", "--out", newcomer.out, "--json"], { env }));
      await alice.succeed(["sent"]);
      await bob.succeed(["receive", "--out", bob.out]);
      await newcomer.succeed(["receive", "--out", newcomer.out]);
      expect(listTree(bob.out)).toEqual(expect.arrayContaining([...before, ...during]));
      expect(listTree(newcomer.out)).toEqual(after);
    },
  );
});
