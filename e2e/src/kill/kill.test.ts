import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SentLine, sentLines } from "../support/json-lines.ts";
import { makeFile, makeSmallFiles } from "../support/make-files.ts";
import type { Ended } from "../support/programs.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { type Device, hashTree, listTree, requireCode, Workplace } from "../support/workplace.ts";
import { type Chance, chanceOf } from "./chance.ts";

// kill -9 at moments drawn from a printed seed. BULLA_KILL_ROUNDS runs more rounds, BULLA_KILL_SEED repeats some.
const rounds = Number(process.env["BULLA_KILL_ROUNDS"] ?? 12);
const seed = process.env["BULLA_KILL_SEED"] ?? String(process.hrtime.bigint());
const killsPerCommand = 2;

let place: Workplace;
let service: ServiceProcess;
let source: ReadonlyMap<string, string>;
/** How long each command takes when nobody disturbs it. */
const usual = { init: 0, send: 0, receive: 0 };

beforeAll(async () => {
  console.log(`seed ${seed}: BULLA_KILL_SEED=${seed} repeats these rounds`);
  place = new Workplace();
  service = await place.service();
  makeFile(place.path("folder", "large.bin"), 60_000_000, "large");
  makeSmallFiles(place.path("folder", "many"), 300, "many");
  source = await hashTree(place.path("folder"));
  const [sender, recipient] = people("usual");
  usual.init = await timed(() => init(sender));
  await init(recipient);
  usual.send = await timed(() => sender.run(sendTo(recipient)));
  usual.receive = await timed(() => recipient.run(["receive", "--out", recipient.out]));
});
afterAll(() => place[Symbol.asyncDispose]());

describe(`killed at random, ${rounds} rounds of each`, () => {
  test.each(numbered(rounds))(
    "round %i: sender and recipient die again and again, and all is there once",
    async (round) => {
      const chance = chanceOf(`${seed}/devices/${round}`);
      const [sender, recipient] = people(`d${round}`);
      await untilDone(chance, "SIGKILL", usual.init, () => initCommand(sender), sender);
      await init(recipient);
      await untilDone(chance, "SIGKILL", usual.send, () => sendTo(recipient), sender);
      await untilDone(chance, "SIGKILL", usual.receive, () => receiveCommand(recipient), recipient);
      await expectOnce(sender, recipient);
    },
  );

  test.each(numbered(rounds))(
    "round %i: the service dies under init, send and receive, and all is there once",
    async (round) => {
      const chance = chanceOf(`${seed}/service/${round}`);
      const [sender, recipient] = people(`s${round}`);
      await untilServed(chance, usual.init, initCommand(sender), sender);
      await init(recipient);
      await untilServed(chance, usual.send, sendTo(recipient), sender);
      await untilServed(chance, usual.receive, receiveCommand(recipient), recipient);
      await expectOnce(sender, recipient);
    },
  );

  test.each(numbered(Math.ceil(rounds / 3)))(
    "round %i: Ctrl-C ends with 130, and the same command goes on",
    async (round) => {
      const chance = chanceOf(`${seed}/interrupt/${round}`);
      const [sender, recipient] = people(`i${round}`);
      await init(sender);
      await init(recipient);
      await untilDone(chance, "SIGINT", usual.send, () => sendTo(recipient), sender);
      await untilDone(chance, "SIGINT", usual.receive, () => receiveCommand(recipient), recipient);
      await expectOnce(sender, recipient);
    },
  );
});

describe("killed by its own first word", () => {
  // The program dies the moment it would print its result: all is done, and nobody was told.
  const beforeItsWord = { NODE_OPTIONS: "" };
  beforeAll(() => {
    const preload = place.path("no-last-word.cjs");
    writeFileSync(
      preload,
      `const fs = require("node:fs"); const write = fs.writeSync;
       fs.writeSync = (fd, ...rest) => (fd === 1 ? process.kill(process.pid, "SIGKILL") : write(fd, ...rest));
       require("node:module").syncBuiltinESMExports();`,
    );
    beforeItsWord.NODE_OPTIONS = `--require=${preload}`;
  });

  async function runSilenced(device: Device, args: readonly string[]): Promise<void> {
    expect(await device.run(args, { env: beforeItsWord })).toMatchObject({ signal: "SIGKILL", stdout: "" });
  }

  test("init given again shows the account that was made", async () => {
    const [device] = people("word-init");
    await runSilenced(device, initCommand(device));
    const again = await device.succeed([...initCommand(device), "--json"]);
    expect(again.stdout).toBe((await device.succeed(["whoami", "--json"])).stdout);
  });

  test("send given again sends nothing twice", async () => {
    const [sender, recipient] = people("word-send");
    await init(sender);
    await init(recipient);
    writeFileSync(place.path("once.txt"), "once");
    const send = ["send", "once.txt", "--to", recipient.name, "--json"];
    await runSilenced(sender, send);
    expect(sentLines(await sender.succeed(send))).toMatchObject([{ state: "sent" }]);
    await recipient.succeed(receiveCommand(recipient));
    expect(listTree(recipient.out)).toEqual(["once.txt"]);
    // Said and heard: from now on the same command is a new wish.
    await sender.succeed(send);
    await recipient.succeed(receiveCommand(recipient));
    expect(listTree(recipient.out)).toEqual(["once (1).txt", "once.txt"]);
  });

  test("receive given again keeps every file once", async () => {
    const [sender, recipient] = people("word-receive");
    await init(sender);
    await init(recipient);
    await sender.succeed(sendTo(recipient));
    await runSilenced(recipient, receiveCommand(recipient));
    await recipient.succeed(receiveCommand(recipient));
    await expectOnce(sender, recipient);
  });
});

