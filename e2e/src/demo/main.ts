// npm run demo: one folder goes from Alice to Bob, both are killed on the way, and then we look at what the service knows.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sentLines } from "../support/json-lines.ts";
import { hashTree, requireCode, Workplace } from "../support/workplace.ts";
import { makeDocuments } from "./documents.ts";
import { compare, handleName, type Story, search, tellHoldings } from "./evidence.ts";
import { listChunks } from "./holdings.ts";
import { bytesBelow, type Journey, runKilledOnce } from "./journey.ts";
import { countText, Screen, secondsText, sizeText } from "./screen.ts";

const quick = process.argv.includes("--quick");
const plan = quick ? { largeBytes: 20_000_000, smallFiles: 200 } : { largeBytes: 300_000_000, smallFiles: 2000 };
const canary = `canary${randomBytes(6).toString("hex")}`;
const screen = new Screen();

async function main(): Promise<number> {
  const start = performance.now();
  await using place = new Workplace();
  const story = await begin(place);
  const transfer = await travel(story);
  await verifyReceipts(story, transfer);
  compare(story);
  tellHoldings(story);
  const clean = search(story);
  screen.heading("In short");
  screen.line(
    `Bob has ${countText(story.files.size, "file")}, ${sizeText(story.totalBytes)}, each byte as Alice sent it, though both programs were killed.`,
  );
  screen.line("Alice has a receipt signed by Bob's device; anybody can check it without a service.");
  screen.line(
    clean
      ? "The service moved all of it and holds no name, no note, no word and no key of it: 0 hits."
      : "FAILED: something of it was found at the service, or a control was not.",
  );
  screen.line(`${secondsText(performance.now() - start)}; everything made for this is deleted now.`);
  return clean ? 0 : 1;
}

async function begin(place: Workplace): Promise<Story> {
  screen.heading("1  A service and two people");
  const service = await place.service();
  const alice = place.device("alice");
  const bob = place.device("bob");
  for (const person of [alice, bob])
    await person.succeed([
      "init",
      handleName(person, canary),
      "--service",
      service.url,
      "--device",
      `laptop ${canary}`,
    ]);
  screen.line(`bulla serve runs as process ${service.pid} on ${service.url}; Alice and Bob have accounts.`);
  const folder = makeDocuments(place.path("alice"), { ...plan, canary });
  const files = await hashTree(place.path("alice"));
  const totalBytes = bytesBelow(place.path("alice"));
  screen.line(
    `Alice has a folder: a PDF, a photo, a ledger of ${sizeText(plan.largeBytes)}, ${countText(plan.smallFiles, "invoice")}.`,
  );
  screen.line(`The word ${canary} is in every name, title, note and text of it.`);
  return { place, service, alice, bob, folder, files, totalBytes, canary, screen };
}

async function travel({ place, service, alice, bob, folder, files, totalBytes }: Story): Promise<string> {
  screen.heading("2  Alice sends, Bob receives, both are killed on the way");
  const sent = await runKilledOnce(
    {
      device: alice,
      cwd: place.path("alice"),
      args: ["send", folder, "--to", handleName(bob, canary), "--note", `For your eyes only ${canary}`, "--json"],
      arrived: () => listChunks(service.file("blobs")).reduce((sum, { size }) => sum + size, 0),
      total: totalBytes,
      show: (done) => screen.progress("sending", done, totalBytes),
    },
    0.4,
  );
  tellJourney("bulla send", sent, totalBytes);
  const received = await runKilledOnce(
    {
      device: bob,
      cwd: place.folder,
      args: ["receive", "--out", bob.out, "--json"],
      arrived: () => bytesBelow(bob.out),
      total: totalBytes,
      show: (done) => screen.progress("receiving", done, totalBytes),
    },
    0.4,
  );
  tellJourney("bulla receive", received, totalBytes);
  const arrived = await hashTree(bob.out);
  const same = arrived.size === files.size && [...files].every(([name, hash]) => arrived.get(name) === hash);
  if (!same) throw new Error(`what arrived is not what was sent: ${arrived.size} files, expected ${files.size}`);
  screen.line(
    `All ${countText(files.size, "file")} are there once, under their names, with the right SHA-256; nothing else is.`,
  );
  writeFileSync(place.path("invoice.txt"), "not what was sent");
  return sentLines(sent.ended)[0]?.transfer ?? "";
}

function tellJourney(command: string, { killedAt, milliseconds }: Journey, totalBytes: number): void {
  const percent = Math.round(killedAt * 100);
  screen.line(`${command}: kill -9 after ${percent} % of the bytes; the same command again did the rest.`);
  screen.line(`${" ".repeat(command.length)}  Both together ${secondsText(milliseconds)} for ${sizeText(totalBytes)}.`);
}

async function verifyReceipts({ place, alice, folder }: Story, transfer: string): Promise<void> {
  screen.heading("3  The receipt");
  const [view] = sentLines(await alice.succeed(["sent", "--json"]));
  if (view?.state !== "received") throw new Error(`the transfer is ${view?.state}, expected received`);
  await alice.succeed(["receipt", "show", transfer, "-o", "receipt.bin"]);
  const stranger = place.device("nobody");
  const pdf = join("alice", folder, `term-sheet-${canary}.pdf`);
  await stranger.succeed(["receipt", "verify", "receipt.bin", "--file", pdf]);
  screen.line("Bob's device signed for every file. A machine without a device, offline, accepts the receipt");
  requireCode(
    await stranger.run(["receipt", "verify", "receipt.bin", "--file", "invoice.txt"]),
    4,
    "verifying another file",
  );
  screen.line("for the PDF and refuses it for another file (exit code 4).");
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`bulla: error: the demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
