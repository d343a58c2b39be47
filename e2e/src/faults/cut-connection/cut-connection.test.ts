import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAccount, openClient } from "@bulla/client/node";
import { createService, type Service } from "@bulla/service";
import { isBullaError, parseHandle } from "@bulla/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chanceOf } from "../../kill/chance.ts";
import { makeFile } from "../../support/make-files.ts";
import { hashTree } from "../../support/workplace.ts";
import { TcpProxy } from "../tcp-proxy.ts";

// Every piece of every command's talk with the service is a place to cut: BULLA_CUT_EVERY=1 tries all of them, and all of them again with a service that stays away.
const given = process.env["BULLA_CUT_EVERY"];
const every = Number(given ?? 80);
const waysDown = given === undefined ? [false] : [false, true];
const seed = process.env["BULLA_CUT_SEED"] ?? String(process.hrtime.bigint());
const chance = chanceOf(seed);

let folder: string;
let proxy: TcpProxy;
let service: Service;
let source: ReadonlyMap<string, string>;
let people = 0;

beforeAll(async () => {
  console.log(`seed ${seed}: BULLA_CUT_SEED=${seed} makes the same choices`);
  folder = mkdtempSync(join(tmpdir(), "bulla-cut-connection-"));
  proxy = await TcpProxy.start();
  service = await createService({ dataFolder: join(folder, "service"), port: 0, domain: `localhost:${proxy.port}` });
  proxy.target = Number(new URL(service.url).port);
  makeFile(join(folder, "papers", "large.bin"), 5_000_000, "large");
  makeFile(join(folder, "papers", "small.txt"), 100, "small");
  source = await hashTree(join(folder, "papers"));
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Person {
  readonly name: string;
  readonly home: string;
  readonly out: string;
}

function person(): Person {
  const name = `person-${people++}`;
  return { name, home: join(folder, name), out: join(folder, `out-${name}`) };
}

async function init({ name, home }: Person): Promise<void> {
  await createAccount({ home, handle: name, service: `http://localhost:${proxy.port}` });
}

/** @returns whether it is with the service */
async function send(from: Person, to: Person): Promise<boolean> {
  await using client = await openClient({ home: from.home });
  const handle = parseHandle(to.name, `localhost:${proxy.port}`);
  const sent = await client.send({ source: { kind: "paths", paths: [join(folder, "papers")] }, to: [handle] });
  return sent.every(({ state }) => state !== "queued");
}

async function receive({ home, out }: Person): Promise<void> {
  await using client = await openClient({ home });
  for await (const view of client.receive({ out })) expect(view.kind).toBe("file");
}

async function states({ home }: Person): Promise<readonly string[]> {
  await using client = await openClient({ home });
  return (await client.sent()).map(({ state }) => state);
}

/** How many pieces pass while nobody cuts. */
async function countPieces(work: () => Promise<unknown>): Promise<number> {
  let pieces = 0;
  proxy.onPiece = () => {
    pieces += 1;
    return undefined;
  };
  await work();
  proxy.onPiece = undefined;
  return pieces;
}

/** Cut the connection inside the n-th piece, once or until the command has ended; then give the command again unless it is done. */
async function cutAt(n: number, staysDown: boolean, work: () => Promise<boolean | void>): Promise<void> {
  let pieces = 0;
  proxy.onPiece = (_from, bytes) => {
    pieces += 1;
    if (pieces !== n) return undefined;
    proxy.isDown = staysDown;
    return Math.floor(chance.between(0, bytes));
  };
  const isDone = await work().catch((error: unknown) => {
    // Whoever is cut off is told so by a code, and nothing else.
    if (!isBullaError(error) || !["transport", "service"].includes(error.code.split("/")[0] ?? "")) throw error;
    return false;
  });
  proxy.onPiece = undefined;
  proxy.isDown = false;
  if (isDone === false) expect(await work()).not.toBe(false);
}

test("a connection that is cut inside any piece of init, send and receive costs nothing: the same command finishes, and all is there once", async () => {
  const [first, second] = [person(), person()];
  const whole = {
    init: await countPieces(() => init(first)),
    send: await countPieces(async () => {
      await init(second);
      await send(first, second);
    }),
    receive: await countPieces(() => receive(second)),
  };
  const most = Math.max(...Object.values(whole));
  let cuts = 0;
  for (let n = 1 + Math.floor(chance.between(0, every)); n <= most; n += every) {
    for (const staysDown of waysDown) {
      const [alice, bob] = [person(), person()];
      await cutAt(Math.min(n, whole.init), staysDown, () => init(alice));
      await init(bob);
      await cutAt(n, staysDown, () => send(alice, bob));
      await cutAt(n, staysDown, () => receive(bob));
      expect(await hashTree(join(bob.out, "papers")), `cut at ${n}, ${staysDown ? "down" : "once"}`).toEqual(source);
      expect(await hashTree(bob.out)).toHaveProperty("size", source.size);
      // A receipt that could not go out goes out with the next command.
      await receive(bob);
      expect(await states(alice)).toEqual(["received"]);
      cuts += 3;
    }
  }
  console.log(`${JSON.stringify(whole)} pieces, ${cuts} cuts`);
  expect(cuts).toBeGreaterThanOrEqual(3);
}, 1_200_000);
