import type { Files } from "@bulla/client";
import { textOf, utf8 } from "@bulla/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** Files under test, and a way around them to look at what they did. Paths are relative to the place, names joined by `/`. */
export interface FilesPlace {
  readonly files: Files;
  /** The place's own path, as the port takes it. */
  readonly root: string;
  put(path: string, content: Uint8Array): Promise<void>;
  /** @returns undefined when nothing is there */
  get(path: string): Promise<Uint8Array | undefined>;
  remove(): Promise<void>;
}

const transfer = "00112233445566778899aabbccddeeff";
const unclaimed = async (): Promise<void> => undefined;

/** The promises of the Files port that hold on every platform, as vitest tests. */
export function filesAcceptance(name: string, createPlace: () => Promise<FilesPlace>): void {
  describe(name, () => {
    let place: FilesPlace;
    const at = (path: string): string => `${place.root}/${path}`;
    const read = async (path: string): Promise<string | undefined> => {
      const bytes = await place.get(path);
      return bytes === undefined ? undefined : textOf(bytes);
    };
    beforeEach(async () => {
      place = await createPlace();
    });
    afterEach(() => place.remove());

    test("a folder is listed with its own name, its files in the order of their names' bytes", async () => {
      for (const path of ["photos/b.jpg", "photos/a/2", "photos/a/10", "photos/Z", "photos/é"])
        await place.put(path, utf8(path));
      const { files, skipped } = await place.files.scan([at("photos")]);
      expect(files.map(({ path }) => path)).toEqual([
        "photos/Z",
        "photos/a/10",
        "photos/a/2",
        "photos/b.jpg",
        "photos/é",
      ]);
      expect(files.map(({ size }) => size)).toEqual([8, 11, 10, 12, 9]);
      expect(skipped).toEqual([]);
    });

    test("two files with one path both travel: the second is numbered", async () => {
      for (const path of ["one/x.jpg", "two/x.jpg"]) await place.put(path, utf8(path));
      const { files } = await place.files.scan([at("one/x.jpg"), at("two/x.jpg"), at("one/x.jpg")]);
      expect(files.map(({ path }) => path)).toEqual(["x.jpg", "x (1).jpg"]);
    });

    test("a range is read exactly; one beyond the end means that the source changed", async () => {
      await place.put("f", utf8("0123456789"));
      expect(textOf(await place.files.readRange(at("f"), 3, 4))).toBe("3456");
      await expect(place.files.readRange(at("f"), 8, 4)).rejects.toMatchObject({ code: "blob/source-changed" });
      await expect(place.files.readRange(at("absent"), 0, 1)).rejects.toMatchObject({ code: "file/unreadable" });
    });

    test("a file appears under its name only when finished, whole", async () => {
      await using incoming = await place.files.incoming(at("out"), transfer);
      await incoming.write(0, 5, utf8("world"));
      await incoming.write(0, 0, utf8("hello"));
      await incoming.sync(0);
      expect(await incoming.sizeOf(0)).toBe(10);
      expect(textOf(await incoming.read(0, 3, 4))).toBe("lowo");
      expect(await read("out/docs/a.txt")).toBeUndefined();
      expect(await incoming.finish(0, "docs/a.txt", unclaimed)).toBe("docs/a.txt");
      expect(await read("out/docs/a.txt")).toBe("helloworld");
      await incoming.clear();
      expect(await read("out/docs/a.txt")).toBe("helloworld");
    });

    test("what was written before a restart is still counted after it", async () => {
      {
        await using incoming = await place.files.incoming(at("out"), transfer);
        await incoming.write(7, 0, utf8("abc"));
        await incoming.sync(7);
      }
      await using again = await place.files.incoming(at("out"), transfer);
      expect([await again.sizeOf(7), await again.sizeOf(8)]).toEqual([3, 0]);
      await again.discard(7);
      expect(await again.sizeOf(7)).toBe(0);
    });

    test("nothing is ever overwritten: a taken name is numbered, and the claim says so before", async () => {
      await place.put("out/a.txt", utf8("mine"));
      await using incoming = await place.files.incoming(at("out"), transfer);
      await incoming.write(0, 0, utf8("theirs"));
      const claims: string[] = [];
      const used = await incoming.finish(0, "a.txt", async (relative) => {
        claims.push(relative);
        expect(await read(`out/${relative}`)).toBeUndefined();
      });
      expect([used, ...claims]).toEqual(["a (1).txt", "a (1).txt"]);
      expect([await read("out/a.txt"), await read("out/a (1).txt")]).toEqual(["mine", "theirs"]);
    });

    test("finishing twice, also after a restart, gives one file", async () => {
      {
        await using incoming = await place.files.incoming(at("out"), transfer);
        await incoming.write(0, 0, utf8("x"));
        expect(await incoming.finish(0, "a", unclaimed)).toBe("a");
        expect(await incoming.finish(0, "a", unclaimed)).toBe("a");
      }
      await using again = await place.files.incoming(at("out"), transfer);
      expect(await again.finish(0, "a", unclaimed)).toBe("a");
      expect(await read("out/a (1)")).toBeUndefined();
    });

    test("an empty file that was never written to arrives empty", async () => {
      await using incoming = await place.files.incoming(at("out"), transfer);
      expect(await incoming.finish(0, "empty", unclaimed)).toBe("empty");
      expect(await read("out/empty")).toBe("");
    });

    test("files that all want one name, finished at once, all arrive", async () => {
      await using incoming = await place.files.incoming(at("out"), transfer);
      const used = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          await incoming.write(index, 0, utf8(String(index)));
          return incoming.finish(index, "same/name.txt", unclaimed);
        }),
      );
      expect(new Set(used).size).toBe(20);
      const contents = await Promise.all(used.map((path) => read(`out/${path}`)));
      expect(contents.map(Number)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    });

    test("a path that would leave the folder stays below it", async () => {
      await using incoming = await place.files.incoming(at("out"), transfer);
      await incoming.write(0, 0, utf8("x"));
      expect(await incoming.finish(0, "../../evil", unclaimed)).toBe("evil");
      expect([await read("evil"), await read("out/evil")]).toEqual([undefined, "x"]);
    });
  });
}
