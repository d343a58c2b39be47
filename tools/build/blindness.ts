import { builtinModules } from "node:module";
import type { Metafile } from "esbuild";

// What may go into the service: its own sources and what anyone may know.
const allowedOwnSources = /^(apps\/service|packages\/wire)\//;
const librariesThatOpen =
  /(^|\/)node_modules\/(ts-mls|@hpke|age-encryption|mlkem|openpgp|@noble\/ciphers|@noble\/post-quantum)\//;
const symbolsThatOpen = [
  /\bcreateDecipher(iv)?\b/,
  /\bprivateDecrypt\b/,
  /\bdecapsulate\b/,
  /\bunwrapKey\b/,
  /\bsubtle\b[^;\n]{0,20}\bdecrypt\b/,
  /\.\s*decrypt\s*\(/,
  /\bopen(Record|Blob|Envelope|Segment|ChapterKey)\b/,
  /\bsecretbox_open\b/,
];

/** Everything about a built service that could open what people send. Looks twice: at what went in, and at the text that came out.
 *  @returns one sentence per finding; empty when the service is blind */
export function findWhatOpens(metafile: Metafile, text: string): readonly string[] {
  return [...findForbiddenInputs(metafile), ...findSmuggledImports(metafile), ...findSymbols(text)];
}

function findForbiddenInputs(metafile: Metafile): readonly string[] {
  return Object.keys(metafile.inputs)
    .filter((path) => (path.includes("node_modules/") ? librariesThatOpen.test(path) : !allowedOwnSources.test(path)))
    .map((path) => `the service holds ${path}`);
}

// A module that is loaded at run time would pass by both other checks.
function findSmuggledImports(metafile: Metafile): readonly string[] {
  return Object.values(metafile.outputs)
    .flatMap((output) => output.imports)
    .filter((found) => found.external === true && !isBuiltin(found.path))
    .map((found) => `the service loads ${found.path} at run time`);
}

function findSymbols(text: string): readonly string[] {
  return symbolsThatOpen.flatMap((symbol) => {
    const found = symbol.exec(text);
    return found === null ? [] : [`the service says ${found[0]}`];
  });
}

function isBuiltin(path: string): boolean {
  return builtinModules.includes(path.replace(/^node:/, "")) || builtinModules.includes(path);
}
