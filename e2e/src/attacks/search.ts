import { open, readFile } from "node:fs/promises";
import { filesBelow } from "./stage.ts";

/** Something to look for, however it may be written. */
export interface Needle {
  readonly name: string;
  readonly spellings: readonly Buffer[];
}

/** A text as UTF-8, UTF-16, hex, and base64 at each of its three alignments. */
export function textNeedle(text: string): Needle {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    // What depends on the neighbours is left out.
    return Buffer.from(whole.slice(shift === 0 ? 0 : 4, -4));
  });
  return {
    name: text,
    spellings: [bytes, Buffer.from(text, "utf16le"), Buffer.from(bytes.toString("hex")), ...base64],
  };
}

export function secretNeedle(name: string, secret: Uint8Array): Needle {
  const bytes = Buffer.from(secret);
  return { name, spellings: [bytes, Buffer.from(bytes.toString("hex"))] };
}

/** Names of the needles that are there. */
export function findIn(haystack: Buffer, needles: readonly Needle[]): readonly string[] {
  return needles
    .filter(({ spellings }) => spellings.some((spelling) => haystack.includes(spelling)))
    .map(({ name }) => name);
}

export async function findInFolder(folder: string, needles: readonly Needle[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const file of await filesBelow(folder))
    found.push(...findIn(Buffer.concat([Buffer.from(`${file}\0`), await readFile(file)]), needles));
  return [...new Set(found)];
}

const windowBytes = 16 * 1024 * 1024;
const overlapBytes = 1024;

/** Look through everything that a process of ours can read of itself: Linux, /proc. */
export async function findInMemory(
  pid: number,
  needles: readonly Needle[],
): Promise<{ readonly found: readonly string[]; readonly bytes: number }> {
  const found = new Set<string>();
  let bytes = 0;
  const maps = await readFile(`/proc/${pid}/maps`, "utf8");
  const memory = await open(`/proc/${pid}/mem`);
  const window = Buffer.alloc(windowBytes);
  try {
    for (const line of maps.split("\n")) {
      const [, start, end, rights = "", path = ""] =
        /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line) ?? [];
      // Code and data files as they lie on the disk hold nothing of a run.
      if (start === undefined || end === undefined || !rights.startsWith("rw") || path.startsWith("[v")) continue;
      const last = BigInt(`0x${end}`);
      for (let at = BigInt(`0x${start}`); at < last; at += BigInt(windowBytes - overlapBytes)) {
        const length = Number(last - at < BigInt(windowBytes) ? last - at : BigInt(windowBytes));
        const read = await memory.read(window, 0, length, at).then(
          ({ bytesRead }) => bytesRead,
          () => 0,
        );
        bytes += read;
        for (const name of findIn(window.subarray(0, read), needles)) found.add(name);
      }
    }
  } finally {
    await memory.close();
  }
  return { found: [...found], bytes };
}
