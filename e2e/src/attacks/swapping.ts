import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";
import type { Swap } from "./swap.ts";

export interface Swapping {
  readonly plugin: Plugin;
  /** After the build. @throws Error when a file to swap in was not part of it */
  checkDone(): void;
}

/** Swaps checks for their permissive twins while esbuild reads the sources.
 *  Throws when the code to swap is not found exactly once: a control that swaps nothing proves nothing. */
export function swapping(swaps: readonly Swap[]): Swapping {
  const done = new Set<Swap>();
  const plugin: Plugin = {
    name: "permissive twins",
    setup(at) {
      for (const file of new Set(swaps.map((swap) => swap.file))) {
        at.onLoad({ filter: new RegExp(`/${escaped(file)}$`) }, async ({ path }) => {
          const here = swaps.filter((swap) => swap.file === file);
          let text = await readFile(path, "utf8");
          for (const swap of here) {
            text = "function" in swap ? swapFunction(text, swap) : swapCode(text, swap);
            done.add(swap);
          }
          return { contents: text, loader: path.endsWith(".ts") ? "ts" : "js" };
        });
      }
    },
  };
  return {
    plugin,
    checkDone(): void {
      const missed = swaps.filter((swap) => !done.has(swap));
      if (missed.length > 0) throw new Error(`nothing was swapped in ${missed.map(({ file }) => file).join(", ")}`);
    },
  };
}

function swapFunction(text: string, { file, function: name, by }: Extract<Swap, { function: string }>): string {
  const pattern = new RegExp(`(export )?(async )?function\\*? ${escaped(name)}\\b`, "g");
  const found = [...text.matchAll(pattern)];
  const [only] = found;
  if (only === undefined || found.length !== 1)
    throw new Error(`${file} has ${found.length} functions ${name}, expected 1`);
  const strict = `${name}Strict`;
  const renamed = text.replace(pattern, (head) =>
    head.replace("export ", "").replace(new RegExp(`${escaped(name)}$`), strict),
  );
  // A function, because others may be given it before this line is reached.
  return `${renamed}\n${only[1] ?? ""}function ${name}(...given: any[]): any { return (${by})(...given); }\n`;
}

function swapCode(text: string, { file, code, by }: Extract<Swap, { code: string }>): string {
  const tokens = code.match(/[\w$]+|"[^"]*"|[^\s\w$]/g) ?? [];
  const pattern = new RegExp(
    tokens.map((token) => (/^[)\]}]$/.test(token) ? `,?\\s*${escaped(token)}` : escaped(token))).join("\\s*"),
    "g",
  );
  const found = [...text.matchAll(pattern)].length;
  if (found !== 1) throw new Error(`${file} has the code to swap ${found} times, expected 1: ${code}`);
  return text.replace(pattern, () => by);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
