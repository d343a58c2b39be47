import { equalBytes, utf8 } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import { isAgeArmor, readAgeArmor } from "./age-armor.ts";
import type { AgeCipher } from "./age-cipher.ts";
import { ageMalformed } from "./age-errors.ts";
import { type AgeAudience, type AgeSecret, maxAgeHeaderBytes, openAgeHeader, sealAgeHeader } from "./age-header.ts";
import { type AllocateOutput, openAgePayload, sealAgePayload } from "./age-payload.ts";
import { bytesOfBase64 } from "./base64.ts";
import { ByteReader } from "./byte-reader.ts";

/** What age files need of a platform. */
export interface AgePlatform {
  readonly primitives: Pick<Primitives, "random" | "hkdfSha256">;
  readonly cipher: AgeCipher;
  /** Memory for each piece of output. Default: fresh, so that pieces stay valid. */
  readonly allocate?: AllocateOutput;
}

/** The start of a new file and the key of what follows. Secret. */
export interface SealedAgeStart {
  /** Header and payload nonce: the first bytes of the file. */
  readonly start: Uint8Array;
  readonly payloadKey: Uint8Array;
}

/** Seal a stream as an age v1 file (https://c2sp.org/age), binary, in constant memory.
 *  @throws BullaError age/bad-recipient */
export async function* sealAge(
  platform: AgePlatform,
  source: AsyncIterable<Uint8Array>,
  audience: AgeAudience,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { start, payloadKey } = await startSealingAge(platform, audience);
  yield start;
  yield* sealAgePayload(platform.cipher, payloadKey, source, platform.allocate ?? fresh);
}

/** Open an age v1 file, binary or armored, in constant memory. Pieces are authenticated one by one; the file is whole only when the iteration
 *  ends without an error, so nothing may get its final name before.
 *  @throws BullaError age/malformed, age/no-identity-matched, core/open-failed */
export async function* openAge(
  platform: AgePlatform,
  source: AsyncIterable<Uint8Array>,
  secret: AgeSecret,
): AsyncGenerator<Uint8Array, void, undefined> {
  const outer = new ByteReader(source);
  try {
    const reader = (await isArmored(outer)) ? new ByteReader(readAgeArmor(outer.rest())) : outer;
    const payloadKey = await startOpeningAge(platform, reader, secret);
    yield* openAgePayload(platform.cipher, payloadKey, reader.rest(), platform.allocate ?? fresh);
  } finally {
    await outer.close();
  }
}

/** Make the beginning of a file, for platforms that seal the payload on their own.
 *  @throws BullaError age/bad-recipient */
async function startSealingAge({ primitives, cipher }: AgePlatform, audience: AgeAudience): Promise<SealedAgeStart> {
  const { fileKey, header } = await sealAgeHeader(primitives.random, cipher, audience);
  const nonce = primitives.random(nonceBytes);
  const start = new Uint8Array(header.length + nonceBytes);
  start.set(header);
  start.set(nonce, header.length);
  return { start, payloadKey: payloadKeyOf(primitives, fileKey, nonce) };
}

/** Read header and nonce of a binary file; `reader` is then at the first segment.
 *  @throws BullaError age/malformed, age/no-identity-matched, core/open-failed when the header's MAC does not fit */
async function startOpeningAge(
  { primitives, cipher }: AgePlatform,
  reader: ByteReader,
  secret: AgeSecret,
): Promise<Uint8Array> {
  const header = await readHeader(reader);
  const fileKey = await openAgeHeader(cipher, header, secret);
  const nonce = await reader.take(nonceBytes);
  if (nonce.length < nonceBytes) throw ageMalformed();
  return payloadKeyOf(primitives, fileKey, nonce);
}

const fresh: AllocateOutput = (length) => new Uint8Array(length);
const nonceBytes = 16;
const versionLine = utf8("age-encryption.org/v1\n");
const payloadLabel = utf8("payload");

function payloadKeyOf(primitives: Pick<Primitives, "hkdfSha256">, fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return primitives.hkdfSha256(fileKey, nonce, payloadLabel, 32);
}

async function isArmored(reader: ByteReader): Promise<boolean> {
  for (;;) {
    const armored = isAgeArmor(reader.peeked);
    if (armored !== undefined) return armored;
    if (!(await reader.more())) return false;
  }
}

/** All up to and with the MAC line, which is the first to begin with `---`. */
async function readHeader(reader: ByteReader): Promise<Uint8Array> {
  let lineStart = 0;
  let searched = 0;
  for (;;) {
    const head = reader.peeked;
    if (!startsWith(head, versionLine.subarray(0, head.length))) throw ageMalformed();
    for (let end = head.indexOf(newline, searched); end >= 0; end = head.indexOf(newline, searched)) {
      searched = end + 1;
      if (searched > maxAgeHeaderBytes) throw ageMalformed();
      const line = head.subarray(lineStart, end);
      if (startsWith(line, macStart)) {
        if (line.length !== macLineBytes || bytesOfBase64(line.subarray(macStart.length + 1), false) === undefined)
          throw ageMalformed();
        return reader.take(searched);
      }
      lineStart = searched;
    }
    searched = head.length;
    if (searched > maxAgeHeaderBytes || !(await reader.more())) throw ageMalformed();
  }
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, start.length), start);
}

const newline = 0x0a;
const macStart = utf8("---");
/** `--- ` and 32 bytes in base64. */
const macLineBytes = 4 + 43;