function people(round: string): readonly [Device, Device] {
  return [place.device(`sender-${round}`), place.device(`recipient-${round}`)];
}

function initCommand({ name }: Device): readonly string[] {
  return ["init", name, "--service", service.url];
}

function sendTo({ name }: Device): readonly string[] {
  return ["send", "folder", "--to", name, "--json"];
}

function receiveCommand({ out }: Device): readonly string[] {
  return ["receive", "--out", out, "--json"];
}

async function init(device: Device): Promise<void> {
  await device.succeed(initCommand(device));
}

/** Start the command, end it at a random moment, twice; then let it run to its end. A command that was quicker than the signal is over. */
async function untilDone(
  chance: Chance,
  signal: "SIGKILL" | "SIGINT",
  milliseconds: number,
  command: () => readonly string[],
  device: Device,
): Promise<void> {
  for (let i = 0; i < killsPerCommand; i++) {
    const running = device.start(command());
    const moment = chance.between(0, milliseconds);
    await Promise.race([running.ended, sleep(moment)]);
    running.kill(signal);
    const ended = await running.ended;
    // What it has said is done: given again after that, a send is a new one.
    const hasSaid = command()[0] === "send" && ended.lines.some((line) => line.includes('"state":"sent"'));
    if (ended.code === 0 || hasSaid) return;
    if (signal === "SIGKILL")
      expect(ended, `killed after ${moment} ms`).toMatchObject({ code: null, signal: "SIGKILL" });
    // Before the program has begun to listen, the signal ends it as it ends every program.
    else if (ended.signal !== "SIGINT") expect(ended, `interrupted after ${moment} ms`).toMatchObject({ code: 130 });
  }
  await device.succeed(command());
}

/** Run the command while the service dies and comes back, until the command says that all is done. */
async function untilServed(
  chance: Chance,
  milliseconds: number,
  command: readonly string[],
  device: Device,
): Promise<void> {
  for (let i = 0; i < killsPerCommand; i++) {
    const running = device.start(command);
    await Promise.race([running.ended, sleep(chance.between(0, milliseconds))]);
    service = await place.restart(service);
    const ended = await running.ended;
    if (ended.code === 0) return;
    requireCode(ended, 5, `bulla ${command[0]}`);
  }
  await device.succeed(command);
}

async function expectOnce(sender: Device, recipient: Device): Promise<void> {
  // A sender that died after everything was with the service and before it said so counts as done.
  expect(differences(source, await hashTree(join(recipient.out, "folder")))).toEqual([]);
  expect(listTree(recipient.out)).toHaveLength(source.size);
  // Nothing more comes; and a receipt that could not go out because the service had just died goes out with this.
  expect(await recipient.run(receiveCommand(recipient))).toMatchObject({ code: 0, stdout: "" });
  const sent: readonly SentLine[] = sentLines(await sender.run(["sent", "--json"]));
  expect(sent.map(({ state, files }) => [state, files.length])).toEqual([["received", source.size]]);
  for (const { home } of [sender, recipient]) expect(listTree(join(home, "spool"))).toEqual([]);
  expect(await sender.run(["receipt", "show", sent[0]?.transfer ?? ""])).toMatchObject({ code: 0 });
}

/** The first few, as a reader wants them. */
function differences(wanted: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): readonly string[] {
  const missing = [...wanted.keys()].filter((name) => !found.has(name)).map((name) => `${name} is missing`);
  const surplus = [...found.keys()].filter((name) => !wanted.has(name)).map((name) => `${name} is too many`);
  const changed = [...wanted]
    .filter(([name, hash]) => (found.get(name) ?? hash) !== hash)
    .map(([name]) => `${name} is wrong`);
  return [...missing, ...surplus, ...changed].slice(0, 3);
}

async function timed(work: () => Promise<Ended | void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function numbered(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
