import { randomBytes } from "node:crypto";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { flipBit } from "@bulla/testkit";
import { base64urlOf, utf8 } from "@bulla/wire";
import { routes } from "@bulla/wire/api";
import { openRecord, transferIn } from "./forge.ts";
import { lookInside, onlySpace, storedRecords } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import { type Family, once, type Row } from "./row.ts";
import { spread } from "./spread.ts";
import { filesBelow, gotFile, gotNothing, type Received, Stage } from "./stage.ts";
import { product } from "./variant.ts";

/** Chunks that a lying service serves, and names that a lying member gives. */
export const transfers: Family = { name: "transfers", rows };

const hostileNames = [
  "../escape.txt",
  "a/../../escape.txt",
  "a\\..\\..\\escape.txt",
  "..",
  ".",
  ".profile",
  "line\nbreak.txt",
  "nul\0byte.txt",
  "\u202egpj.exe",
  "CON",
  "C:escape.txt",
  "x".repeat(300),
];

/** The first two come to the same name; the last two are one name, as long as one may be. */
const takenNames = ["keep:me.txt", "keep_me.txt", "Keep_me.txt", `${"x".repeat(251)}.txt`, `${"x".repeat(251)}.txt`];

async function rows(): Promise<readonly Row[]> {
  const inside = await product();
  const stage = await Stage.open();
  const alice = await stage.person("alice");
  const bob = await stage.person("bob");
  await stage.send(alice, bob, await stage.file("hello.txt", "hello"));
  await stage.receive(bob);
  const joined = await stage.copy(bob);
  const liar = await stage.copy(alice);
  await stage.send(alice, bob, await stage.file("big.bin", randomBytes(8_600_000)));
  await stage.send(alice, bob, await stage.file("other.bin", randomBytes(4_300_000)));
  await stage.send(alice, bob, await stage.file("small.bin", randomBytes(100_000)));

  const view = await lookInside(inside, bob);
  const space = onlySpace(view);
  const chunks: (readonly Uint8Array[])[] = [];
  for (const record of storedRecords(stage.dataFolder, space.chapter.stream.sid).slice(-3)) {
    const { content } = await openRecord(inside, view.primitives, space, record);
    const { transfer } = transferIn(inside, content);
    if (transfer.kind !== "inline") throw new Error("not inline");
    chunks.push(inside.content.decodeTransfer(transfer.transfer).blobs.flatMap(({ reference }) => reference.chunks));
  }
  const [big = [], other = [], small = []] = chunks;
  const bytesOf = async (hash: Uint8Array | undefined): Promise<Uint8Array> =>
    new Uint8Array(await (await fetch(stage.proxy.target + routes.chunk(hash ?? new Uint8Array()))).arrayBuffer());
  const wanted = [big[0], big[1], big[2], other[0], small[0]];
  const [zero, one, two, foreign, only] = (await Promise.all(wanted.map(bytesOf))) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  if (big.length !== 3 || two.length < 1000) throw new Error(`big.bin has ${big.length} chunks`);

  /** Receive while the service serves these in place of one transfer's chunks. The other transfers are cut off. */
  const serve = async (served: readonly Uint8Array[], by: Inside, of = big): Promise<Received> => {
    const names = of.map((hash) => base64urlOf(hash));
    const hidden = new Set(
      [big, other, small].flatMap((hashes) => (hashes === of ? [] : hashes.map((hash) => base64urlOf(hash)))),
    );
    stage.proxy.lies = {
      answer: ({ path }) => (hidden.has(basename(path)) ? { status: 404 } : undefined),
      chunk: (hash, honest) => served[names.indexOf(hash)] ?? honest,
    };
    try {
      return await stage.receive(await stage.copy(bob), by);
    } finally {
      stage.proxy.lies = {};
    }
  };
  const honestly = once(() => serve([zero, one, two], inside));
  const surgery = (what: string, attack: string, served: readonly Uint8Array[]): Row => ({
    id: `chunk-${what}`,
    attack: `the service ${attack} a file`,
    seenAt: "age tools, Seafile, MEGA",
    run: async () => {
      const whole = await honestly();
      const got = await serve(served, inside);
      const twin = await serve(served, await product("anyChunk"));
      return {
        refused: gotFile(whole, "big.bin") && gotNothing(got),
        control: gotFile(twin, "big.bin"),
        why: `${whole.error} ${got.error} ${got.left.length} / ${twin.error}`,
      };
    },
  });

  /** Send a file under any name at all, and see where it comes to lie. */
  const sendAs = async (names: readonly string[], from = liar): Promise<void> => {
    const by = await product("hostileNames");
    await stage.use(
      from,
      async (client) => {
        for (const name of names)
          await client.send({ source: { kind: "stream", stream: oneChunk(name), name }, to: [bob.handle] });
      },
      by,
    );
  };

  /** Only what comes by name is of interest then. */
  const withoutBig = async <T>(work: () => Promise<T>): Promise<T> => {
    const hidden = new Set([...big, ...other, ...small].map((hash) => base64urlOf(hash)));
    stage.proxy.lies = { answer: ({ path }) => (hidden.has(basename(path)) ? { status: 404 } : undefined) };
    try {
      return await work();
    } finally {
      stage.proxy.lies = {};
    }
  };

  return [
    surgery("reorder", "changes the order of the chunks of", [one, zero, two]),
    surgery("drop", "leaves out a chunk of", [zero, two, two]),
    surgery("duplicate", "shows one chunk twice in", [zero, zero, two]),
    surgery("truncate", "cuts off the end of", [zero, one, two.subarray(0, two.length - 20_000)]),
    surgery("append", "adds bytes to", [zero, one, Buffer.concat([two, two])]),
    surgery("splice", "puts a chunk of another transfer into", [zero, foreign, two]),
    {
      id: "bitflip-chunks",
      attack: "flipped bits in every region of a chunk: salt, commitment, segments, tags",
      seenAt: "MEGA, Icedrive, Seafile",
      run: async () => {
        const whole = await serve([only], inside, small);
        const got: Received[] = [];
        for (const at of spread(only.length, [0, 30, 56, 56 + 16384, 56 + 16399, -1, -16, -17])) {
          got.push(await serve([flipBit(only, at)], inside, small));
        }
        const twin = await serve([flipBit(only, 100)], await product("anyChunk"), small);
        return {
          refused: gotFile(whole, "small.bin") && got.every(gotNothing),
          control: gotFile(twin, "small.bin"),
          why: `${got.length} / ${twin.error}`,
        };
      },
    },
    {
      id: "name-hostile",
      attack: "a member gives its files names that lead out of the folder or deceive a reader",
      seenAt: "many unpackers and file transfer tools",
      run: async () => {
        await sendAs(hostileNames);
        const receive = async (
          by: Inside,
        ): Promise<{ readonly escaped: number; readonly unsafe: number; readonly kept: number }> => {
          const around = stage.path("around");
          const out = join(around, "deep", "out");
          await mkdir(out, { recursive: true });
          await withoutBig(async () => stage.receive(await stage.copy(joined), by, out));
          const files = await filesBelow(around);
          const inOut = files.filter((file) => !relative(out, file).startsWith(".."));
          const unsafe = inOut.filter((file) =>
            relative(out, file)
              .split("/")
              .some((name) => /[\u0000-\u001f\u202a-\u202e]|^\.|^con$/iu.test(name) || utf8(name).length > 255),
          );
          return { escaped: files.length - inOut.length, unsafe: unsafe.length, kept: inOut.length };
        };
        const got = await receive(inside);
        const twin = await receive(await product("anyName"));
        return {
          refused: got.escaped === 0 && got.unsafe === 0 && got.kept > 3,
          control: twin.escaped > 0 && twin.unsafe > 0,
          why: `${JSON.stringify(got)} / ${JSON.stringify(twin)}`,
        };
      },
    },
    {
      id: "name-through-link",
      attack: "a file is sent to go through a link that lies in the folder",
      seenAt: "many unpackers and file transfer tools",
      run: async () => {
        await sendAs(["link/through.txt"]);
        const receive = async (by: Inside): Promise<number> => {
          const around = stage.path("around");
          const [out, elsewhere] = [join(around, "out"), join(around, "elsewhere")];
          for (const folder of [out, elsewhere]) await mkdir(folder, { recursive: true });
          await symlink(elsewhere, join(out, "link"));
          await withoutBig(async () => stage.receive(await stage.copy(joined), by, out));
          return (await filesBelow(elsewhere)).length;
        };
        const got = await receive(inside);
        const twin = await receive(await product("throughLinks"));
        return { refused: got === 0, control: twin > 0, why: `${got} / ${twin}` };
      },
    },
    {
      id: "name-taken",
      attack:
        "a member gives files names that are taken or come to the same, by letter case too, to replace what lies there",
      seenAt: "many unpackers and file transfer tools",
      run: async () => {
        await sendAs(takenNames);
        const receive = async (by: Inside): Promise<{ readonly mine: boolean; readonly kept: number }> => {
          const out = stage.path("out");
          await mkdir(out, { recursive: true });
          await writeFile(join(out, "keep_me.txt"), "mine");
          await withoutBig(async () => stage.receive(await stage.copy(joined), by, out));
          const texts = await Promise.all((await filesBelow(out)).map((file) => readFile(file, "utf8")));
          const mine = (await readFile(join(out, "keep_me.txt"), "utf8")) === "mine";
          return { mine, kept: texts.filter((text) => takenNames.includes(text)).length };
        };
        const got = await receive(inside);
        const twin = await receive(await product("namesReplaced"));
        return {
          refused: got.mine && got.kept === takenNames.length,
          control: !twin.mine && twin.kept < takenNames.length,
          why: `${JSON.stringify(got)} / ${JSON.stringify(twin)}`,
        };
      },
    },
  ];
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield utf8(text);
}
