import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { splitHandle } from "@bulla/wire";
import { routes } from "@bulla/wire/api";
import { openRecord, saysFiles, transferIn } from "./forge.ts";
import { lookInside, onlySpace, storedRecords } from "./inner-view.ts";
import { removeAtEnd } from "./leftovers.ts";
import type { Family, Row } from "./row.ts";
import { findIn, findInFolder, findInMemory, type Needle, secretNeedle, textNeedle } from "./search.ts";
import { ServiceProcess } from "./service-process.ts";
import { product } from "./variant.ts";

/** The whole machine of a service, taken away after people have used it: disk, logs, memory. */
export const seized: Family = { name: "seized", rows };

async function rows(): Promise<readonly Row[]> {
  const inside = await product();
  const { node } = inside;
  const folder = await mkdtemp(join(tmpdir(), "bulla-attacks-seized-"));
  removeAtEnd(folder);
  // One word that is in everything that is secret, and one in the handles, which the directory may know.
  const word = `qzx${randomBytes(9).toString("hex")}`;
  const known = `handle${randomBytes(6).toString("hex")}`;
  const service = await ServiceProcess.start(join(folder, "data"));

  const homes = { alice: join(folder, "alice"), bob: join(folder, "bob") };
  const passphrase = `passphrase ${word}`;
  await node.createAccount({
    home: homes.alice,
    handle: `${known}.alice`,
    service: service.url,
    deviceName: `device ${word}`,
    passphrase,
  });
  const { handle: bob } = await node.createAccount({
    home: homes.bob,
    handle: `${known}.bob`,
    service: service.url,
    deviceName: `device ${word}`,
  });
  const source = join(folder, `folder-${word}`);
  await mkdir(join(source, `inner-${word}`), { recursive: true });
  await writeFile(join(source, `inner-${word}`, `file-${word}.txt`), `content ${word} `.repeat(500));
  await writeFile(join(source, "large.bin"), Buffer.concat([Buffer.from(`content ${word}`), randomBytes(5_000_000)]));
  {
    await using alice = await node.openClient({ home: homes.alice, passphrase });
    await alice.send({ source: { kind: "paths", paths: [source] }, to: [bob], note: `note ${word}` });
    await using client = await node.openClient({ home: homes.bob });
    for await (const view of client.receive({ out: join(folder, `out-${word}`) }))
      if (view.kind !== "file") throw new Error("something was refused");
    await alice.sent();
  }
  // A word that reaches the service in a request, and nothing else.
  const asked = `asked${randomBytes(8).toString("hex")}`;
  await (await fetch(service.url + routes.account(asked))).arrayBuffer();

  const view = await lookInside(inside, { name: splitHandle(bob).name, handle: bob, home: homes.bob });
  const space = onlySpace(view);
  const { stream, key } = space.chapter;
  const blobKeys: Needle[] = [];
  for (const record of storedRecords(join(folder, "data"), stream.sid)) {
    if (!(await saysFiles(inside, view.primitives, space, record))) continue;
    const opened = await openRecord(inside, view.primitives, space, record);
    const { transfer } = transferIn(inside, opened.content);
    if (transfer.kind === "inline")
      for (const { reference } of inside.content.decodeTransfer(transfer.transfer).blobs)
        blobKeys.push(secretNeedle("a blob key", reference.key));
  }
  const { chainSeed, recordSeed, requestSeed, leafSeed, inboxSeed } = view.secrets;
  const secrets: readonly Needle[] = [
    textNeedle(word),
    ...Object.entries({
      chainSeed,
      recordSeed,
      requestSeed,
      leafSeed,
      inboxSeed,
      key,
      outerKey: stream.outerKey,
      recordSecret: stream.recordSecret,
      writeSeed: stream.writeSeed,
    }).map(([name, secret]) => secretNeedle(name, secret)),
    ...blobKeys,
  ];
  const planted = [textNeedle(known), textNeedle(asked)];
  const memory = await findInMemory(service.pid, [...secrets, ...planted]);
  const onDisk = await findInFolder(join(folder, "data"), [...secrets, ...planted]);
  await service.stop();
  const afterwards = await findInFolder(join(folder, "data"), [...secrets, ...planted]);
  const logged = findIn(Buffer.from(service.log), [...secrets, ...planted, textNeedle("stopping")]);
  const leaks = (found: readonly string[]): readonly string[] =>
    found.filter((name) => secrets.some((needle) => needle.name === name));

  return [
    {
      id: "root-on-server",
      attack: "names, notes, contents, passphrases and keys are looked for in the service's memory",
      seenAt: "MOVEit, GoAnywhere, Cleo",
      run: async () => ({
        refused: leaks(memory.found).length === 0 && blobKeys.length > 0,
        control: memory.found.includes(known) && memory.found.includes(asked),
        why: `${memory.bytes >> 20} MiB, ${memory.found.join()}`,
      }),
    },
    {
      id: "canary-disk",
      attack: "names, notes, contents, passphrases and keys are looked for in every file of the service",
      seenAt: "MOVEit, GoAnywhere, Cleo",
      run: async () => ({
        refused: leaks([...onDisk, ...afterwards]).length === 0,
        control: onDisk.includes(known) && afterwards.includes(known),
        why: [...onDisk, ...afterwards].join(),
      }),
    },
    {
      id: "canary-log",
      attack: "handles, names, notes, contents, passphrases and keys are looked for in what the service logs",
      seenAt: "Twitter, GitHub",
      run: async () => ({
        refused: logged.every((name) => name === "stopping"),
        control: logged.includes("stopping"),
        why: logged.join(),
      }),
    },
  ];
}
