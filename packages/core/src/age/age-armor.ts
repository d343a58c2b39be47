import { concatBytes } from "@bulla/wire";
import { ageMalformed } from "./age-errors.ts";
import { bytesOfBase64 } from "./base64.ts";

/** The bytes inside ASCII armor, a strict subset of PEM: lines of 64 digits and a last one that is not longer, LF or CRLF, nothing around it but
 *  white space. Base64 is canonical, so one file has one spelling.
 *  @throws BullaError age/malformed */
export async function* readAgeArmor(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const place: { state: State } = { state: "before" };
  let rest = new Uint8Array(0);
  let blank = 0;
  const take = (line: Uint8Array, out: Output): void => {
    if (place.state === "before" || place.state === "after") {
      blank += line.length + 1;
      if (blank > maxBlankBytes) throw ageMalformed();
      const text = asciiOf(line).trim();
      if (text === "") return;
      if (place.state === "after" || asciiOf(line).trimStart() !== beginLine) throw ageMalformed();
      place.state = "body";
    } else if (line[0] === dash) {
      if (asciiOf(line).trimEnd() !== endLine) throw ageMalformed();
      place.state = "after";
      blank = 0;
    } else {
      const bytes = place.state === "body" && line.length <= lineDigits ? bytesOfBase64(line, true) : undefined;
      if (bytes === undefined || bytes.length === 0) throw ageMalformed();
      if (bytes.length < lineBytes) place.state = "ending";
      out.bytes.set(bytes, out.length);
      out.length += bytes.length;
    }
  };
  for await (const piece of source) {
    const text = rest.length === 0 ? piece : concatBytes(rest, piece);
    const out: Output = { bytes: new Uint8Array(text.length), length: 0 };
    let at = 0;
    for (let end = text.indexOf(newline); end >= 0; end = text.indexOf(newline, at)) {
      take(withoutReturn(text.subarray(at, end)), out);
      at = end + 1;
    }
    rest = new Uint8Array(text.subarray(at));
    if (rest.length > maxBlankBytes) throw ageMalformed();
    if (out.length > 0) yield out.bytes.subarray(0, out.length);
  }
  if (rest.length > 0) take(rest, { bytes: new Uint8Array(rest.length), length: 0 });
  if (place.state !== "after") throw ageMalformed();
}

/** Whether what a file begins with can only be armor; undefined while that is open. */
export function isAgeArmor(head: Uint8Array): boolean | undefined {
  for (const byte of head) {
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== newline) return byte === dash;
  }
  return head.length > maxBlankBytes ? false : undefined;
}

type State = "before" | "body" | "ending" | "after";

interface Output {
  readonly bytes: Uint8Array;
  length: number;
}

const beginLine = "-----BEGIN AGE ENCRYPTED FILE-----";
const endLine = "-----END AGE ENCRYPTED FILE-----";
const lineDigits = 64;
const lineBytes = 48;
const maxBlankBytes = 1024;
const newline = 0x0a;
const dash = 0x2d;

function withoutReturn(line: Uint8Array): Uint8Array {
  return line[line.length - 1] === 0x0d ? line.subarray(0, -1) : line;
}

function asciiOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
