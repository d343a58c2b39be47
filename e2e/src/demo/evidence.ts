import { readFileSync } from "node:fs";
import { join } from "node:path";
import { seededBytes } from "../support/make-files.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import type { Device, Workplace } from "../support/workplace.ts";
import { firstBytes, listChunks, listHoldings } from "./holdings.ts";
import { countText, hexText, plainText, type Screen, sizeText } from "./screen.ts";
import { bytesNeedle, type Found, type Needle, searchBytes, searchFolder, searchMemory, textNeedle } from "./search.ts";

/** What there is to look at once everything has arrived. */
export interface Story {
  readonly place: Workplace;
  readonly service: ServiceProcess;
  readonly alice: Device;
  readonly bob: Device;
  /** Name of the folder that is sent. */
  readonly folder: string;
  readonly files: ReadonlyMap<string, string>;
  readonly totalBytes: number;
  /** The same word in every name, title, note and text, so one search finds any of them. */
  readonly canary: string;
  readonly screen: Screen;
}

/** Handles are what a service has to know, so they are what the searches must find. */
export function handleName({ name }: Device, canary: string): string {
  return `${name}-${canary.slice(-8)}`;
}

/** Bob, a service that is protected by TLS alone, and this service, side by side. */
export function compare({ screen, canary, service, bob, folder, files, totalBytes }: Story): void {
  screen.heading("4  Who has what");
  const widths = [30, 30, 30];
  screen.row(["Bob", "a service behind TLS alone", "this service"], widths);
  screen.rule(widths);
  const chunks = listChunks(service.file("blobs"));
  const shown = [
    `${folder}/term-sheet-${canary}.pdf`,
    `${folder}/photos/site-${canary}.png`,
    `${folder}/ledger-${canary}.bin`,
    [...files.keys()].find((name) => name.includes("invoice-0007")) ?? "",
  ];
  for (const [i, name] of shown.entries()) {
    const path = join(bob.out, name);
    const bytes = firstBytes(path, 30);
    const base = name.split("/").at(-1) ?? "";
    const chunk = chunks[Math.floor((i * chunks.length) / shown.length)];
    const sealed = chunk === undefined ? new Uint8Array() : firstBytes(chunk.path, 30);
    screen.row([base, base, chunk?.path.split("/").at(-1) ?? ""], widths);
    screen.row([plainText(bytes, 30), plainText(bytes, 30), plainText(sealed, 30)], widths);
    screen.row([hexText(bytes, 10), hexText(bytes, 10), hexText(sealed, 10)], widths);
    screen.line();
  }
  screen.row([countText(files.size, "file"), countText(files.size, "name"), countText(chunks.length, "chunk")], widths);
  screen.row(
    [
      sizeText(totalBytes),
      `${sizeText(totalBytes)} to read`,
      `${sizeText(chunks.reduce((sum, { size }) => sum + size, 0))} sealed and padded`,
    ],
    widths,
  );
}

/** Every table and file of the service. */
export function tellHoldings({ screen, service }: Story): void {
  screen.heading("5  Everything that this service holds");
  const widths = [28, 7, 9, 46];
  screen.row(["table", "rows", "bytes", "first bytes of one"], widths);
  screen.rule(widths);
  for (const { place: where, count, bytes, sample } of listHoldings(service.folder)) {
    screen.row([where, String(count), sizeText(bytes), count === 0 ? "empty" : hexText(sample, 15)], widths);
  }
  screen.line(
    `Readable among it: the two handles, days, counts. Its log: ${countText(service.log.split("\n").filter((line) => line !== "").length, "line")}.`,
  );
}

/** Look for any of it in the folder, the memory and the log of the service. @returns whether nothing was found and every control was */
export function search({ screen, canary, service, alice, bob, folder }: Story): boolean {
  screen.heading("6  Looking for any of it at the service");
  const secret = [
    textNeedle("the word in every name, note, title and text", canary),
    bytesNeedle("plaintext of the ledger", seededBytes(`ledger ${canary}/0`, 32)),
    bytesNeedle("the key of Alice's device folder", readFileSync(join(alice.home, "store.key")).subarray(-32)),
    bytesNeedle("the key of Bob's device folder", readFileSync(join(bob.home, "store.key")).subarray(-32)),
  ];
  const control = [
    textNeedle("the handles", handleName(alice, canary)),
    textNeedle("the handles", handleName(bob, canary)),
  ];
  const widths = [34, 14, 18, 22];
  screen.row(["where", "searched", "secrets found", "control (handles)"], widths);
  screen.rule(widths);
  const places: readonly (readonly [string, (needles: readonly Needle[]) => Found])[] = [
    ["its folder, names and bytes", (needles) => searchFolder(service.folder, needles)],
    [`memory of process ${service.pid}`, (needles) => searchMemory(service.pid, needles)],
  ];
  let clean = true;
  for (const [where, look] of places) {
    const found = look(secret);
    const seen = look(control);
    clean &&= found.hits === 0 && seen.hits > 0;
    screen.row(
      [where, sizeText(found.searchedBytes), String(found.hits), seen.hits > 0 ? "found, as it must be" : "NOT FOUND"],
      widths,
    );
  }
  const log = Buffer.from(service.log);
  const inLog = searchBytes(log, [...secret, ...control]);
  clean &&= inLog === 0;
  screen.row(["its log, handles included", sizeText(log.length), String(inLog), "none must be there"], widths);
  const inBobsFile = searchBytes(readFileSync(join(bob.out, folder, `term-sheet-${canary}.pdf`)), secret);
  clean &&= inBobsFile > 0;
  screen.row(["a file that Bob received", "", String(inBobsFile), "found, as it must be"], widths);
  screen.line();
  screen.line("Searched for, each as it is, in hex and in base64:");
  for (const { what } of secret) screen.line(`  ${what}`);
  return clean;
}
