import { limits, utf8 } from "@bulla/wire";

const maxSafePathBytes = 2048;
const longestKeptExtensionBytes = 32;
const fallbackName = "unnamed";

/** Turn a path that somebody else chose into one that is safe to make below a folder, on any system: names joined by `/`, at least one, each of 1 to 255 bytes,
 *  none `.` or `..`, hidden, reserved by Windows, holding a separator, drive colon, control character or a mark that changes the direction of text.
 *  The same input gives the same path, and a safe path comes back unchanged. Two inputs may give one path: who writes numbers the second. */
export function safeRelativePath(path: string): string {
  const names = path
    .split(/[/\\]/)
    .filter((name) => name !== "" && name !== "." && name !== "..")
    .map(safeName);
  while (names.length > 1 && utf8(names.join("/")).length > maxSafePathBytes) names.shift();
  return names.length === 0 ? fallbackName : names.join("/");
}

/** `name (2).ext`, at most 255 bytes; number 0 is the name itself. */
export function numberedName(name: string, number: number): string {
  if (number === 0) return name;
  const dot = extensionAt(name);
  return cutTo(name.slice(0, dot), ` (${number})${name.slice(dot)}`);
}

/** `name (2)`, at most 255 bytes; number 0 is the name itself. */
export function numberedFolder(name: string, number: number): string {
  return number === 0 ? name : cutTo(name, ` (${number})`);
}

// C0 and C1 controls, DEL, lone surrogates, line and paragraph separators, direction marks, embeddings, overrides and isolates (UAX #9), and the colon of drives and streams.
const unsafe = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069:]/gu;
const edges = /^\s+|[\s.]+$/gu;
const leadingDots = /^\.[\s.]*/u;
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file: reserved with any extension too.
const reserved = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)/iu;

function safeName(name: string): string {
  const plain = name.replace(unsafe, "_").replace(edges, "").replace(leadingDots, "_");
  if (plain === "") return fallbackName;
  const free = reserved.test(plain) ? `_${plain}` : plain;
  if (utf8(free).length <= limits.maxNameBytes) return free;
  const dot = extensionAt(free);
  return cutTo(free.slice(0, dot), free.slice(dot)).replace(/[\s.]+$/u, "");
}

/** Where the extension with its dot begins; the name's length when there is none worth keeping. */
function extensionAt(name: string): number {
  const dot = name.lastIndexOf(".");
  return dot <= 0 || utf8(name.slice(dot)).length > longestKeptExtensionBytes ? name.length : dot;
}

/** The stem cut between characters so that stem and ending fit a name. */
function cutTo(stem: string, ending: string): string {
  const room = limits.maxNameBytes - utf8(ending).length;
  let used = 0;
  let kept = "";
  for (const character of stem) {
    used += utf8(character).length;
    if (used > room) break;
    kept += character;
  }
  return kept + ending;
}
