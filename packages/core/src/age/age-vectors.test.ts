import { concatBytes, isBullaError } from "@bulla/wire";
import * as kit from "cctv-age";
import { describe, expect, test } from "vitest";
import { inflate } from "../inflate.fixture.ts";
import { cut, platform, sha256, streamOf } from "./age.fixture.ts";
import { openAge } from "./age-file.ts";
import type { AgeSecret } from "./age-header.ts";
import { type AgeIdentity, parseAgeIdentities } from "./age-keys.ts";

// The age test kit of C2SP (npm cctv-age): every file is a text header, an empty line, and the file to open.
interface Vector {
  readonly name: string;
  readonly expect: string;
  readonly payload: string | undefined;
  readonly secrets: readonly AgeSecret[];
  readonly file: Uint8Array;
}

async function vectorOf(name: string, bytes: Uint8Array): Promise<Vector> {
  const end = bytes.findIndex((byte, at) => byte === newline && bytes[at + 1] === newline);
  const fields = new TextDecoder()
    .decode(bytes.subarray(0, end))
    .split("\n")
    .map((line) => line.split(": "));
  const all = (key: string): string[] =>
    fields.flatMap(([name, value]) => (name === key && value !== undefined ? [value] : []));
  const body = bytes.subarray(end + 2);
  const identities: readonly AgeIdentity[] = all("identity").flatMap((text) => parseAgeIdentities(text));
  return {
    name,
    expect: all("expect")[0] ?? "",
    payload: all("payload")[0],
    secrets: [{ identities }, ...all("passphrase").map((passphrase) => ({ passphrase }))],
    file: all("compressed").includes("zlib") ? await inflate(body) : body,
  };
}

const newline = 0x0a;

/** The code that each of the kit's outcomes has here. A changed MAC and a changed payload are one answer. */
const codes: Readonly<Record<string, readonly string[]>> = {
  success: ["opened"],
  "no match": ["age/no-identity-matched"],
  "HMAC failure": ["core/open-failed"],
  "header failure": ["age/malformed"],
  "armor failure": ["age/malformed"],
  "payload failure": ["core/open-failed"],
};

interface Outcome {
  readonly result: string;
  readonly bytes: Uint8Array;
}

/** Byte by byte only near the ends of files of many megabytes, to be done this minute. */
function* pieces(file: Uint8Array, pieceBytes: number): Generator<Uint8Array, void, undefined> {
  const near = pieceBytes === 1 && file.length > 1_000_000 ? 70_000 : file.length;
  yield* cut(file.subarray(0, near), pieceBytes);
  if (near === file.length) return;
  yield file.subarray(near, -near);
  yield* cut(file.subarray(-near), pieceBytes);
}

async function openWith(file: Uint8Array, secret: AgeSecret, pieceBytes: number): Promise<Outcome> {
  const parts: Uint8Array[] = [];
  let result = "opened";
  try {
    for await (const part of openAge(platform, streamOf(pieces(file, pieceBytes)), secret)) parts.push(part);
  } catch (error) {
    if (!isBullaError(error)) throw error;
    result = error.code;
  }
  return { result, bytes: concatBytes(...parts) };
}

/** All that the kit gives is tried one after the other, as a person would. */
async function openVector(vector: Vector, pieceBytes: number): Promise<Outcome> {
  let outcome: Outcome = { result: "age/no-identity-matched", bytes: new Uint8Array(0) };
  for (const secret of vector.secrets) {
    outcome = await openWith(vector.file, secret, pieceBytes);
    if (outcome.result !== "age/no-identity-matched") return outcome;
  }
  return outcome;
}

const vectors = await Promise.all(
  Object.entries(kit)
    .filter(([, bytes]) => bytes instanceof Uint8Array)
    .map(([name, bytes]) => vectorOf(name, bytes)),
);

test("the whole kit is here", () => {
  expect(vectors).toHaveLength(143);
});

describe.each([
  ["buffered", Number.MAX_SAFE_INTEGER],
  ["streamed", 4099],
  ["byte by byte", 1],
])("the age test kit, %s", (_, pieceBytes) => {
  test.each(vectors)("$name: $expect", async (vector) => {
    const { result, bytes } = await openVector(vector, pieceBytes);
    expect(codes[vector.expect]).toContain(result);
    if (result === "opened" && vector.payload !== undefined) expect(sha256(bytes)).toBe(vector.payload);
  });
});
