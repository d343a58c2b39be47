import { randomBytes } from "node:crypto";
import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { limits } from "@bulla/wire";
import { lookInside, onlySpace } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import { codeOf, type Family, type Row } from "./row.ts";
import { findInFolder, secretNeedle } from "./search.ts";
import { Stage } from "./stage.ts";
import { product } from "./variant.ts";

const patience = { timeoutMilliseconds: 5000 } as const;
const joiningBytes = 8;

/** What a seized service's storage gives away beside content. */
export const gates: Family = { name: "gates", rows };

async function rows(): Promise<readonly Row[]> {
  const inside = await product();

  /** Two people, one transfer, then a record of an odd size. */
  const append = async (by: Inside): Promise<{ readonly answer: string; readonly sizes: readonly number[] }> => {
    await using stage = await Stage.open(by);
    const alice = await stage.person("alice");
    const bob = await stage.person("bob");
    await stage.send(alice, bob, await stage.file("hello.txt", "hello".repeat(2000)), { note: "n".repeat(5000) });
    await stage.receive(bob);
    const { primitives, spaces } = await lookInside(inside, bob);
    const [{ chapter }] = spaces as readonly [(typeof spaces)[number]];
    const { stream } = chapter;
    // The attacker's client sends anything.
    const { client, node } = await product("anyRecordSize");
    await using transport = new node.NodeTransport();
    await using connection = new client.StreamConnection({
      transport,
      verifier: primitives,
      clock: node.systemClock,
      random: primitives.random,
      url: stage.proxy.target,
    });
    await connection.attach(stream, (message) => primitives.signEd25519(stream.writeSeed, message), patience);
    const record = {
      sid: stream.sid,
      recordId: randomBytes(16),
      body: new Uint8Array(2000),
      expiryDay: null,
      close: false,
    };
    const answer = await Promise.resolve()
      .then(() => connection.append(record, { timeoutMilliseconds: 1000 }))
      .then(({ kind }) => kind, codeOf);
    const database = new DatabaseSync(join(stage.dataFolder, "streams.db"), { readOnly: true });
    // What has a day is masked under the key of that day, which adds a tag.
    const sizes = database
      .prepare("SELECT DISTINCT length(content) - iif(expiry_day IS NULL, 0, 16) AS size FROM records ORDER BY size")
      .all()
      .map((row) => Number(row["size"]));
    database.close();
    return { answer, sizes };
  };
  /** Whether the bytes of an envelope, as they lay on the disk, are still somewhere after it was fetched. */
  const staysAfterDelete = async (by: Inside): Promise<boolean> => {
    await using stage = await Stage.open(by);
    const alice = await stage.person("alice");
    const bob = await stage.person("bob");
    await stage.send(alice, bob, await stage.file("hello.txt", "hello"));
    const database = new DatabaseSync(join(stage.dataFolder, "directory.db"), { readOnly: true });
    const envelope = database.prepare("SELECT envelope FROM envelopes").get()?.["envelope"];
    database.close();
    if (!(envelope instanceof Uint8Array)) throw new Error("there is no envelope");
    await stage.receive(bob);
    await stage.stop();
    const pieces = [0, 1000, 2000, 3000].map((at) => secretNeedle(`envelope from ${at}`, envelope.slice(at, at + 64)));
    return (await findInFolder(stage.dataFolder, pieces)).length > 0;
  };

  return [
    {
      id: "gate-record-sizes",
      attack: "somebody stores a record of a size of its own, by which it could be recognised",
      seenAt: "traffic analysis of messengers",
      run: async () => {
        const got = await append(inside);
        const twin = await append(await product("anyRecordSize"));
        const known = (sizes: readonly number[]): boolean => sizes.every((size) => limits.recordSizes.includes(size));
        return {
          refused: got.answer !== "appended" && known(got.sizes) && got.sizes.length > 1,
          control: twin.answer === "appended" && !known(twin.sizes),
          why: `${got.answer} ${got.sizes.join()} / ${twin.answer} ${twin.sizes.join()}`,
        };
      },
    },
    {
      id: "gate-deleted-bytes",
      attack: "what was fetched and deleted is looked for in the database's free pages and its log",
      seenAt: "any database without secure deletion",
      run: async () => ({
        refused: !(await staysAfterDelete(inside)),
        control: await staysAfterDelete(await product("deletedStays")),
      }),
    },
    {
      id: "gate-no-join",
      attack: "a value of the directory is looked for in the streams and blobs, to tell who talks to whom",
      seenAt: "any service with a table of members",
      run: async () => {
        await using stage = await Stage.open();
        const alice = await stage.person("alice");
        const bob = await stage.person("bob");
        await stage.send(alice, bob, await stage.file("hello.txt", "hello"));
        await stage.receive(bob);
        await stage.use(alice, (client) => client.sent());
        const { sid } = onlySpace(await lookInside(inside, bob)).chapter.stream;
        await stage.stop();
        const joins = await findJoins(stage.dataFolder, ["directory.db", "counters.db"]);
        const planted = join(stage.folder, "planted.db");
        await copyFile(join(stage.dataFolder, "directory.db"), planted);
        const database = new DatabaseSync(planted);
        database.prepare("INSERT INTO capabilities (name, device_id, hash) VALUES ('bob', x'00', ?)").run(sid);
        database.close();
        const control = await findJoins(stage.dataFolder, [planted]);
        return { refused: joins === 0, control: control > 0, why: `${joins} / ${control}` };
      },
    },
  ];
}

/** How many values of these databases are also in those of streams, leases or blobs. */
async function findJoins(dataFolder: string, files: readonly string[]): Promise<number> {
  const elsewhere = new Set(["streams.db", "leases.db"].flatMap((file) => valuesOf(join(dataFolder, file))));
  for (const name of await readdir(join(dataFolder, "blobs"), { recursive: true })) {
    const hash = name.split("/").at(-1) ?? "";
    elsewhere
      .add(Buffer.from(hash, "base64url").toString("hex"))
      .add(Buffer.from(hash, "hex").toString("hex"))
      .add(Buffer.from(hash).toString("hex"));
  }
  return files
    .flatMap((file) => valuesOf(file.startsWith("/") ? file : join(dataFolder, file)))
    .filter((value) => elsewhere.has(value)).length;
}

/** Every text and blob of 8 bytes and more, in hex. */
function valuesOf(file: string): readonly string[] {
  const database = new DatabaseSync(file);
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map((row) => String(row["name"]));
    const rowsOf = (table: string): readonly unknown[] =>
      database
        .prepare(`SELECT * FROM "${table}"`)
        .all()
        .flatMap((row) => Object.values(row));
    return tables.flatMap(rowsOf).flatMap((value) => {
      const bytes =
        typeof value === "string" ? Buffer.from(value) : value instanceof Uint8Array ? Buffer.from(value) : undefined;
      return bytes !== undefined && bytes.length >= joiningBytes ? [bytes.toString("hex")] : [];
    });
  } finally {
    database.close();
  }
}
