import type { FileHandle } from "node:fs/promises";
import { type AgeAudience, type AgePlatform, type AgeSecret, openAge, type Primitives, sealAge } from "@bulla/core";
import { createNodeAgeCipher } from "./age-cipher.ts";
import { readAhead, rotatingBuffers, writeBehind } from "./file-stream.ts";

export function createNodeAgePlatform(primitives: Pick<Primitives, "random" | "hkdfSha256">): AgePlatform {
  return { primitives, cipher: createNodeAgeCipher() };
}

/** Seal one open file into another, from where the handles stand; reading, sealing and writing overlap.
 *  @returns bytes written; syncing and naming the output is the caller's
 *  @throws BullaError age/bad-recipient */
export function sealAgeFile(
  platform: AgePlatform,
  input: FileHandle,
  output: FileHandle,
  audience: AgeAudience,
): Promise<number> {
  return writeBehind(output, sealAge({ ...platform, allocate: rotatingBuffers() }, readAhead(input), audience));
}

/** Open one age file into another. The output is only right when this has resolved: give it its final name after that.
 *  @throws BullaError age/malformed, age/no-identity-matched, core/open-failed */
export function openAgeFile(
  platform: AgePlatform,
  input: FileHandle,
  output: FileHandle,
  secret: AgeSecret,
): Promise<number> {
  return writeBehind(output, openAge({ ...platform, allocate: rotatingBuffers() }, readAhead(input), secret));
}
