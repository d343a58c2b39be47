import type { Primitives } from "../primitives.ts";
import { blobRefused } from "./blob-refused.ts";
import {
  deriveMessage,
  headerBytes,
  type Message,
  openHeader,
  sealedSegmentBytes,
  segmentBytes,
  tagBytes,
} from "./cobblestone.ts";
import type { SegmentCipher } from "./segment-cipher.ts";

/** How a Cobblestone message of unknown length is sealed or opened as a stream. */
export interface MessageStream {
  readonly primitives: Pick<Primitives, "hkdfExpandSha512">;
  readonly cipher: SegmentCipher;
  readonly inputKey: Uint8Array;
  readonly context: Uint8Array;
  /** Segments per call of the cipher. */
  readonly batch?: number;
}

/** Seal a stream as one message, without padding or chunks. */
export async function* sealMessage(
  stream: MessageStream,
  salt: Uint8Array,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const message = deriveMessage(stream.primitives, stream.inputKey, salt, stream.context);
  yield message.header;
  const batch = stream.batch ?? 64;
  let first = 0;
  for await (const { bytes, last } of batches(source, batch * segmentBytes)) {
    const segments = last ? Math.floor(bytes.length / segmentBytes) + 1 : batch;
    const sealed = new Uint8Array(bytes.length + segments * tagBytes);
    await stream.cipher.sealSegments(message.keys, first, bytes, sealed);
    first += segments;
    yield sealed;
  }
}

/** Open one message as it comes. Each piece is authenticated; the message is whole only when the iteration ends without an error.
 *  @throws BullaError blob/refused */
export async function* openMessage(
  stream: MessageStream,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (stream.inputKey.length !== 32) throw blobRefused();
  const batch = stream.batch ?? 64;
  let message: Message | undefined;
  let first = 0;
  for await (const { bytes, last } of batches(source, batch * sealedSegmentBytes, headerBytes)) {
    if (message === undefined) {
      message = openHeader(stream.primitives, stream.inputKey, bytes, stream.context);
      continue;
    }
    const full = Math.floor(bytes.length / sealedSegmentBytes);
    const rest = bytes.length % sealedSegmentBytes;
    if (last && rest < tagBytes) {
      // What is whole and genuine is still given out, as a reader of a broken stream would have seen it; then the end is refused.
      const whole = new Uint8Array(full * segmentBytes);
      if (!(await stream.cipher.openSegments(message.keys, first, bytes.subarray(0, full * sealedSegmentBytes), whole)))
        throw blobRefused();
      if (whole.length > 0) yield whole;
      throw blobRefused();
    }
    const plaintext = new Uint8Array(full * segmentBytes + Math.max(0, rest - tagBytes));
    if (!(await stream.cipher.openSegments(message.keys, first, bytes, plaintext))) throw blobRefused();
    first += full;
    if (plaintext.length > 0) yield plaintext;
  }
}

interface Batch {
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

/** Cut a stream into pieces of `size` bytes (the first one of `head` bytes, if given) and a last one of 0 to `size` bytes. A piece that fills up exactly
 *  at the end of the stream is followed by an empty last one. Views are valid until the next is asked for. */
async function* batches(
  source: AsyncIterable<Uint8Array>,
  size: number,
  head = 0,
): AsyncGenerator<Batch, void, undefined> {
  const buffer = new Uint8Array(size);
  let want = head > 0 ? head : size;
  let have = 0;
  for await (const piece of source) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + want - have);
      buffer.set(part, have);
      have += part.length;
      at += part.length;
      if (have < want) continue;
      yield { bytes: buffer.subarray(0, have), last: false };
      want = size;
      have = 0;
    }
  }
  yield { bytes: buffer.subarray(0, have), last: true };
}
